"""How a tenant comes to use another's store instead of its own, and back; and the stores that nobody uses then."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .. import sqlite
from ..errors import BadChange, TenantError
from ..places import flush_folder
from ..store import Store
from ..tenant import Tenant, new_id
from .maintenance import alone
from .marks import Mark
from .states import change, require_no_transaction, state_of
from .steps import step

if TYPE_CHECKING:
    from ..router import Router


def share(
    router: Router,
    tenant: Tenant,
    role: str,
    owner: Tenant,
    patience: float,
    check: Callable[[], object] | None = None,
) -> None:
    """Let a tenant use the store of that role that another one uses."""
    require_no_transaction(router)
    store = owner.store(role)
    _require_other(tenant, role, store)
    with alone(router, _homes(tenant, store), patience):
        if check is not None:
            _look(check, tenant, store)

        def write() -> None:
            _require_quiet(router, tenant)
            _require_quiet(router, owner)
            if router.catalogue.store_id_of(owner.id, role) != store.id:
                raise BadChange(f"{owner.slug} has come to use another {role!r} store: try again.")
            router.catalogue.use(tenant.id, role, store.id)

        change(router, write)
        step("shared")


def unshare(router: Router, tenant: Tenant, role: str, patience: float) -> None:
    """Give a tenant a store of its own again: a copy of the one that it shares, as it is now."""
    require_no_transaction(router)
    shared = tenant.store(role)
    if shared.owner == tenant.id:
        raise BadChange(f"{shared.label} is its own already: nothing has to be done.")
    with alone(router, _homes(tenant, shared), patience):
        _require_still(router, tenant, role, shared)
        generation = router.catalogue.next_generation(tenant.id, role)
        own = Store(
            router,
            new_id(),
            tenant.id,
            role,
            generation,
            "",
            f"{tenant.slug}/{role}",
            shared.engine,
        )
        own.path = own.engine.path(router.path, own)
        coming = [(role, generation)]
        with Mark(router, tenant.id, "unshare", tenant.slug, coming, lasting=True) as mark:
            try:
                with shared.get_connection() as connection:
                    own.engine.make_of_copy(own, connection)
                step("store copied")
                own.engine.finish([own])
                flush_folder(own.folder)
                step("store flushed")
            except TenantError:
                raise  # that a lock wasn't had in time is an OSError, too
            except (OSError, sqlite.driver.Error) as error:
                raise TenantError(
                    f"{shared.label} can't be copied for {tenant.slug} ({error}), which goes on sharing it. Is there "
                    f"room on the disk, and may this process write to the data folder?"
                ) from error

            def write() -> None:
                _require_quiet(router, tenant)
                _require_still(router, tenant, role, shared)
                router.catalogue.add_store(own, shared.schema or "", shared.trouble or "")
                router.catalogue.use(tenant.id, role, own.id)

            change(router, write)
            step("unshared")
            mark.done()


def _look(check: Callable[[], object], tenant: Tenant, store: Store) -> None:
    try:
        check()
    except sqlite.driver.Error as error:  # of a connection that it asked for itself
        raise TenantError(
            f"Whether {tenant.slug} may share {store.label} can't be found out ({error}), and nothing was changed: see "
            f"to the disk, then try again."
        ) from error


def _homes(tenant: Tenant, store: Store) -> list[tuple[str, str]]:
    return [(tenant.id, tenant.slug), (store.owner, store.label.partition("/")[0])]


def _require_other(tenant: Tenant, role: str, store: Store) -> None:
    if store.owner == tenant.id:
        raise BadChange(
            f"{store.label} is {tenant.slug}'s own, and can't be shared with it: name another tenant."
        )
    if tenant.stores.get(role) is store:
        raise BadChange(f"{tenant.slug} uses {store.label} already: nothing has to be done.")


def _require_still(router: Router, tenant: Tenant, role: str, store: Store) -> None:
    """Raise `BadChange` where others have changed which store a tenant uses, while this waited for its turn."""
    if router.catalogue.store_id_of(tenant.id, role) != store.id:
        raise BadChange(
            f"{tenant.slug} has come to use another {role!r} store, or is gone: nothing was changed; look again."
        )


def _require_quiet(router: Router, tenant: Tenant) -> None:
    state = state_of(router, tenant)
    if state not in ("active", "suspended"):
        raise BadChange(f"{tenant.slug} is {state}: resume it before its stores are changed.")
