"""The files as SQLite sees them: whether they are whole, and what guards them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib.resources import files
from typing import Any

from models.checks.findings import Fault
from models.registers import register_triggers
from models.triggers import statements
from tenants import Store, TenantError

INTEGRITY = "PRAGMA integrity_check(20)"
FOREIGN_KEYS = "PRAGMA foreign_key_check"
ONLY_ROW = "SELECT only_row FROM store_identity"
HISTORY = "SELECT id FROM schema_migration ORDER BY id"
TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"


def integrity(connection: Any) -> Iterator[Fault]:
    """Yield what SQLite's own check says of a file."""
    for (said,) in connection.execute(INTEGRITY):
        if said != "ok":
            for line in said.splitlines():
                yield Fault("integrity", f"SQLite finds: {line}")


def foreign_keys(connection: Any) -> Iterator[Fault]:
    """Yield the rows that refer to rows that aren't there, table by table."""
    missing: dict[tuple[str, str], list[Any]] = {}
    for table, row, parent, _ in connection.execute(FOREIGN_KEYS):
        missing.setdefault((table, parent), []).append(row)
    for (table, parent), rows in missing.items():
        named = [str(row) for row in rows[:5] if row is not None]
        which = f" (rows {', '.join(named)})" if named else ""
        yield Fault(
            "foreign-key",
            f"{len(rows)} rows of {table} refer to rows of {parent} that aren't there{which}",
        )


def origin(store: Store, connection: Any) -> Iterator[Fault]:
    """Yield what is odd about the two tables by which the program knows whose file it is, and of which version.

    Whose it is was compared as it was opened.
    """
    if [only for (only,) in connection.execute(ONLY_ROW)] != [1]:
        yield Fault("origin", "store_identity hasn't the one row that it was made with")
    wanted = store.router.migrations.get(store.role)
    if wanted is None:
        return
    try:
        wanted.pending(connection, store.label)
    except TenantError as error:
        yield Fault("origin", str(error))
    else:
        ids = [id for (id,) in connection.execute(HISTORY)]
        if ids != list(range(1, wanted.version + 1)):
            yield Fault("origin", "schema_migration numbers its migrations otherwise than in order")


def triggers(wanted: Callable[[], Iterable[str]], connection: Any) -> Iterator[Fault]:
    """Yield the triggers that aren't there, aren't what they were made as, or are none of this program's.

    One that somebody else put there changes rows as they are written, so that they come under seal as it left them.
    """
    found = {name: _plain(sql) for name, sql in connection.execute(TRIGGERS)}
    for statement in map(_plain, wanted()):
        name = statement.split()[2]
        had = found.pop(name, None)
        if had is None:
            yield Fault("trigger", f"the trigger {name} is missing, and nothing keeps its rule")
        elif had != statement:
            yield Fault("trigger", f"the trigger {name} was replaced by another")
    for name in found:
        yield Fault("trigger", f"the trigger {name} was added by something else than this program")


def book_triggers() -> Iterator[str]:
    """Yield the statements that make the triggers of the books."""
    for script in files("models.triggers").joinpath("sqlite").iterdir():
        yield from statements(script.read_text(encoding="utf-8"))


def _plain(sql: str) -> str:
    """A trigger's statement as SQLite keeps it, whatever stands ahead of it or between its words."""
    return " ".join(sql[sql.index("CREATE TRIGGER") :].replace("IF NOT EXISTS ", "").split())


GUARDS: dict[str, tuple[Callable[[Any], Iterator[Fault]], ...]] = {
    "books": (partial(triggers, book_triggers),),
    "registers": (partial(triggers, register_triggers),),
    "attachments": (partial(triggers, tuple),),
}
"""What guards the rows of each store."""

LOOKS = {role: (integrity, foreign_keys, *guards) for role, guards in GUARDS.items()}
"""What is looked at in the file of each store."""
