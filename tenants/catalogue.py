"""Which tenants there are and where their stores lie: rows of the shared database."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from peewee import IntegrityError

from .errors import SlugTaken, UnknownTenant
from .tenant import is_id, may_name

if TYPE_CHECKING:
    from .store import Store

# Plain SQL and no models: the catalogue is what models are routed by, so it mustn't be routed itself.
_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS tenant (
        id TEXT PRIMARY KEY, slug TEXT NOT NULL UNIQUE, created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS store (
        id TEXT PRIMARY KEY, owner TEXT NOT NULL REFERENCES tenant (id), role TEXT NOT NULL,
        generation INTEGER NOT NULL, url TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS tenant_store (
        tenant TEXT NOT NULL REFERENCES tenant (id), role TEXT NOT NULL, store TEXT NOT NULL REFERENCES store (id),
        PRIMARY KEY (tenant, role)
    ) STRICT, WITHOUT ROWID""",
)
_TABLES = "SELECT count(*) FROM sqlite_schema WHERE name IN ('tenant', 'store', 'tenant_store')"
_ROWS = (
    "SELECT t.id, t.slug, s.id, s.owner, s.role, s.generation, s.url FROM tenant t "
    "LEFT JOIN tenant_store l ON l.tenant = t.id LEFT JOIN store s ON s.id = l.store "
)
_BY_ID, _BY_SLUG, _ALL = (
    f"{_ROWS}WHERE t.id = ?",
    f"{_ROWS}WHERE t.slug = ?",
    f"{_ROWS}ORDER BY t.slug",
)

StoreRow = tuple[str, str, str, int, str]  # id, owner, role, generation, url
TenantRow = tuple[str, str, list[StoreRow]]  # id, slug, its stores


class Catalogue:
    """The catalogue's rows.

    Args:
        universal: the shared store.
    """

    def __init__(self, universal: Store) -> None:
        self.universal = universal
        # Asked first, so that a start waits for nobody who is writing.
        if self._rows(_TABLES)[0][0] < len(_SCHEMA):
            universal.write(lambda: [universal.execute_sql(table) for table in _SCHEMA])

    def find(self, slug_or_id: str) -> TenantRow:
        """Return a tenant's row and those of its stores.

        Raises:
            UnknownTenant: there is none of that slug or id.
        """
        rows = []
        if may_name(slug_or_id):
            rows = self._rows(_BY_ID if is_id(slug_or_id) else _BY_SLUG, slug_or_id)
        if not rows:
            raise UnknownTenant(f"There is no tenant {str(slug_or_id)[:80]!r} in this data folder.")
        return _tenant_row(rows)

    def _rows(self, query: str, *params: str) -> list[tuple]:
        # Past Peewee and the application's query hooks: this is on the way of each first touch of a tenant.
        return self.universal.database._use().run(query, params).fetchall()

    def slug_of(self, tenant_id: str) -> str:
        """Return the slug of a tenant; its id, should it be gone."""
        rows = self._rows("SELECT slug FROM tenant WHERE id = ?", tenant_id)
        return rows[0][0] if rows else tenant_id

    def all(self) -> list[TenantRow]:
        """Return all tenants' rows, by slug."""
        groups = groupby(self._rows(_ALL), key=lambda row: row[1])
        return [_tenant_row(list(group)) for _, group in groups]

    def knows(self, tenant_id: str) -> bool:
        """True if a tenant of that id is entered."""
        return bool(self._rows("SELECT 1 FROM tenant WHERE id = ?", tenant_id))

    def require_free(self, slug: str) -> None:
        """Raise `SlugTaken` if a tenant has the slug."""
        if self._rows("SELECT 1 FROM tenant WHERE slug = ?", slug):
            raise _taken(slug)

    def add(
        self, tenant_id: str, slug: str, stores: dict[str, Store], urls: dict[str, str]
    ) -> None:
        """Enter a tenant, its own stores and the ones that it shares. Runs in the caller's transaction.

        Raises:
            SlugTaken: another has the slug by now.
        """
        run = self.universal.execute_sql
        try:
            run("INSERT INTO tenant (id, slug) VALUES (?, ?)", (tenant_id, slug))
        except IntegrityError as error:
            raise _taken(slug) from error
        for role, store in stores.items():
            if role in urls:
                row = (store.id, tenant_id, role, store.generation, urls[role])
                run("INSERT INTO store VALUES (?, ?, ?, ?, ?)", row)
            run("INSERT INTO tenant_store VALUES (?, ?, ?)", (tenant_id, role, store.id))


def _tenant_row(rows: list[tuple]) -> TenantRow:
    return rows[0][0], rows[0][1], [row[2:] for row in rows if row[2] is not None]


def _taken(slug: str) -> SlugTaken:
    return SlugTaken(f"There is a tenant {slug!r} already: choose another slug.")
