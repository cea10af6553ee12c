"""How a tenant's stores become again what a backup holds, or what somebody offers; or a new tenant's."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import BadBackup, BadChange, RefusedFile, UnknownTenant
from ..store import Store
from ..tenant import Tenant, new_id
from .backup import UNIVERSAL, Backup, stamp_of
from .manifest import Manifest
from .workshop import Workshop, require_sound

if TYPE_CHECKING:
    from ..confined import Limits, Template
    from ..router import Router
    from .reading import Reader

Register = Callable[..., object]


class Restored(NamedTuple):
    """What came of a restore.

    Attributes:
        tenant: whose stores they are.
        backup: what they were restored from; None for files that were offered.
        roles: of the stores that were restored.
        stayed: what the tenant uses, or the backup holds, and wasn't restored, with the reason.
        trusted: True where the backup vouches for its files; of others only rows were taken.
        facts: what the application says of what is there now.
        left_out: what else was in files whose rows were taken, by role.
    """

    tenant: Tenant
    backup: Backup | None
    roles: list[str]
    stayed: list[str]
    trusted: bool
    facts: dict[str, Any]
    left_out: dict[str, list[str]]


class Wish(NamedTuple):
    """What is to become of the files.

    Attributes:
        tenant: whose stores they are to be; None for a new one.
        into: the slug of a new one.
        roles: only stores of these; all that there are unless given.
        reason: for whoever finds what was kept.
        register, setup, share, patience, shared_too: as for `Router.replace` and `Router.adopt`.
        template, limits: for files whose rows are taken.
    """

    tenant: Tenant | None
    into: str | None = None
    roles: Collection[str] | None = None
    reason: str = ""
    register: Register | None = None
    setup: Callable[[], object] | None = None
    share: Mapping[str, Tenant | str] | None = None
    patience: float = 30.0
    shared_too: Collection[str] = ()
    template: Template | None = None
    limits: Limits | None = None

    @property
    def slug(self) -> str:
        """What people call whoever is to have them."""
        return self.into or (self.tenant.slug if self.tenant is not None else "")


class Restoring:
    """One restore.

    Args:
        router: the data folder.
        shop: where the files are prepared.
        wish: what is to become of them.
    """

    def __init__(self, router: Router, shop: Workshop, wish: Wish) -> None:
        self.router, self.shop, self.wish = router, shop, wish

    def of_backup(self, reader: Reader, backup: Backup, offered: bool) -> Restored:
        """Restore from a backup. Raises `BadBackup` where it can't be read, or isn't sound."""
        if backup.tenant == UNIVERSAL:
            raise BadChange(
                "The shared database isn't restored in a running installation, as all tenants' rows are in it: "
                "rebuild it in another folder."
            )
        manifest, trusted = reader.manifest(backup), reader.trusts(backup) and not offered
        names, stayed = self._chosen(manifest)
        fetched = self.shop.fetch(reader, backup)
        # All of the tenant's stores are looked at, though only some may be restored: checks need what belongs together.
        together = {s.role: s.name for s in manifest.stores if s.name == s.role} | names
        files = {role: fetched[name] for role, name in together.items()}
        left_out: dict[str, list[str]] = {}
        if not trusted:
            files, left_out = self._rows(files)
        what = f"backup {backup.stamp}"
        # Stores that are nobody's own, as their owner is gone, are no tenant that could be entered.
        enter = all(name == role for role, name in together.items())
        facts = self._look(files, what, BadBackup if trusted else RefusedFile, enter)
        files = {role: files[role] for role in names}
        tenant = self._put(files, what, backup.stamp, facts)
        return Restored(tenant, backup, sorted(files), stayed, trusted, facts, left_out)

    def of_files(self, offered: Mapping[str, str | Path]) -> Restored:
        """Take the rows of files that somebody offers. Raises `RefusedFile` where one isn't taken, or isn't sound."""
        files, left_out = self._rows(offered)
        others = self.shop.current(self.wish.tenant, files.keys())
        what = "a file that was offered"
        facts = self._look(files | others, what, RefusedFile)
        tenant = self._put(files, what, "", facts)
        return Restored(tenant, None, sorted(files), [], False, facts, left_out)

    def _rows(
        self, offered: Mapping[str, str | Path]
    ) -> tuple[dict[str, str], dict[str, list[str]]]:
        wish = self.wish
        owner = wish.tenant.id if wish.tenant is not None else new_id()
        files, reports = self.shop.rows(offered, owner, wish.template, wish.limits)
        return files, {role: report.left_out for role, report in reports.items()}

    # Which of its stores

    def _chosen(self, manifest: Manifest) -> tuple[dict[str, str], list[str]]:
        """Return the names of the stores that are to be restored, by role, and what stays as it is."""
        wish = self.wish
        there = {store.role: store.name for store in manifest.stores if store.name == store.role}
        if wish.tenant is not None:  # a store that was its owner's alone, and whose owner is gone
            for copied in manifest.stores:
                used = wish.tenant.stores.get(copied.role)
                if used is not None and used.id == copied.store:
                    there.setdefault(copied.role, copied.name)
        if wish.roles is not None:
            missing = sorted(set(wish.roles) - there.keys())
            if missing:
                raise BadBackup(
                    f"{manifest.backup} holds no {', '.join(missing)} of {wish.slug}, but {', '.join(sorted(there))}."
                )
            return {role: there[role] for role in wish.roles}, []
        if wish.tenant is None:
            return there, []
        own = {store.role for store in wish.tenant.own_stores()}
        stayed = [f"{role}: the backup holds none" for role in sorted(own - there.keys())]
        stayed += [f"{role}: it isn't its own now" for role in sorted(there.keys() - own)]
        chosen = {role: name for role, name in there.items() if role in own}
        if not chosen:
            raise BadBackup(f"{manifest.backup} holds no store of {wish.slug}'s own.")
        return chosen, stayed

    # Into place

    def _look(
        self,
        files: dict[str, str],
        what: str,
        error: type[BadBackup | RefusedFile],
        enter: bool = True,
    ) -> dict[str, Any]:
        """Bring files up, and return the application's facts of them. Raises the error where they aren't sound."""
        slug = self.wish.slug
        self.shop.bring_up(files, slug)
        faults, facts = self.shop.look(files, slug, enter)
        require_sound(faults, f"{what[0].upper()}{what[1:]} of {slug}", error)
        return facts

    def _put(self, files: dict[str, str], what: str, source: str, facts: dict[str, Any]) -> Tenant:
        wish, router, register = self.wish, self.router, self.wish.register
        if wish.tenant is None:
            return router.adopt(
                wish.slug,
                files,
                (lambda tenant: register(tenant, facts=facts)) if register else None,
                wish.setup,
                wish.share,
            )
        return router.replace(
            wish.tenant,
            files,
            wish.reason or f"restored from {what}",
            (lambda tenant: register(tenant, facts=facts, source=source)) if register else None,
            wish.patience,
            wish.shared_too,
        )


def go_back(shop: Workshop, wish: Wish, generations: Mapping[str, int]) -> Restored:
    """Let kept files be a tenant's stores again, once they were looked at."""
    router, tenant, register = shop.router, wish.tenant, wish.register
    assert tenant is not None
    kept = {}
    for role, generation in generations.items():
        store = tenant.store(role)
        for one in router.kept():
            if (one.id, one.role, one.generation) == (store.id, role, generation):
                kept[role] = one
    if kept.keys() < generations.keys():
        router.go_back(tenant, generations)  # raises, as one isn't kept
    files = {
        role: shop.copy(Store(router, one.id, one.owner, role, one.generation, one.path, one.label))
        for role, one in kept.items()
    }
    files |= shop.current(tenant, files.keys())
    shop.bring_up(files, tenant.slug)
    faults, facts = shop.look(files, tenant.slug)
    require_sound(faults, f"What was kept of {tenant.slug}", BadBackup)
    since = min((one.since for one in kept.values()), default="")
    source = stamp_of(datetime.fromisoformat(f"{since}+00:00")) if since else ""
    gone_back = router.go_back(
        tenant,
        generations,
        wish.reason or "gone back",
        (lambda found: register(found, facts=facts, source=source)) if register else None,
        wish.patience,
        wish.shared_too,
    )
    return Restored(gone_back, None, sorted(generations), [], True, facts, {})


def shares_of(tenant: Tenant, roles: Collection[str]) -> dict[str, Tenant | str]:
    """Return whose stores a tenant shares, but for those roles: a new one that is made of it shares them, too."""
    shares: dict[str, Tenant | str] = {}
    for role, store in tenant.stores.items():
        if store.owner != tenant.id and role not in roles:
            try:
                shares[role] = tenant.router.tenant(store.owner)
            except UnknownTenant:  # its owner was purged; through whoever uses it
                shares[role] = tenant
    return shares
