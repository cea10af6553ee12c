"""What is backed up together: the stores that lie in one tenant's folder; and the shared database."""

from __future__ import annotations

import os
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import UnknownTenant
from ..places import SIDE_FILES, relative_path
from .backup import UNIVERSAL

if TYPE_CHECKING:
    from ..router import Router
    from ..store import Store

#: A change of a file shows in its times only when the clock has moved on, so what is younger isn't relied upon.
RACY = 2_000_000_000
"""Nanoseconds."""

#: Copied in this order, then the rest: what a row of the books names in another store is there in the copy, too.
ORDER = ("books", "registers")

_WAL = SIDE_FILES[0]

_OWN = "EXISTS (SELECT 1 FROM tenant_store l WHERE l.store = s.id AND l.tenant = s.owner)"
_SLUG = "coalesce(t.slug, d.slug, s.owner)"
_STORES = (
    f"SELECT s.owner, {_SLUG}, s.role, s.generation, s.id, {_OWN} FROM store s "  # noqa: S608 -- ours
    "LEFT JOIN tenant t ON t.id = s.owner LEFT JOIN tombstone d ON d.id = s.owner "
    "WHERE s.url LIKE 'sqlite:%' "
)
_ALL = f"{_STORES} ORDER BY s.owner"
_ONE = f"{_STORES} AND s.owner = ?"


class Member(NamedTuple):
    """A store of a unit.

    Attributes:
        name: what it is called among them: its role; and where the tenant itself uses another of that role, or none,
            role and generation.
    """

    name: str
    role: str
    generation: int
    id: str
    path: str


class Unit(NamedTuple):
    """What is backed up together.

    Attributes:
        id: the tenant's; of one that was purged, where others still share a store of its; or `universal`.
        slug: what people call it.
        members: its stores, in the order in which they are copied. One that nobody uses is among them as long as it
            isn't purged.
    """

    id: str
    slug: str
    members: tuple[Member, ...]

    def signature(self, place: str, now: int) -> str:
        """Say what its files look like, by a few calls of `stat`; empty where that can't be relied upon later.

        Args:
            place: where its backups are kept.
            now: nanoseconds since 1970.
        """
        told = [place]
        for member in self.members:
            told.append(f"{member.id}.{member.generation}")
            for path in (member.path, member.path + _WAL):
                try:
                    found = os.stat(path, follow_symlinks=False)
                except OSError:
                    found = None
                if found is None or not found.st_size:
                    told.append("-")  # whoever opens a database to read it leaves an empty log
                    continue
                if now - found.st_mtime_ns < RACY:
                    return ""
                told.append(f"{found.st_mtime_ns} {found.st_size} {found.st_ino}")
        return "\n".join(told)


def all_units(router: Router) -> list[Unit]:
    """Return all units, the shared database last: its copy then knows of the others' backups.

    Stores that live in memory are in none: they are gone with their process, and meant to be.
    """
    found = [
        _unit(router, list(rows)) for _, rows in groupby(_rows(router, _ALL), key=itemgetter(0))
    ]
    return [*found, universal_unit(router)]


def unit_of(router: Router, owner: str) -> Unit:
    """Return a unit by its id.

    Raises:
        UnknownTenant: nothing of that tenant's is in this data folder.
    """
    if owner == UNIVERSAL:
        return universal_unit(router)
    rows = _rows(router, _ONE, owner)
    if not rows:
        raise UnknownTenant(
            f"No store in this data folder is {owner}'s: there is nothing to back up."
        )
    return _unit(router, rows)


def universal_unit(router: Router) -> Unit:
    """Return that of the shared database."""
    store = router.universal_store
    return Unit(
        UNIVERSAL,
        UNIVERSAL,
        (Member(store.role, store.role, store.generation, store.id, store.path),),
    )


def stores_of(router: Router, unit: Unit) -> list[Store]:
    """Return the stores of a unit, in its order.

    Raises:
        UnknownTenant: one of them was purged or replaced at this moment.
    """
    if unit.id == UNIVERSAL:
        return [router.universal_store]
    found = {store.stamp: store for store in router.known.of_owner(unit.id)}
    try:
        return [found[member.id, member.generation] for member in unit.members]
    except KeyError:
        raise UnknownTenant(
            f"A store of {unit.slug} was replaced or purged at this moment."
        ) from None


def _rows(router: Router, query: str, *params: str) -> list[Any]:
    return router.universal_store.execute_sql(query, params).fetchall()


def _unit(router: Router, rows: list[Any]) -> Unit:
    owner, slug = rows[0][:2]
    members = [
        Member(
            role if own else f"{role}.{generation}",
            role,
            generation,
            store,
            f"{router.path}/{relative_path(owner, role, generation)}",
        )
        for _, _, role, generation, store, own in rows
    ]
    members.sort(key=_order)
    return Unit(owner, slug, tuple(members))


def _order(member: Member) -> tuple[int, str]:
    first = ORDER.index(member.role) if member.role in ORDER else len(ORDER)
    return first, member.name
