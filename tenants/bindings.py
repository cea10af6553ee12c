"""Which database each model goes to in an entry of each tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .current import UNIVERSAL
from .errors import BindingFixed
from .metadata import ThreadSafeDatabaseMetadata, registry

if TYPE_CHECKING:
    from .router import Router
    from .tenant import Tenant


class _Table:
    """What was worked out since a model was last made or bound."""

    def __init__(self) -> None:
        self.universal: dict[int, Any] | None = None
        self.by_role: dict[str, list[int]] = {}


class Bindings:
    """`{model_id: Database}` of each tenant, worked out once.

    Args:
        router: whose tenants these are.
    """

    def __init__(self, router: Router) -> None:
        self.router = router
        self._table = _Table()

    def forget(self) -> None:
        """A model was made or bound: work it out anew. Whoever is at it fills a table that nobody reads any more."""
        self._table = _Table()

    def model_made(self, meta: Any) -> None:
        """Enter a model into the universal entry, if it is universal, and into every entry from now on."""
        if meta.store is None and not meta.is_static:
            self.router.db_dict[UNIVERSAL][meta.model_id] = self.universal_database(meta)
        self.forget()

    def of(self, tenant: Tenant | None) -> dict[int, Any]:
        """Return what an entry of the tenant, or of universal models alone, is filled with. Not to be changed."""
        table = self._table
        if tenant is not None:
            known = tenant.bindings
            if known is not None and known[0] is table:
                return known[1]
        universal = table.universal
        if universal is None:
            universal = self._sort_models(table)
        if tenant is None:
            return universal
        bindings = universal.copy()
        for role, store in tenant.stores.items():
            bindings.update(dict.fromkeys(table.by_role.get(role, ()), store.database))
        tenant.bindings = (table, bindings)
        return bindings

    def _sort_models(self, table: _Table) -> dict[int, Any]:
        universal: dict[int, Any] = {}
        by_role: dict[str, list[int]] = {}
        for meta in _registered():
            if meta.store is not None:
                by_role.setdefault(meta.store, []).append(meta.model_id)
            elif not meta.is_static:
                universal[meta.model_id] = self.universal_database(meta)
        table.by_role = by_role
        table.universal = universal
        return universal

    def universal_database(self, meta: Any) -> Any:
        """Return what a universal model is bound to, else what it was declared with, else the shared database."""
        bound = self.router.db_dict[UNIVERSAL].get(meta.model_id)
        if bound is not None:
            return bound
        return meta._declared if meta._declared is not None else self.router.universal

    def bind_universal(self, meta: Any, database: Any) -> None:
        """Bind a universal model for everybody.

        Raises:
            BindingFixed: the app has started.
        """
        if self.router.started:
            raise BindingFixed(
                f"{meta.model.__name__} is universal and the app has started: bind it before, or within an entry."
            )
        self.router.db_dict[UNIVERSAL][meta.model_id] = database
        self.forget()


def _registered() -> list[ThreadSafeDatabaseMetadata]:
    while True:
        try:
            return list(registry)
        except RuntimeError:  # another thread makes a model class at this moment
            continue
