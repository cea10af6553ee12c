"""Which tenants there are and where their stores lie: rows of the shared database."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from peewee import IntegrityError

from . import catalogue_tables
from .errors import SlugTaken, TenantError, UnknownTenant
from .places import relative_path
from .tenant import is_id, may_name

if TYPE_CHECKING:
    from .store import Store
    from .tenant import Tenant

# Plain SQL and no models: the catalogue is what models are routed by, so it mustn't be routed itself.
_ROWS = (
    "SELECT t.id, t.slug, t.state, t.reason, s.id, s.owner, s.role, s.generation, s.url, s.schema, s.trouble "
    "FROM tenant t LEFT JOIN tenant_store l ON l.tenant = t.id LEFT JOIN store s ON s.id = l.store "
)
_BY_ID, _BY_SLUG, _ALL = (
    f"{_ROWS}WHERE t.id = ?",
    f"{_ROWS}WHERE t.slug = ?",
    f"{_ROWS}ORDER BY t.slug",
)


class StoreRow(NamedTuple):
    """A store as the catalogue has it.

    Attributes:
        schema: the fingerprint of its schema, as of when it was last migrated.
        trouble: why it may only be read; empty where nothing is wrong.
    """

    id: str
    owner: str
    role: str
    generation: int
    url: str
    schema: str = ""
    trouble: str = ""


class TenantRow(NamedTuple):
    """A tenant as the catalogue has it, with the stores that it uses."""

    id: str
    slug: str
    state: str
    reason: str
    stores: list[StoreRow]


class Catalogue:
    """The catalogue's rows.

    Args:
        universal: the shared store.
    """

    def __init__(self, universal: Store) -> None:
        self.universal = universal
        catalogue_tables.bring_up_to_date(universal, self._rows)

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
        groups = groupby(self._rows(_ALL), key=itemgetter(0))
        return [_tenant_row(list(group)) for _, group in groups]

    def knows(self, tenant_id: str) -> bool:
        """True if a tenant of that id is entered."""
        return bool(self._rows("SELECT 1 FROM tenant WHERE id = ?", tenant_id))

    def require_free(self, slug: str) -> None:
        """Raise `SlugTaken` if a tenant has the slug."""
        if self._rows("SELECT 1 FROM tenant WHERE slug = ?", slug):
            raise taken(slug)

    def add(self, tenant: Tenant, own: Mapping[str, tuple[str, str]]) -> None:
        """Enter a tenant, its own stores and the ones that it shares. Runs in the caller's transaction.

        Args:
            tenant: with its stores.
            own: schema and trouble of those that are its own, by role.

        Raises:
            SlugTaken: another has the slug by now.
            TenantError: the id was another's, who is gone.
        """
        run = self.universal.execute_sql
        if run("SELECT 1 FROM tombstone WHERE id = ?", (tenant.id,)).fetchone():
            raise TenantError(f"The id {tenant.id} was a purged tenant's: ids never come back.")
        try:
            run("INSERT INTO tenant (id, slug) VALUES (?, ?)", (tenant.id, tenant.slug))
        except IntegrityError as error:
            raise taken(tenant.slug) from error
        for role, store in tenant.stores.items():
            if role in own:
                self.add_store(store, *own[role])
            run("INSERT INTO tenant_store VALUES (?, ?, ?)", (tenant.id, role, store.id))

    def add_store(self, store: Store, schema: str, trouble: str) -> None:
        """Enter a store. Runs in the caller's transaction."""
        place = relative_path(store.owner, store.role, store.generation)
        self.universal.execute_sql(
            "INSERT INTO store (id, owner, role, generation, url, schema, trouble) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                store.id,
                store.owner,
                store.role,
                store.generation,
                f"sqlite:///{place}",
                schema,
                trouble,
            ),
        )


def _tenant_row(rows: list[tuple]) -> TenantRow:
    stores = [StoreRow(*row[4:]) for row in rows if row[4] is not None]
    tenant_id, slug, state, reason = rows[0][:4]
    return TenantRow(tenant_id, slug, state, reason, stores)


def taken(slug: str) -> SlugTaken:
    """Return the error for a slug that another tenant has."""
    return SlugTaken(f"There is a tenant {slug!r} already: choose another slug.")
