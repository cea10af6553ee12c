"""Kept files, taken back into use or removed for good."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from .. import sqlite
from ..errors import BadChange, TenantError
from ..store import Store
from . import flipping, kept
from .kept import KeptStore
from .marks import Mark
from .placing import make_ready, not_placed
from .states import change, require_no_transaction
from .steps import step

if TYPE_CHECKING:
    from ..router import Router
    from ..tenant import Tenant


def go_back(
    router: Router,
    tenant: Tenant,
    generations: Mapping[str, int],
    reason: str,
    register: Callable[[Tenant], object] | None,
    patience: float,
    shared_too: Collection[str],
) -> None:
    """Let kept generations be a tenant's stores again; what they replace is kept in its turn."""
    require_no_transaction(router)
    going = flipping.to_replace(router, tenant, generations, shared_too)
    owner, slug = flipping.home_of(going)
    with Mark(router, owner, "go back", slug, lasting=True) as mark:
        coming = {}
        for role, store in going.items():
            coming[role] = _kept_of(router, store, generations[role])
            try:
                make_ready(coming[role])
            except TenantError:
                raise
            except (OSError, sqlite.driver.Error) as error:
                raise not_placed(slug, error) from error
        step("kept files looked over")
        flipping.flip(router, tenant, going, coming, reason, register, patience, shared_too)
        step("gone back")
        mark.done()


def _kept_of(router: Router, store: Store, generation: int) -> Store:
    found = {
        one.generation: one
        for one in kept.find(router, store.owner)
        if (one.id, one.role) == (store.id, store.role)
    }
    if generation not in found:
        there = ", ".join(map(str, sorted(found))) or "none"
        raise BadChange(
            f"Generation {generation} of {store.label} isn't kept ({there}): nothing was changed."
        )
    path = found[generation].path
    return Store(router, store.id, store.owner, store.role, generation, path, store.label)


def discard(router: Router, going: Iterable[KeptStore]) -> None:
    """Remove kept files, each tenant's in one transaction. Their generations are never given again."""
    require_no_transaction(router)
    homes: dict[str, list[KeptStore]] = {}
    for one in going:
        homes.setdefault(one.owner, []).append(one)
    for owner, of_owner in sorted(homes.items()):
        files = [(one.role, one.generation) for one in of_owner]
        slug = of_owner[0].label.partition("/")[0]
        with Mark(router, owner, "discard", slug, files, lasting=True):

            def write(of_owner: list[KeptStore] = of_owner) -> None:
                for one in of_owner:
                    kept.let_go(router, one)

            change(router, write)
            step("discarded")
