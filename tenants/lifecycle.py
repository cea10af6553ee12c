"""The part of the router that changes tenants as wholes: each step of a tenant's life, from its making to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from peewee import Model

from . import states
from .creation import Creation

if TYPE_CHECKING:
    from .router import Router
    from .tenant import Tenant


class Lifecycle:
    """What a router can do to a tenant.

    Each step is done whole or not at all, whatever dies in the middle, and other processes see it at their next look.
    None may be taken within a transaction on the shared database.
    """

    def create(
        self,
        slug: str,
        models: Iterable[type[Model]] = (),
        share: Mapping[str, Tenant | str] | None = None,
        setup: Callable[[], object] | None = None,
        register: Callable[[Tenant], object] | None = None,
        template: str | None = None,
        prepare: Callable[[], object] | None = None,
    ) -> Tenant:
        """Make a tenant with the stores that the models name, and their tables.

        Args:
            slug: what people read; must be free.
            models: models that declare a store; those of a shared store are left to its owner.
            share: tenants whose store of that role is to be shared, by role.
            setup: called in an entry of the new tenant, before anyone else can see it.
            register: called with the tenant in the transaction that enters it into the catalogue; run again where
                that is.
            template: a name for what tenants of this kind begin with. The tables and what `prepare` writes are then
                made once, kept under that name in the data folder, and copied for each new tenant, which is several
                times as fast. Other models make a new template by themselves; what `prepare` writes, and what
                `create_table` does beyond the models' own SQL, are to have another name as they change.
            prepare: called in an entry of the template, once, to write what all tenants of the kind begin with, and
                nothing of any one of them. Without a template it is called before `setup`.

        Raises:
            BadSlug, SlugTaken: the slug won't do.
            UnknownTenant, TenantError: a store that is to be shared isn't there, or files can't be made. Whatever is
                raised, also by `setup`, nothing is left behind.
        """
        router = cast("Router", self)
        made = Creation(router, slug, models, share or {}).run(setup, register, template, prepare)
        return router.known.find(made.id)

    def rename(self, tenant: Tenant | str, slug: str) -> Tenant:
        """Give a tenant another slug; its old one leads nowhere then, and is free.

        Raises:
            BadSlug, SlugTaken: the slug won't do.
            UnknownTenant: there is no such tenant.
        """
        router = cast("Router", self)
        found = router.tenant(tenant)
        states.rename(router, found, slug)
        return router.tenant(found)

    def suspend(self, tenant: Tenant | str, reason: str) -> Tenant:
        """Let nobody enter a tenant any more; entries that are live go on to their end.

        Args:
            tenant: an active or archived one.
            reason: is told to whoever wants to enter it.

        Raises:
            BadChange: it is suspended.
            UnknownTenant: there is no such tenant.
        """
        return self._into("suspended", tenant, reason)

    def resume(self, tenant: Tenant | str) -> Tenant:
        """Let a tenant that was suspended or archived be entered and written again.

        Raises:
            BadChange: it is active.
            UnknownTenant: there is no such tenant.
        """
        return self._into("active", tenant, "")

    def archive(self, tenant: Tenant | str, reason: str = "") -> Tenant:
        """Let a tenant be entered and read, and not be written any more; entries that are live go on to their end.

        Raises:
            BadChange: it is archived.
            UnknownTenant: there is no such tenant.
        """
        return self._into("archived", tenant, reason)

    def _into(self, state: str, tenant: Tenant | str, reason: str) -> Tenant:
        router = cast("Router", self)
        found = router.tenant(tenant)
        states.set_state(router, found, state, reason)
        return router.tenant(found)

    @contextmanager
    def maintaining(self, tenant: Tenant | str, patience: float = 30.0) -> Iterator[Tenant]:
        """Have the tenant's own stores alone in the block, in this process and all others.

        Leases end first and new ones wait, but for those of this thread; idle connections of this process are closed.
        Stores that the tenant merely shares are left alone: they are their owner's.

        Args:
            tenant: whose own stores.
            patience: seconds to wait for leases to end.

        Raises:
            UnknownTenant: there is no such tenant, or none any more when its turn came.
            LockTimeout: leases didn't end in time.
            WrongFile: its folder isn't there.
        """
        router = cast("Router", self)
        tenant = router.tenant(tenant)
        with router.homes.of(tenant.id, tenant.slug).maintaining(patience):
            tenant = router.tenant(tenant)  # what others did to it while this waited
            for store in tenant.own_stores():
                router.pool.close(store)
            yield tenant
