"""Which tenants there are and where their stores lie: rows of the shared database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import SlugTaken, UnknownTenant

if TYPE_CHECKING:
    from .store import Store

# Plain SQL and no models: the catalogue is what models are routed by, so it mustn't be routed itself.
_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS tenant (
        id TEXT PRIMARY KEY, slug TEXT NOT NULL UNIQUE, created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
    ) STRICT""",
    """CREATE TABLE IF NOT EXISTS store (
        id TEXT PRIMARY KEY, owner TEXT NOT NULL REFERENCES tenant (id), role TEXT NOT NULL,
        generation INTEGER NOT NULL, url TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE IF NOT EXISTS tenant_store (
        tenant TEXT NOT NULL REFERENCES tenant (id), role TEXT NOT NULL, store TEXT NOT NULL REFERENCES store (id),
        PRIMARY KEY (tenant, role)
    ) STRICT""",
)
_FIND = (
    "SELECT t.id, t.slug, s.id, s.owner, s.role, s.generation, s.url, o.slug FROM tenant t "
    "LEFT JOIN tenant_store l ON l.tenant = t.id LEFT JOIN store s ON s.id = l.store "
    "LEFT JOIN tenant o ON o.id = s.owner WHERE t.slug = ?1 OR t.id = ?1"
)

StoreRow = tuple[str, str, str, int, str, str]  # id, owner, role, generation, url, owner's slug


class Catalogue:
    """The catalogue's rows.

    Args:
        universal: the shared store.
    """

    def __init__(self, universal: Store) -> None:
        self.universal = universal
        universal.write(lambda: [universal.execute_sql(table) for table in _SCHEMA])

    def find(self, slug_or_id: str) -> tuple[str, str, list[StoreRow]]:
        """Return id, slug and store rows of a tenant.

        Raises:
            UnknownTenant: there is none of that slug or id.
        """
        rows = self.universal.execute_sql(_FIND, (str(slug_or_id),)).fetchall()
        if not rows:
            raise UnknownTenant(f"There is no tenant {str(slug_or_id)[:80]!r} in this data folder.")
        tenant_id, slug = rows[0][:2]
        return tenant_id, slug, [row[2:] for row in rows if row[2] is not None]

    def slugs(self) -> list[str]:
        """Return all slugs, in order."""
        rows = self.universal.execute_sql("SELECT slug FROM tenant ORDER BY slug").fetchall()
        return [slug for (slug,) in rows]

    def require_free(self, slug: str) -> None:
        """Raise `SlugTaken` if a tenant has the slug."""
        if self.universal.execute_sql("SELECT 1 FROM tenant WHERE slug = ?", (slug,)).fetchone():
            raise SlugTaken(f"There is a tenant {slug!r} already: choose another slug.")

    def add(
        self, tenant_id: str, slug: str, stores: dict[str, Store], urls: dict[str, str]
    ) -> None:
        """Enter a tenant, its own stores and the ones that it shares. Runs in the caller's transaction."""
        run = self.universal.execute_sql
        self.require_free(slug)
        run("INSERT INTO tenant (id, slug) VALUES (?, ?)", (tenant_id, slug))
        for role, store in stores.items():
            if role in urls:
                row = (store.id, tenant_id, role, store.generation, urls[role])
                run("INSERT INTO store VALUES (?, ?, ?, ?, ?)", row)
            run("INSERT INTO tenant_store VALUES (?, ?, ?)", (tenant_id, role, store.id))
