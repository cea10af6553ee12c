"""Files such as a restore prepares: whole copies of stores, closed, in a folder within the data folder."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from tenants import Router, Store, Tenant, sqlite
from tenants.life import copies

#: What is written into a copy, so that it can be told from what it was copied of.
EARLIER = {
    "books": "UPDATE note SET text = 'earlier'",
    "registers": "UPDATE contact SET name = 'earlier'",
}


def prepared_copy(router: Router, store: Store, script: str = "") -> str:
    """Copy a store as it is now, run a script on the copy, and return its path."""
    folder = Path(router.folder, "restoring", store.owner)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{store.role}.{len(list(folder.iterdir()))}.db"
    with store.get_connection() as connection:
        copies.copy(connection, str(path))
    if script:
        with closing(sqlite.driver.connect(str(path), isolation_level=None)) as connection:
            connection.executescript(script)
    return str(path)


def earlier(router: Router, tenant: Tenant | str, *roles: str) -> dict[str, str]:
    """Prepare files of a tenant's stores, in a state that says that it is an earlier one."""
    stores = router.tenant(tenant).stores
    return {role: prepared_copy(router, stores[role], EARLIER[role]) for role in roles}
