"""How a tenant is made as a whole copy of another."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .. import sqlite
from ..errors import TenantError, WrongFile
from ..tenant import Tenant, require_slug
from . import copies
from .creation import Register, enter_into_catalogue, not_made
from .marks import Mark
from .new_homes import NewHome
from .states import require_no_transaction
from .steps import step

if TYPE_CHECKING:
    from ..router import Router


def clone(
    router: Router,
    source: Tenant,
    slug: str,
    setup: Callable[[], object] | None,
    register: Register | None,
) -> Tenant:
    """Make a tenant of copies of another's own stores, as of one instant; what that one shares, it shares too."""
    require_no_transaction(router)
    router.catalogue.require_free(require_slug(slug))
    source.require_open()
    own = {store.role: store for store in source.own_stores()}
    shared = {role: store for role, store in source.stores.items() if role not in own}
    home = NewHome(router, slug, shared)
    # As far along in migrations, and as much in quarantine, as what they are copies of.
    like = {role: (store.schema or "", store.trouble or "") for role, store in own.items()}
    try:
        with home.kept_if_made(), Mark(router, home.tenant.id, "clone", slug) as mark:
            try:
                home.make_folder()
                with copies.snapshot(list(own.values())) as connections:
                    for role, store in own.items():
                        new = home.name_store(role, store.engine)
                        new.engine.make_of_copy(new, connections[store])
                        step("store copied")
                if setup is not None:
                    home.enter(setup)
                home.finish()
            finally:
                home.close()
            enter_into_catalogue(router, home, like, register)
            step("entered")
            mark.done()
    except WrongFile:
        router.tenant(source)  # raises where it was purged meanwhile
        raise
    except TenantError:
        raise  # that a lock wasn't had in time is an OSError, too
    except (OSError, sqlite.driver.Error) as error:
        raise not_made(home.tenant, error) from error
    return home.tenant
