"""How a tenant is made of files that were prepared elsewhere: a restore into a new one."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from .. import sqlite
from ..engines import FILES
from ..errors import BadChange, TenantError, WrongFile
from ..tenant import Tenant, require_slug
from .creation import Register, enter_into_catalogue
from .marks import Mark
from .new_homes import NewHome
from .placing import not_placed, place
from .states import require_no_transaction
from .steps import step

if TYPE_CHECKING:
    from ..router import Router


def adopt(
    router: Router,
    slug: str,
    files: Mapping[str, str],
    register: Register | None,
    setup: Callable[[], object] | None,
    share: Mapping[str, Tenant | str],
    tenant_id: str | None = None,
) -> Tenant:
    """Make a tenant whose stores are prepared files."""
    require_no_transaction(router)
    router.catalogue.require_free(require_slug(slug))
    if not files or not files.keys().isdisjoint(share):
        raise BadChange(f"{slug} needs a file, or a store to share, for each role, and not both.")
    shared = {role: router.tenant(whose).store(role) for role, whose in share.items()}
    home = NewHome(router, slug, shared, tenant_id)
    try:
        with Mark(router, home.tenant.id, "adopt", slug) as mark:
            try:
                home.make_folder()
                for role, prepared in files.items():
                    place(home.name_store(role, FILES), os.fspath(prepared))
                if setup is not None:
                    home.enter(setup)
                home.finish()
            finally:
                home.close()
            enter_into_catalogue(router, home, {}, register)
            step("entered")
            mark.done()
    except (TenantError, WrongFile):
        raise  # that a lock wasn't had in time is an OSError, too
    except (OSError, sqlite.driver.Error) as error:
        raise not_placed(slug, error) from error
    return home.tenant
