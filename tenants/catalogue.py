"""Which tenants there are and where their stores lie: rows of the shared database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from peewee import IntegrityError

from . import catalogue_tables
from .errors import SlugTaken, TenantError, UnknownTenant
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


_STORES = "SELECT s.id, s.owner, s.role, s.generation, s.url, s.schema, s.trouble FROM store s"


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


class Tombstone(NamedTuple):
    """A tenant that was purged.

    Attributes:
        purged_at: when, UTC, as `YYYY-MM-DD HH:MM:SS`.
        backup: where its last backup lies, within the data folder.
    """

    id: str
    slug: str
    purged_at: str
    backup: str


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
        """Return the slug of a tenant; the one that it had, should it be gone."""
        query = "SELECT slug FROM {} WHERE id = ?"
        rows = self._rows(query.format("tenant"), tenant_id)
        rows = rows or self._rows(query.format("tombstone"), tenant_id)
        return rows[0][0] if rows else tenant_id

    def all(self) -> list[TenantRow]:
        """Return all tenants' rows, by slug."""
        groups = groupby(self._rows(_ALL), key=itemgetter(0))
        return [_tenant_row(list(group)) for _, group in groups]

    def knows(self, tenant_id: str) -> bool:
        """True if a tenant of that id is entered."""
        return bool(self._rows("SELECT 1 FROM tenant WHERE id = ?", tenant_id))

    def require_home(self, owner: str, slug: str) -> None:
        """Raise `UnknownTenant` if a tenant was purged with all its stores, so that it has no folder any more."""
        if not self.knows(owner) and not self.of_owner(owner):
            raise UnknownTenant(f"{slug} was purged meanwhile: nothing was changed.")

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
            UnknownTenant: a store that it is to share is gone.
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
            try:
                run("INSERT INTO tenant_store VALUES (?, ?, ?)", (tenant.id, role, store.id))
            except IntegrityError as error:
                raise UnknownTenant(
                    f"{store.label}, which {tenant.slug} was to share, was purged meanwhile: name another."
                ) from error

    def add_store(self, store: Store, schema: str, trouble: str) -> None:
        """Enter a store. Runs in the caller's transaction."""
        self.universal.execute_sql(
            "INSERT INTO store (id, owner, role, generation, url, schema, trouble) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                store.id,
                store.owner,
                store.role,
                store.generation,
                store.engine.url(store),
                schema,
                trouble,
            ),
        )

    def replace_store(self, store: Store, schema: str) -> None:
        """Let a store be the file of another generation, and end its quarantine. Runs in the caller's transaction."""
        self.universal.execute_sql(
            "UPDATE store SET generation = ?, url = ?, schema = ?, trouble = '' WHERE id = ?",
            (store.generation, store.engine.url(store), schema, store.id),
        )

    # Which store a tenant uses

    def use(self, tenant_id: str, role: str, store_id: str) -> None:
        """Let a tenant use a store from now on. Runs in the caller's transaction."""
        self.universal.execute_sql(
            "INSERT INTO tenant_store (tenant, role, store) VALUES (?, ?, ?) "
            "ON CONFLICT (tenant, role) DO UPDATE SET store = excluded.store",
            (tenant_id, role, store_id),
        )

    def store_id_of(self, tenant_id: str, role: str) -> str | None:
        """Return the id of the store of that role that a tenant uses."""
        query = "SELECT store FROM tenant_store WHERE tenant = ? AND role = ?"
        rows = self._rows(query, tenant_id, role)
        return rows[0][0] if rows else None

    def users_of(self, store_id: str) -> dict[str, str]:
        """Return the ids of the tenants that use a store, and their slugs."""
        query = "SELECT t.id, t.slug FROM tenant_store l JOIN tenant t ON t.id = l.tenant WHERE l.store = ?"
        return dict(self._rows(f"{query} ORDER BY t.slug", store_id))

    def unused(self) -> list[StoreRow]:
        """Return the stores that no tenant uses."""
        nobody = "WHERE NOT EXISTS (SELECT 1 FROM tenant_store l WHERE l.store = s.id)"
        return [
            StoreRow(*row)
            for row in self._rows(f"{_STORES} {nobody} ORDER BY owner, role, generation")
        ]

    def of_owner(self, owner: str) -> list[StoreRow]:
        """Return the stores that lie in a tenant's folder, whoever uses them."""
        query = f"{_STORES} WHERE s.owner = ? ORDER BY role, generation"
        return [StoreRow(*row) for row in self._rows(query, owner)]

    def next_generation(self, owner: str, role: str) -> int:
        """Return a generation that no store of that role ever had in its owner's folder: names are given once."""
        query = "SELECT coalesce(max(generation), 0) + 1 FROM {} WHERE owner = ? AND role = ?"
        found = [
            self._rows(query.format(table), owner, role)[0][0]
            for table in ("store", "purged_store", "kept_store")
        ]
        return max(found)

    # What is no more

    def remove(self, tenant: Tenant, stores: Iterable[Store], backup: str) -> None:
        """Put a tombstone in a tenant's place. Runs in the caller's transaction.

        Args:
            tenant: who is purged.
            stores: those of its own stores that go with it.
            backup: where in the data folder its last backup lies.
        """
        run = self.universal.execute_sql
        run("DELETE FROM tenant_store WHERE tenant = ?", (tenant.id,))
        for store in stores:
            self.remove_store(store, backup)
        run("DELETE FROM tenant WHERE id = ?", (tenant.id,))
        run(
            "INSERT INTO tombstone (id, slug, backup) VALUES (?, ?, ?)",
            (tenant.id, tenant.slug, backup),
        )

    def remove_store(self, store: Store, backup: str) -> None:
        """Remember of a store only that it was there, with what was kept of it. Runs in the caller's transaction."""
        run = self.universal.execute_sql
        run(
            "UPDATE kept_store SET gone_at = CURRENT_TIMESTAMP WHERE id = ? AND gone_at = ''",
            (store.id,),
        )
        run("DELETE FROM store WHERE id = ?", (store.id,))
        run(
            "INSERT INTO purged_store (id, owner, role, generation, backup) VALUES (?, ?, ?, ?, ?)",
            (store.id, store.owner, store.role, store.generation, backup),
        )

    def tombstones(self) -> list[Tombstone]:
        """Return those of all tenants that were purged, the latest first."""
        query = "SELECT id, slug, purged_at, backup FROM tombstone ORDER BY purged_at DESC, slug"
        return [Tombstone(*row) for row in self._rows(query)]


def _tenant_row(rows: list[tuple]) -> TenantRow:
    stores = [StoreRow(*row[4:]) for row in rows if row[4] is not None]
    tenant_id, slug, state, reason = rows[0][:4]
    return TenantRow(tenant_id, slug, state, reason, stores)


def taken(slug: str) -> SlugTaken:
    """Return the error for a slug that another tenant has."""
    return SlugTaken(f"There is a tenant {slug!r} already: choose another slug.")
