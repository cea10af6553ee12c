"""The part of the router that changes tenants as wholes: each step of a tenant's life, from its making to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from peewee import Model

from . import cloning, purging, recovery, sharing, states
from .creation import Creation
from .maintenance import alone
from .replacements import Replacements

if TYPE_CHECKING:
    from ..catalogue import Tombstone
    from ..router import Router
    from ..store import Store
    from ..tenant import Tenant


class Lifecycle(Replacements):
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

    def clone(
        self,
        tenant: Tenant | str,
        slug: str,
        setup: Callable[[], object] | None = None,
        register: Callable[[Tenant], object] | None = None,
    ) -> Tenant:
        """Make a tenant of whole copies of another's own stores, as of one instant, while others go on using it.

        What that one shares with others the new one shares too. Rows that were deleted may still be found in the files'
        free pages: it is no way to give somebody a part of what one has.

        Args:
            tenant: an active or archived one.
            slug: what people will read; must be free.
            setup: called in an entry of the new tenant, before anyone else can see it.
            register: called with the new tenant in the transaction that enters it into the catalogue.

        Raises:
            BadSlug, SlugTaken: the slug won't do.
            UnknownTenant, TenantSuspended: there is no such tenant, or nobody may enter it.
            WrongFile, TenantError: a file of its can't be read, or new ones can't be made; nothing is left behind.
        """
        router = cast("Router", self)
        made = cloning.clone(router, router.tenant(tenant), slug, setup, register)
        return router.known.find(made.id)

    def purge(
        self,
        tenant: Tenant | str,
        unregister: Callable[[Tenant], object] | None = None,
        patience: float = 30.0,
    ) -> Path:
        """Remove a tenant for good, after a last backup of its own stores; its id is never given again.

        A store of its that others share stays with them; see `purge_store`.

        Args:
            tenant: a suspended or archived one.
            unregister: called with it in the transaction that takes it out of the catalogue; run again where that is.
            patience: seconds to wait for whoever has its stores in hand.

        Returns:
            The folder of the last backup, with a manifest.

        Raises:
            BadChange: it is active.
            UnknownTenant: there is no such tenant.
            LockTimeout, WouldDeadlock: its stores are in use, by others or by this thread.
            WrongFile, TenantError: a file isn't what it should be, or the backup can't be made; nothing was changed.
        """
        router = cast("Router", self)
        return purging.purge(router, router.tenant(tenant), unregister, patience)

    def share(
        self,
        tenant: Tenant | str,
        role: str,
        owner: Tenant | str,
        patience: float = 30.0,
        check: Callable[[], object] | None = None,
    ) -> Tenant:
        """Let a tenant use the store of that role that another one uses, from now on.

        Its own, if it had one, stays as it is and is used by nobody; see `unused_stores`.

        Args:
            tenant, owner: active or suspended ones.
            role: of the store.
            patience: seconds to wait for whoever has their stores in hand.
            check: called while nobody works on the tenants' stores; what it raises ends it, and nothing is changed.

        Raises:
            BadChange: it is the tenant's own, or it uses that store already, or one of the two is archived.
            UnknownTenant, TenantError: there is no such tenant, or the owner has no such store.
            LockTimeout, WouldDeadlock: their stores are in use, by others or by this thread.
        """
        router = cast("Router", self)
        found = router.tenant(tenant)
        sharing.share(router, found, role, router.tenant(owner), patience, check)
        return router.tenant(found)

    def unshare(self, tenant: Tenant | str, role: str, patience: float = 30.0) -> Tenant:
        """Give a tenant a store of its own again: a copy of the one that it shares, as that is now.

        Raises:
            BadChange: it shares none of that role, or is archived.
            UnknownTenant, TenantError: there is no such tenant, it has no such store, or no copy can be made.
            LockTimeout, WouldDeadlock: the stores are in use, by others or by this thread.
        """
        router = cast("Router", self)
        found = router.tenant(tenant)
        sharing.unshare(router, found, role, patience)
        return router.tenant(found)

    def unused_stores(self) -> list[Store]:
        """Return the stores that no tenant uses any more. They stay until they are purged, each by itself."""
        return cast("Router", self).known.unused()

    def purge_store(self, store: Store, patience: float = 30.0) -> Path:
        """Remove a store for good that no tenant uses, after a last backup. Returns the folder of that.

        Raises:
            BadChange: a tenant uses it.
            LockTimeout: somebody has it in hand.
            WrongFile, TenantError: its file isn't what it should be, or the backup can't be made; nothing was changed.
        """
        return purging.purge_store(cast("Router", self), store, patience)

    def tombstones(self) -> list[Tombstone]:
        """Return what is left of purged tenants: id, slug, when, and where the last backup lies; the latest first."""
        return cast("Router", self).catalogue.tombstones()

    def recover(self) -> list[str]:
        """Finish or remove what processes that died in the middle of a change have left; a line on each.

        It is for the start of a server or a command, and takes no time where nothing is left. What a process that
        lives is at is left alone. What is left is invisible also before.
        """
        return recovery.recover(cast("Router", self))

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
        with alone(router, [(tenant.id, tenant.slug)], patience):
            yield router.tenant(tenant)  # what others did to it while this waited
