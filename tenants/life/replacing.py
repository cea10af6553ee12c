"""How the files of a tenant's stores are replaced: by a next generation, under names that no file ever had.

A file that is put where another was would find that one's log beside it, and take its transactions for its own. So
what comes gets a new name, and the catalogue says from one transaction on that it is the store; what was there stays as
it is, log and all, until somebody says otherwise. The new files are put there while everybody goes on working.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from .. import sqlite
from ..errors import TenantError
from ..places import flush_folder, make_own_folder, relative_home, relative_path
from ..store import Store
from .flipping import Register, flip, home_of, to_replace
from .marks import Mark
from .placing import not_placed, place
from .states import require_no_transaction
from .steps import step

if TYPE_CHECKING:
    from ..router import Router
    from ..tenant import Tenant


def replace(
    router: Router,
    tenant: Tenant,
    files: Mapping[str, str],
    reason: str,
    register: Register | None,
    patience: float,
    shared_too: Collection[str],
) -> None:
    """Let prepared files become the next generation of a tenant's stores."""
    require_no_transaction(router)
    going = to_replace(router, tenant, files, shared_too)
    owner, slug = home_of(going)
    with Mark(router, owner, f"replace {', '.join(sorted(files))}", slug, lasting=True) as mark:
        coming = {role: _next(router, store) for role, store in going.items()}
        try:
            mark.expect([(store.role, store.generation) for store in coming.values()])
            make_home(router, owner)
            for role, store in coming.items():
                place(store, os.fspath(files[role]))
        except TenantError:
            raise
        except (OSError, sqlite.driver.Error) as error:
            raise not_placed(tenant.slug, error) from error
        flip(router, tenant, going, coming, reason, register, patience, shared_too)
        step("replaced")
        mark.done()


def _next(router: Router, store: Store) -> Store:
    generation = router.catalogue.next_generation(store.owner, store.role)
    path = f"{router.path}/{relative_path(store.owner, store.role, generation)}"
    return Store(router, store.id, store.owner, store.role, generation, path, store.label)


def make_home(router: Router, owner: str) -> None:
    """Make the folder again where it was lost with all that was in it."""
    make_own_folder(router.path, "tenants")
    folder = f"{router.path}/{relative_home(owner)}"
    with suppress(FileExistsError):
        os.mkdir(folder, mode=0o700)
        flush_folder(os.path.dirname(folder))
