"""How a tenant, or a store that nobody uses, goes for good: a last backup, one transaction, then the files.

Nothing is half gone at any time: until the transaction it is as it was, and from then on nobody knows of its files, to
which its mark leads.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BadChange
from . import kept, last_backups
from .maintenance import alone
from .marks import Mark
from .states import change, require_no_transaction, state_of
from .steps import step

if TYPE_CHECKING:
    from ..router import Router
    from ..store import Store
    from ..tenant import Tenant


def purge(
    router: Router,
    tenant: Tenant,
    unregister: Callable[[Tenant], object] | None,
    patience: float,
) -> Path:
    """Purge a suspended or archived tenant, with those of its own stores that nobody else uses."""
    require_no_transaction(router)
    _require_state(tenant, tenant.state)
    with alone(router, [(tenant.id, tenant.slug)], patience):
        tenant = router.tenant(tenant.id)  # what others did to it while this waited
        # What others share stays with them, and so does its place.
        going = [
            s for s in tenant.own_stores() if set(router.catalogue.users_of(s.id)) == {tenant.id}
        ]
        files = _files(router, going)
        with Mark(router, tenant.id, "purge", tenant.slug, files, tenant.id, lasting=True):
            backup = last_backups.take(router, tenant.id, tenant.slug, going)

            def write() -> None:
                _require_state(tenant, state_of(router, tenant))
                _require_unused(router, going, [tenant.id])
                if unregister is not None:
                    with router.universal._asked_for():
                        unregister(tenant)
                router.catalogue.remove(tenant, going, f"purged/{backup.name}")

            change(router, write)
            step("purged")
        for store in going:
            store.engine.let_go(store)
        router.known.forget(tenant)
    return backup


def purge_store(router: Router, store: Store, patience: float) -> Path:
    """Purge a store that nobody uses."""
    require_no_transaction(router)
    _require_unused(router, [store], [])
    owner = store.label.partition("/")[0]
    with alone(router, [(store.owner, owner)], patience):
        if store not in router.known.of_owner(store.owner):
            raise BadChange(f"{store.label} was purged already: nothing is left to do.")
        files = _files(router, [store])
        with Mark(router, store.owner, "purge a store", owner, files, store.id, lasting=True):
            backup = last_backups.take(router, store.id, store.label, [store])

            def write() -> None:
                _require_unused(router, [store], [])
                router.catalogue.remove_store(store, f"purged/{backup.name}")

            change(router, write)
            step("store purged")
        store.engine.let_go(store)
    return backup


def _files(router: Router, going: list[Store]) -> list[tuple[str, int]]:
    """Return role and generation of the files that go: those in use, and what replacements have kept of them."""
    ids = {store.id for store in going}
    owners = {store.owner for store in going}
    old = [one for owner in owners for one in kept.find(router, owner) if one.id in ids]
    return [(s.role, s.generation) for s in going] + [(one.role, one.generation) for one in old]


def _require_state(tenant: Tenant, state: str) -> None:
    if state not in ("suspended", "archived"):
        raise BadChange(
            f"{tenant.slug} is {state}, and only what is suspended or archived can be purged: do that first."
        )


def _require_unused(router: Router, stores: list[Store], but: list[str]) -> None:
    for store in stores:
        users = [
            slug for user, slug in router.catalogue.users_of(store.id).items() if user not in but
        ]
        if users:
            raise BadChange(
                f"{store.label} is used by {', '.join(users)}: it can only be purged once they use another. Nothing "
                f"was changed."
            )
