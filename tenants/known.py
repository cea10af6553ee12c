"""Which tenants and stores this process has in mind, and whether what it has in mind still holds."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from . import engines, stamps
from .catalogue import StoreRow, TenantRow
from .errors import UnknownTenant, WrongFile
from .store import Store
from .tenant import Tenant

if TYPE_CHECKING:
    from .router import Router


class KnownTenants:
    """One object per tenant and per store's generation, for as long as anybody has it in hand.

    Args:
        router: whose tenants these are.
        kept: how many tenants are kept in mind though nobody has them in hand; the least recently read go first.
    """

    def __init__(self, router: Router, kept: int = 1000) -> None:
        self.router = router
        self.kept = kept
        self._by_name: WeakValueDictionary[str, Tenant] = WeakValueDictionary()
        self._stores: WeakValueDictionary[tuple[str, int], Store] = WeakValueDictionary()
        self._recent: OrderedDict[str, Tenant] = OrderedDict()

    def find(self, slug_or_id: str) -> Tenant:
        """Return a tenant as it is now.

        Raises:
            UnknownTenant: there is none of that slug or id, or none any more.
        """
        now = self.router.notice.now()
        tenant = self._by_name.get(slug_or_id)
        if tenant is not None and now is not None and tenant.seen == now:
            return tenant
        try:
            row = self.router.catalogue.find(slug_or_id)
        except UnknownTenant:
            gone = self._by_name.pop(slug_or_id, None)
            for store in gone.own_stores() if gone is not None else ():
                if not self.router.catalogue.users_of(store.id):
                    store.engine.let_go(store)  # another process has purged it
            raise
        return self.take(row, now)

    def fresh(self, tenant: Tenant) -> Tenant:
        """Return a tenant that somebody had in hand, as it is now. Raises `UnknownTenant` where it is gone."""
        now = self.router.notice.now()
        return tenant if now is not None and tenant.seen == now else self.find(tenant.id)

    def all(self) -> list[Tenant]:
        """Return all tenants, by slug."""
        now = self.router.notice.now()
        return [self.take(row, now, keep=False) for row in self.router.catalogue.all()]

    def take(self, row: TenantRow, now: int | None, keep: bool = True) -> Tenant:
        """Return the tenant of a row of the catalogue, brought up to date.

        Args:
            row: what the catalogue says.
            now: what the notice said before the catalogue was asked.
            keep: keep it in mind, though nobody may have it in hand.
        """
        # A thread that is in the middle of a transaction, or of rows, reads the catalogue as it was then.
        seen = now if self.router.universal.is_fresh() else None
        with self.router.mutex:
            stores = {store.role: self._store(row, store) for store in row.stores}
            tenant = self._by_name.get(row.id)
            if tenant is None:
                tenant = Tenant(self.router, row.id, row.slug, stores)
            elif tenant.slug != row.slug and self._by_name.get(tenant.slug) is tenant:
                del self._by_name[tenant.slug]
            tenant.bring_up_to_date(row.slug, row.state, row.reason, stores, seen)
            return self.remember(tenant, keep)

    def remember(self, tenant: Tenant, keep: bool = True) -> Tenant:
        """Keep a tenant in mind, and its stores."""
        self._by_name[tenant.id] = self._by_name[tenant.slug] = tenant
        for store in tenant.stores.values():
            self._stores[store.stamp] = store
        if keep:
            self._recent[tenant.id] = tenant
            self._recent.move_to_end(tenant.id)
            while len(self._recent) > self.kept:
                self._recent.popitem(last=False)
        return tenant

    def forget(self, tenant: Tenant) -> None:
        """Forget a tenant that is no more."""
        with self.router.mutex:
            self._recent.pop(tenant.id, None)
            for name in (tenant.id, tenant.slug):
                self._by_name.pop(name, None)
        for store in tenant.own_stores():
            stamps.forget(store)

    def of_owner(self, owner: str) -> list[Store]:
        """Return all stores that lie in a tenant's folder, whoever uses them. Its row may be gone."""
        with self.router.mutex:
            return [self._store(None, row) for row in self.router.catalogue.of_owner(owner)]

    def unused(self) -> list[Store]:
        """Return the stores that no tenant uses."""
        with self.router.mutex:
            return [self._store(None, row) for row in self.router.catalogue.unused()]

    def _store(self, tenant: TenantRow | None, row: StoreRow) -> Store:
        slug = tenant.slug if tenant is not None and row.owner == tenant.id else ""
        store = self._stores.get((row.id, row.generation))
        if store is None:
            store = self._make_store(slug, row)
        store.trouble = row.trouble or None
        store.take_schema(row.schema)
        if slug and store.label != f"{slug}/{row.role}":
            store.rename(f"{slug}/{row.role}")
        return store

    def _make_store(self, slug: str, row: StoreRow) -> Store:
        router = self.router
        label = f"{slug or router.catalogue.slug_of(row.owner)}/{row.role}"
        engine = engines.of_url(row.url, label)
        if row.url != engine.url(row):
            raise WrongFile(f"The catalogue places {label} at {row.url!r}, which isn't its place.")
        path = engine.path(router.path, row)
        store = Store(router, row.id, row.owner, row.role, row.generation, path, label, engine)
        self._stores[store.stamp] = store
        return store
