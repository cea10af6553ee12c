"""A company's files while nobody has them open: as they were made, opened with every guard taken out, and put back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tenants import Router, Tenant
from tenants.sqlite import driver


class Table(NamedTuple):
    """A table of a store: its columns with their declared types, those of its key, and whether one may be NULL."""

    role: str
    name: str
    columns: dict[str, str]
    key: tuple[str, ...]
    nullable: frozenset[str]


class Files:
    """The files of one company and of the catalogue, which are put back after each edit."""

    def __init__(self, router: Router, tenant: Tenant) -> None:
        self.router = router
        self.paths = {role: Path(store.path) for role, store in tenant.stores.items()}
        self.paths["universal"] = Path(router.universal_store.path)
        self.close()
        for path in self.paths.values():
            with closing(driver.connect(str(path), isolation_level=None)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.kept = {role: path.read_bytes() for role, path in self.paths.items()}
        backups = router.universal.execute_sql("SELECT facts FROM backup").fetchall()
        self.anchors = sorted(json.loads(facts)["chain_count"] for (facts,) in backups)
        self.tables = [table for role in tenant.stores for table in self._tables(role)]

    def close(self) -> None:
        """Close what the router has open."""
        self.router.universal.release()
        self.router.pool.close()

    def put_back(self) -> None:
        """Make the files what they were."""
        self.close()
        for role, path in self.paths.items():
            for suffix in ("-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            path.write_bytes(self.kept[role])

    @contextmanager
    def behind_our_back(self, role: str) -> Iterator[Any]:
        """A connection on which nothing is refused, and after which every trigger is there again."""
        self.close()
        with closing(driver.connect(str(self.paths[role]), isolation_level=None)) as connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            connection.execute("PRAGMA ignore_check_constraints = ON")
            triggers = connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall()
            for name, _ in triggers:
                connection.execute(f"DROP TRIGGER {name}")
            yield connection
            for _, sql in triggers:
                connection.execute(sql)

    def _tables(self, role: str) -> Iterator[Table]:
        with closing(driver.connect(str(self.paths[role]), isolation_level=None)) as connection:
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (name,) in names.fetchall():
                info = connection.execute(f'PRAGMA table_info("{name}")').fetchall()
                yield Table(
                    role,
                    name,
                    {row[1]: row[2].upper() for row in info},
                    tuple(row[1] for row in info if row[5]) or ("rowid",),
                    frozenset(row[1] for row in info if not row[3] and not row[5]),
                )
