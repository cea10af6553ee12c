"""The part of the router that puts other files in the place of a tenant's stores, and makes tenants of files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from os import PathLike
from typing import TYPE_CHECKING, cast

from . import adopting, going_back, kept, replacing
from .kept import KeptStore

if TYPE_CHECKING:
    from ..router import Router
    from ..tenant import Tenant

Files = Mapping[str, "str | PathLike[str]"]


class Replacements:
    """What a router can do with files that were prepared elsewhere: copies from a backup, above all.

    Such a file is a closed database of ours in a folder within the data folder. It is moved, and so gone from there.
    What no backup can vouch for is first to be copied row by row into a file of ours: see `tenants.confined`.
    """

    def replace(
        self,
        tenant: Tenant | str,
        files: Files,
        reason: str,
        register: Callable[[Tenant], object] | None = None,
        patience: float = 30.0,
        shared_too: Collection[str] = (),
    ) -> Tenant:
        """Let prepared files be a tenant's stores from now on; those that were are kept, under `kept`.

        All of them change in one transaction. They are put in place, looked over and migrated, where they are of an
        older schema, before anybody is held up; then whoever works on that tenant's own stores is waited for. What was
        loaded before is refused after it. The tenant's state stays as it is, whichever that is.

        Args:
            tenant: whose stores.
            files: prepared files by role; the other roles stay as they are.
            reason: why, for whoever finds later what was kept.
            register: called with the tenant in the transaction that changes it; run again where that is.
            patience: seconds to wait for whoever has the stores in hand.
            shared_too: roles that others share, and that are to be replaced for all of them.

        Raises:
            BadChange: others use one of the stores, and it isn't named; or somebody changes the tenant just now.
            UnknownTenant, TenantError: there is no such tenant or role, or files can't be put in place.
            WrongFile, StoreAhead, MigrationFailed: a file isn't a sound store of that role, or can't be migrated.
            LockTimeout, WouldDeadlock: the stores are in use, by others or by this thread. Nothing was changed.
        """
        router = cast("Router", self)
        found = router.tenant(tenant)
        paths = {role: str(path) for role, path in files.items()}
        replacing.replace(router, found, paths, reason, register, patience, shared_too)
        return router.tenant(found.id)

    def kept(self, tenant: Tenant | str | None = None) -> list[KeptStore]:
        """Return the files that replacements have kept, of one tenant's own stores or of all, the latest first."""
        router = cast("Router", self)
        return kept.find(router, router.tenant(tenant).id if tenant is not None else None)

    def go_back(
        self,
        tenant: Tenant | str,
        generations: Mapping[str, int],
        reason: str = "gone back",
        register: Callable[[Tenant], object] | None = None,
        patience: float = 30.0,
        shared_too: Collection[str] = (),
    ) -> Tenant:
        """Let kept files be a tenant's stores again; what was written since is kept in its turn.

        Args:
            generations: which generation of each role, of those in `kept`.
            tenant, reason, register, patience, shared_too: as for `replace`.

        Raises:
            BadChange: that generation isn't kept; and as `replace` does.
        """
        router = cast("Router", self)
        found = router.tenant(tenant)
        going_back.go_back(router, found, generations, reason, register, patience, shared_too)
        return router.tenant(found.id)

    def discard(self, going: KeptStore | Iterable[KeptStore]) -> None:
        """Remove kept files for good. No last backup is made of them: they aren't in use, and may be damaged.

        Raises:
            BadChange: one isn't kept any more: it is in use again, or gone. Of that tenant's none was removed.
        """
        chosen = [going] if isinstance(going, KeptStore) else list(going)
        going_back.discard(cast("Router", self), chosen)

    def adopt(
        self,
        slug: str,
        files: Files,
        register: Callable[[Tenant], object] | None = None,
        setup: Callable[[], object] | None = None,
        share: Mapping[str, Tenant | str] | None = None,
    ) -> Tenant:
        """Make a tenant of prepared files, which become its own stores; older schemas are migrated.

        Args:
            slug: what people will read; must be free.
            files: prepared files by role.
            register: called with the tenant in the transaction that enters it into the catalogue.
            setup: called in an entry of the new tenant, before anyone else can see it.
            share: tenants whose store of that role is to be shared, by role.

        Raises:
            BadSlug, SlugTaken: the slug won't do.
            WrongFile, StoreAhead, MigrationFailed: a file isn't a sound store of its role, or can't be migrated.
            TenantError: files can't be put in place. Whatever is raised, nothing is left of the tenant.
        """
        router = cast("Router", self)
        paths = {role: str(path) for role, path in files.items()}
        made = adopting.adopt(router, slug, paths, register, setup, share or {})
        return router.known.find(made.id)
