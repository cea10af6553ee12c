"""How the companies of a data folder stand, as one value, and what must not be left of those that are gone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from tenants import Router, Tenant


class Company(NamedTuple):
    """A company, with how many vouchers its books hold and the last one's hash."""

    slug: str
    state: str
    reason: str
    stores: tuple[tuple[str, str], ...]
    vouchers: int
    head: str


class Standing(NamedTuple):
    """All of them by id, and the ids of what was purged."""

    companies: tuple[tuple[str, Company], ...]
    tombstones: tuple[str, ...]
    unused: tuple[str, ...]


def look(router: Router) -> Standing:
    """Say how the companies stand, by what a server reads that has just started."""
    companies = tuple(sorted((tenant.id, _company(tenant)) for tenant in router.tenants()))
    tombstones = tuple(sorted(stone.id for stone in router.tombstones()))
    return Standing(companies, tombstones, tuple(sorted(s.id for s in router.unused_stores())))


def _company(tenant: Tenant) -> Company:
    stores = tuple(sorted((role, store.id) for role, store in tenant.stores.items()))
    with closing(tenant.store("books").open()) as connection:
        row: Any = connection.execute("SELECT count, head FROM ledger_state").fetchone()
    return Company(tenant.slug, tenant.state, tenant.reason, stores, *row)


def left_over(router: Router) -> Iterator[str]:
    """Yield what a purge should have left, and hasn't, and what it shouldn't have left, and has.

    A home of which the catalogue knows nothing is no more than lost room.
    """
    kept = {store.owner for tenant in router.tenants() for store in tenant.stores.values()}
    kept |= {store.owner for store in router.unused_stores()}
    for stone in router.tombstones():
        yield from _faults_of_backup(router.folder / stone.backup)
        if stone.id not in kept and (router.folder / "tenants" / stone.id).exists():
            yield f"the folder of {stone.slug}, which was purged, is still there"

    for owner in kept:
        named = {Path(store.path).name for store in router.known.of_owner(owner)}
        for file in (router.folder / "tenants" / owner).glob("*.db"):
            if file.name not in named:
                yield f"{file.name} of {owner}, which the catalogue doesn't name, is still there"


def _faults_of_backup(folder: Path) -> Iterator[str]:
    manifest = folder / "manifest.json"
    if not manifest.exists():
        yield f"the last backup {folder.name} isn't there"
        return
    for store in json.loads(manifest.read_text(encoding="utf-8"))["stores"]:
        content = (folder / store["file"]).read_bytes()
        if hashlib.sha256(content).hexdigest() != store["sha256"]:
            yield f"{store['file']} of the last backup {folder.name} isn't what was backed up"
