"""The part of the router that minds schemas: which versions the program works with, and what is behind when opened."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import StoreAhead, StoreBehind
from . import migrations

if TYPE_CHECKING:
    from ..sqlite import Versions
    from ..store import Store
    from ..tenant import Tenant
    from .migrating import Check
    from .migrations import Migrations


class Versioned:
    """What a router knows of migrations.

    Attributes:
        migrations: of each role that has any; `universal` are the shared database's.
        migrate_on_open: bring a tenant's stores up to the program's version as it is entered.
        check_migrated: supplied by the application: what is wrong with a store that was just migrated, in words;
            whatever it says keeps the migration from being committed.
    """

    universal_store: Store

    def tenant(self, slug_or_id: Tenant | str) -> Tenant:
        """Return a tenant by slug or id, as it is now."""
        raise NotImplementedError

    def init_migrations(
        self, folders: Mapping[str, str | Path] | None, migrate_on_open: bool
    ) -> None:
        """Read the folders. Raises `MigrationFailed` where one isn't there or isn't in order."""
        self.migrations: dict[str, Migrations] = migrations.read(folders)
        self.migrate_on_open = migrate_on_open
        self.check_migrated: Check | None = None
        self.is_current = "universal" not in self.migrations
        self._bringing_up = threading.Lock()

    def versions(self, role: str) -> Versions | None:
        """Return the least and the greatest version of a role's schema that may be opened; None for any."""
        found = self.migrations.get(role)
        if found is None:
            return None
        # The shared database is what a run of migrations begins with, so it is opened while it is behind.
        return (0 if role == "universal" else found.version, found.version)

    def fingerprint(self, role: str) -> str:
        """Return what the catalogue is to say of a store of that role which is as the program wants it."""
        found = self.migrations.get(role)
        return found.fingerprint if found is not None else ""

    def require_current(self) -> None:
        """See to the shared database, once: at `migrate_on_open` it is migrated, and otherwise has to be.

        Raises:
            StoreBehind: it has to be migrated first, and nobody enters anything before.
            StoreAhead: it is newer than the program.
        """
        if self.is_current:
            return
        store, wanted = self.universal_store, self.migrations["universal"]
        version = store.database._use().run("PRAGMA user_version").fetchone()[0]
        if version > wanted.version:
            raise StoreAhead(
                f"{store.label} is at version {version} of its schema, and this program knows {wanted.version}: "
                f"install the newer program again. It was left as it is."
            )
        if version < wanted.version:
            if not self.migrate_on_open:
                raise StoreBehind(
                    f"{store.label} is at version {version} of its schema, and this program works with "
                    f"{wanted.version}: migrate it first (`cuneifox migrate`, or `Fleet(router).run()`)."
                )
            from .migrating import migrate

            with self._bringing_up:
                migrate(store)
        self.is_current = True

    def bring_up(self, tenant: Tenant) -> None:
        """Migrate whatever a tenant uses and isn't as the program wants it, before anybody has a lease of it.

        A store in quarantine is left alone: it is tried again when somebody asks for it, not with every request.

        Raises:
            MigrationFailed: one failed just now, and is in quarantine from now on.
            LockTimeout: others have the store for too long.
        """
        if all(self.is_fit(store) for store in tenant.stores.values()):
            return
        from .fleet import bring_up

        bring_up([store for store in tenant.stores.values() if not self.is_fit(store)])
        self.tenant(tenant.id)  # what the catalogue says of them by now

    def is_fit(self, store: Store) -> bool:
        """False for a store that is to be migrated as it is opened."""
        wanted = self.migrations.get(store.role)
        return wanted is None or store.schema == wanted.fingerprint or store.trouble is not None
