"""Which stores are behind the program, by what the catalogue says of them, and what it is told afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..engines import FILES

if TYPE_CHECKING:
    from ..router import Router
    from ..store import Store

_BEHIND = (
    "SELECT s.id, s.role, s.generation, s.url, s.owner, coalesce(o.slug, gone.slug, s.owner) AS slug FROM store s "
    "LEFT JOIN tenant o ON o.id = s.owner LEFT JOIN tombstone gone ON gone.id = s.owner "
    "WHERE {} ORDER BY slug, s.role"
)
_SHARED = (
    "SELECT l.store, t.slug FROM tenant_store l JOIN store s ON s.id = l.store JOIN tenant t ON t.id = l.tenant "
    "WHERE s.owner <> l.tenant ORDER BY t.slug"
)


class PendingStore(NamedTuple):
    """A store that may be behind.

    Attributes:
        path: its file, as the catalogue places it; empty where it isn't one.
        tenants: the slugs of all who use it, its owner's first.
    """

    id: str
    role: str
    generation: int
    path: str
    tenants: tuple[str, ...]


class PendingHome(NamedTuple):
    """A tenant and those of its own stores that may be behind: what is done under one lock."""

    owner: str
    slug: str
    stores: tuple[PendingStore, ...]


def find(router: Router) -> list[PendingHome]:
    """Return whoever has stores of which the catalogue doesn't say that they are as the program wants them, by slug.

    Those in quarantine are among them, also where they are at the program's version: one that a newer program failed
    with is fit for the older one that comes back. No store is opened for it.
    """
    wanted = {role: m.fingerprint for role, m in router.migrations.items() if role != "universal"}
    if not wanted:
        return []
    run = router.universal.execute_sql
    conditions = " OR ".join("s.role = ? AND (s.schema <> ? OR s.trouble <> '')" for _ in wanted)
    rows = run(_BEHIND.format(conditions), [p for pair in wanted.items() for p in pair]).fetchall()
    if not rows:
        return []
    sharing: dict[str, list[str]] = {}
    for store_id, slug in run(_SHARED).fetchall():
        sharing.setdefault(store_id, []).append(slug)
    homes: dict[tuple[str, str], list[PendingStore]] = {}
    for store_id, role, generation, url, owner, slug in rows:
        in_file = url.startswith(FILES.prefix)
        path = f"{router.path}/{url.removeprefix(FILES.prefix)}" if in_file else ""
        tenants = (slug, *sharing.get(store_id, ()))
        store = PendingStore(store_id, role, generation, path, tenants)
        homes.setdefault((owner, slug), []).append(store)
    return [PendingHome(owner, slug, tuple(stores)) for (owner, slug), stores in homes.items()]


def count(router: Router) -> int:
    """Return how many stores there are of roles that have migrations, the shared database among them."""
    rows = router.universal.execute_sql("SELECT role, count(*) FROM store GROUP BY role").fetchall()
    return sum(n for role, n in [*rows, ("universal", 1)] if role in router.migrations)


def behind(router: Router) -> int:
    """Return how many stores aren't at the program's version, by what the catalogue says; those in quarantine apart."""
    wanted = {role: m.fingerprint for role, m in router.migrations.items() if role != "universal"}
    if not wanted:
        return 0
    conditions = " OR ".join("role = ? AND schema <> ?" for _ in wanted)
    query = f"SELECT count(*) FROM store WHERE trouble = '' AND ({conditions})"  # noqa: S608
    found: int = router.universal.execute_sql(
        query, [p for pair in wanted.items() for p in pair]
    ).fetchone()[0]
    return found


def record(router: Router, store: Store) -> None:
    """Note of a store that it is as the program wants it, which ends its quarantine.

    It doesn't wait for the disk: whoever finds an older note looks into the store, which knows better.
    """
    with router.notice.changing():
        router.universal.execute_unhurried(
            "UPDATE store SET schema = ?, trouble = '' WHERE id = ? AND generation = ?",
            (router.migrations[store.role].fingerprint, store.id, store.generation),
        )


def quarantine(router: Router, store: Store, reason: str) -> None:
    """Note that a store may only be read, and why, until it is migrated."""
    with router.notice.changing():
        router.universal_store.write(
            router.universal.execute_sql,
            "UPDATE store SET trouble = ? WHERE id = ? AND generation = ?",
            (reason, store.id, store.generation),
        )


def doubt(router: Router, store: Store) -> None:
    """Note that what the catalogue says of a store's schema isn't so: the next run is to look into it."""
    with router.notice.changing():
        router.universal_store.write(
            router.universal.execute_sql,
            "UPDATE store SET schema = '' WHERE id = ? AND generation = ?",
            (store.id, store.generation),
        )
