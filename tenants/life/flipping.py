"""How a store comes to be another file: in one transaction of the catalogue, in which nobody has it in hand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from ..engines import FILES
from ..errors import BadChange
from . import kept
from .maintenance import alone
from .states import change, state_of

if TYPE_CHECKING:
    from ..router import Router
    from ..store import Store
    from ..tenant import Tenant

Register = Callable[["Tenant"], object]


def to_replace(
    router: Router, tenant: Tenant, roles: Collection[str], shared_too: Collection[str]
) -> dict[str, Store]:
    """Return the stores of those roles. Raises `BadChange` where they aren't this tenant's to replace."""
    if not roles:
        raise BadChange(f"Nothing of {tenant.slug} was named that is to be replaced.")
    found = {role: tenant.store(role) for role in sorted(roles)}
    for role, store in found.items():
        _require_named(router, tenant, store, role in shared_too)
    if len({store.owner for store in found.values()}) > 1:
        raise BadChange(
            f"The stores of {tenant.slug} that were named lie in several tenants' folders: replace each by itself."
        )
    return found


def _require_named(router: Router, tenant: Tenant, store: Store, named: bool) -> None:
    if store.engine is not FILES:
        raise BadChange(
            f"{store.label} is no file ({store.engine.name}), so that no file can take its place: it begins anew with "
            f"the process."
        )
    users = router.catalogue.users_of(store.id)
    others = [slug for user, slug in users.items() if user != tenant.id]
    if store.owner != tenant.id and router.catalogue.knows(store.owner):
        owner = store.label.partition("/")[0]
        raise BadChange(
            f"{tenant.slug} shares {store.label}, which is {owner}'s and used by {', '.join(users.values())}: replace "
            f"it as {owner}'s. Nothing was changed."
        )
    if others and not named:
        raise BadChange(
            f"{store.label} is used by {', '.join(others)} too, who would find themselves in its earlier state: name "
            f"{store.role!r} as shared too if that is meant. Nothing was changed."
        )


def home_of(stores: Mapping[str, Store]) -> tuple[str, str]:
    """Return the id and the slug of the tenant in whose folder stores lie."""
    store = next(iter(stores.values()))
    return store.owner, store.label.partition("/")[0]


def flip(
    router: Router,
    tenant: Tenant,
    going: Mapping[str, Store],
    coming: Mapping[str, Store],
    reason: str,
    register: Register | None,
    patience: float,
    shared_too: Collection[str],
) -> None:
    """Let stores be other files from one transaction of the catalogue on, in which nobody has them in hand.

    Args:
        router: the data folder.
        tenant: whose stores they are.
        going: the generations that are in use, by role; they are kept.
        coming: what comes instead: ready to be opened.
        reason: why, for whoever finds what was kept.
        register: the caller's part of the transaction.
        patience: seconds to wait for whoever has them in hand.
        shared_too: roles that others share, and that the caller has named all the same.
    """
    with alone(router, [home_of(going)], patience):

        def write() -> None:
            state_of(router, tenant)
            for role, store in going.items():
                _require_still(router, tenant, store)
                _require_named(router, tenant, store, role in shared_too)
                kept.keep(router, store, reason)
                kept.take_out(router, coming[role])
                router.catalogue.replace_store(coming[role], router.fingerprint(role))
            if register is not None:
                with router.universal._asked_for():
                    register(tenant)

        change(router, write)


def _require_still(router: Router, tenant: Tenant, store: Store) -> None:
    """Raise `BadChange` where others have changed which file is the store's, while this was at it."""
    uses = router.catalogue.store_id_of(tenant.id, store.role) == store.id
    rows = router.catalogue.of_owner(store.owner)
    if not uses or (store.id, store.generation) not in {(row.id, row.generation) for row in rows}:
        raise BadChange(
            f"{store.label} was replaced or parted from {tenant.slug} by somebody else meanwhile: nothing was changed; "
            f"look again."
        )
