"""What has to be done to stores of a role as the program grows: a folder of numbered files, in order.

The files are those of `playhouse.migrations`: each defines `up(migrator, db)`. A store's own version is the number of
the last one applied to it, in `PRAGMA user_version`; their names are in the history table that playhouse keeps. A new
store's tables are made from the models as they are, so it starts at the last number with a whole history.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import MigrationFailed, StoreAhead

if TYPE_CHECKING:
    from types import ModuleType

# As playhouse.migrations makes it, so that its own tools understand our stores.
_HISTORY = (
    'CREATE TABLE IF NOT EXISTS "schema_migration" ("id" INTEGER NOT NULL PRIMARY KEY, '
    '"name" VARCHAR(255) NOT NULL, "applied" DATETIME NOT NULL)',
    'CREATE UNIQUE INDEX IF NOT EXISTS "schema_migration_name" ON "schema_migration" ("name")',
)
_HAS_HISTORY = "SELECT 1 FROM sqlite_schema WHERE name = 'schema_migration'"
_NAME = re.compile(r"([0-9]{1,9})(?:_\w+)?", re.ASCII)


class Migrations:
    """The migrations of one role.

    Args:
        role: the stores that they are for; `universal` for the shared database.
        folder: where they lie. Files whose names don't begin with a digit are left alone.

    Attributes:
        names: of all of them, in order; the file without its ending.
        version: the number of the last one, 0 where there is none.

    Raises:
        MigrationFailed: the folder isn't there, or its numbers don't go 1, 2, 3, … one file each.
    """

    def __init__(self, role: str, folder: str | Path) -> None:
        self.role = role
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise MigrationFailed(
                f"The migrations of {role!r} are to be in {self.folder}, which is no folder: make it, or name another."
            )
        self.names = self._read()
        self.version = len(self.names)
        self._local = threading.local()

    def _read(self) -> tuple[str, ...]:
        names = [path.stem for path in self.folder.glob("[0-9]*.py")]
        numbered = sorted((self._number(name), name) for name in names)
        for wanted, (number, name) in enumerate(numbered, start=1):
            if number == wanted:
                continue
            before = numbered[wanted - 2][1] if wanted > 1 else None
            if before is not None and number == wanted - 1:
                raise MigrationFailed(
                    f"Two migrations of {self.role!r} have the number {number}: {before}.py and {name}.py in "
                    f"{self.folder}. Give the one that no store has seen yet the next free number."
                )
            raise MigrationFailed(
                f"The migrations of {self.role!r} go from {before or 'nothing'} to {name} in {self.folder}: number "
                f"{wanted} is missing. Put it back, or number them 1, 2, 3, … without a gap."
            )
        return tuple(name for _, name in numbered)

    def _number(self, name: str) -> int:
        found = _NAME.fullmatch(name)
        if found is None:
            raise MigrationFailed(
                f"{name}.py in {self.folder} isn't the name of a migration: call it like 0001_add_column.py."
            )
        return int(found.group(1))

    @cached_property
    def fingerprint(self) -> str:
        """What the catalogue notes of a store that has been through all of them.

        Of their names and not of what is in them: a store never runs one a second time, so that a comment mended in
        an old migration is no reason to open ten thousand stores.
        """
        digest = hashlib.sha256("\n".join(self.names).encode()).hexdigest()
        return f"{self.version}:{digest[:16]}"

    def modules(self) -> dict[str, ModuleType]:
        """Return the code of each, loaded once in each thread, as whatever a module holds may be bound to a database.

        Raises:
            MigrationFailed: one can't be loaded, has no `up`, or wants to run outside a transaction.
        """
        found: dict[str, ModuleType] | None = getattr(self._local, "modules", None)
        if found is None:
            found = self._local.modules = {name: self._load(name) for name in self.names}
        return found

    def _load(self, name: str) -> ModuleType:
        from playhouse.migrations import Migration  # type: ignore[import-untyped]

        path = self.folder / f"{name}.py"
        try:
            module: ModuleType = Migration(0, name, str(path), None).load()
        except (Exception, SystemExit) as error:
            raise MigrationFailed(
                f"{path} can't be loaded ({type(error).__name__}: {error}): mend it; no store was touched."
            ) from error
        if not callable(getattr(module, "up", None)):
            raise MigrationFailed(
                f"{path} defines no up(migrator, db): add it; no store was touched."
            )
        if not getattr(module, "atomic", True):
            raise MigrationFailed(
                f"{path} says `atomic = False`, but a store is migrated whole or not at all: take that line out."
            )
        return module

    # What a store says of itself

    def mark(self, connection: Any) -> None:
        """Let a new, empty store start at the last version, as its tables are to be made as the models are now."""
        for statement in _HISTORY:
            connection.execute(statement)
        for name in self.names:
            note(connection, name)
        set_version(connection, self.version)

    def pending(self, connection: Any, label: str) -> tuple[str, ...]:
        """Return the names of those that a store hasn't been through.

        Raises:
            StoreAhead: it has been through some that aren't here.
            MigrationFailed: what it has been through are not the first of ours, in order.
        """
        version = version_of(connection)
        applied = history(connection)
        strange = [name for name in applied if name not in self.names]
        if version > self.version or strange:
            raise StoreAhead(
                f"{label} is at version {version} ({strange[-1] if strange else 'unnamed'}), and this program knows "
                f"{self.version} migrations of it: install the newer program again. It was left as it is."
            )
        if applied != list(self.names[: len(applied)]):
            missed = next(name for name in self.names if name not in applied)
            raise MigrationFailed(
                f"{missed} is not in order: {label} has been through {applied[-1]} already, and not through it. Give "
                f"it a number after the last one that was given out."
            )
        if version != len(applied):
            raise MigrationFailed(
                f"{label} says it is at version {version}, and its history names {len(applied)} migrations: it was "
                f"changed by hand. Restore it from a backup, or set `PRAGMA user_version` right."
            )
        return self.names[version:]


def read(folders: Mapping[str, str | Path] | None) -> dict[str, Migrations]:
    """Read each role's migrations. Raises `MigrationFailed` where they aren't in order."""
    return {role: Migrations(role, folder) for role, folder in (folders or {}).items()}


def version_of(connection: Any) -> int:
    """Return a store's version: the number of the last migration applied to it."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def set_version(connection: Any, version: int) -> None:
    """Note a store's version in its header, within the caller's transaction."""
    connection.execute(f"PRAGMA user_version = {version:d}")


def history(connection: Any) -> list[str]:
    """Return the names of the migrations that a store has been through, in order."""
    if connection.execute(_HAS_HISTORY).fetchone() is None:
        return []
    rows = connection.execute('SELECT "name" FROM "schema_migration" ORDER BY "id"')
    return [name for (name,) in rows]


def note(connection: Any, name: str) -> None:
    """Note in a store's history that it has been through a migration, within the caller's transaction."""
    connection.execute(
        'INSERT INTO "schema_migration" ("name", "applied") VALUES (?, ?)',
        (name, f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}"),
    )


def prepare_history(connection: Any) -> None:
    """Make the history table where there is none."""
    for statement in _HISTORY:
        connection.execute(statement)
