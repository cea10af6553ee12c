"""How a tenant goes from one state to another, and gets another slug: one transaction of the catalogue each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from peewee import IntegrityError

from ..catalogue import taken
from ..errors import BadChange, TenantError, UnknownTenant
from ..tenant import require_slug

if TYPE_CHECKING:
    from ..router import Router
    from ..tenant import Tenant

T = TypeVar("T")

#: From which states a tenant comes into which.
_FROM = {
    "active": ("suspended", "archived"),
    "suspended": ("active", "archived"),
    "archived": ("active", "suspended"),
}
_INSTEAD = {
    "active": "It is at work already: nothing has to be done.",
    "suspended": "It is already: resume it first, if another reason is to be given.",
    "archived": "It is already: resume it first, if another reason is to be given.",
}


def change(router: Router, write: Callable[[], T]) -> T:
    """Run one transaction on tenants' and stores' rows, of which every process takes note.

    Raises:
        TenantError: a transaction is open on the shared database, which might be undone later.
    """
    require_no_transaction(router)
    with router.notice.changing():
        return router.universal_store.write(write)


def require_no_transaction(router: Router) -> None:
    """Raise `TenantError` within a transaction on the shared database."""
    if router.universal.in_transaction():
        raise TenantError(
            "Tenants can't be made or changed within a transaction on the shared database, which might be undone while "
            "the files stay: do it before or after."
        )


def state_of(router: Router, tenant: Tenant) -> str:
    """Return a tenant's state, within the caller's transaction on the catalogue."""
    run = router.universal_store.execute_sql
    row = run("SELECT state FROM tenant WHERE id = ?", (tenant.id,)).fetchone()
    if row is None:
        raise UnknownTenant(f"{tenant.slug} isn't in the catalogue any more.")
    state: str = row[0]
    return state


def set_state(router: Router, tenant: Tenant, state: str, reason: str) -> None:
    """Bring a tenant into another state.

    Raises:
        BadChange: it can't come there from the state that it is in.
        UnknownTenant: it is gone.
    """

    def write() -> None:
        before = state_of(router, tenant)
        if before not in _FROM[state]:
            raise BadChange(
                f"{tenant.slug} is {before}, and can't become {state} from there. {_INSTEAD[state]}"
            )
        router.universal_store.execute_sql(
            "UPDATE tenant SET state = ?, reason = ? WHERE id = ?", (state, reason, tenant.id)
        )

    change(router, write)


def rename(router: Router, tenant: Tenant, slug: str) -> None:
    """Give a tenant another slug. Raises `BadSlug`, `SlugTaken` and `UnknownTenant`."""
    require_slug(slug)

    def write() -> None:
        state_of(router, tenant)
        try:
            router.universal_store.execute_sql(
                "UPDATE tenant SET slug = ? WHERE id = ?", (slug, tenant.id)
            )
        except IntegrityError as error:
            raise taken(slug) from error

    change(router, write)
