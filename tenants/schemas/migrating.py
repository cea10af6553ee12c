"""One store's way from its own version to the program's: all that is pending, or nothing of it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import sqlite
from ..errors import MigrationFailed, TenantError, WrongFile
from ..places import open_own
from . import migrations, snapshots
from .lending import LentDatabase, TooLong

if TYPE_CHECKING:
    from ..store import Store

#: Supplied by the application: given a store and a connection to it, what is wrong with it, in words.
Check = Callable[["Store", Any], Iterable[str]]

#: Seconds that one store's migrations may take, unless the caller says otherwise.
TIME_LIMIT = 600.0


class Migrated(NamedTuple):
    """What was done to a store.

    Attributes:
        before: its version until then.
        names: the migrations that were applied, in order.
        snapshot: the path of the copy that was made before.
    """

    before: int
    names: tuple[str, ...]
    snapshot: str = ""


def _untold(step: str) -> None:
    """Nobody wants to know."""


def migrate(
    store: Store, time_limit: float = TIME_LIMIT, tell: Callable[[str], object] = _untold
) -> Migrated:
    """Bring a store to the program's version, in one transaction, after a snapshot.

    The caller has it to himself. The catalogue isn't told of it here.

    Args:
        store: the store.
        time_limit: seconds that the transaction may take.
        tell: called with the name of each step once it is done.

    Raises:
        MigrationFailed: a migration raised, took too long, or left rows that refer to nothing, or its numbers are out
            of order. The store is as it was.
        TenantError: it can't be migrated as things stand now (no room, busy, a file that is missing or another's).
    """
    pending = store.router.migrations[store.role]
    connection = store.open(any_version=True)
    try:
        with _turn(store, connection):
            before = migrations.version_of(connection)
            names = pending.pending(connection, store.label)
            if not names:
                return Migrated(before, ())
            snapshot = snapshots.take(store, connection, before)
            tell("snapshot")
            apply(connection, store, names, time_limit, tell)
            return Migrated(before, names, snapshot)
    except (sqlite.driver.Error, OSError) as error:
        store.note(error)
        raise hindered(store, error) from error
    finally:
        connection.close()


@contextmanager
def _turn(store: Store, connection: Any) -> Iterator[None]:
    """Wait until nobody else migrates the store; of a tenant's the caller has seen to that.

    The shared database is migrated while others have it open: they read on as of before, and wait to write.
    """
    with ExitStack() as kept:
        if not store.owner:
            lock = kept.enter_context(os.fdopen(open_own(f"{store.path}.lock"), "rb"))
            fcntl.flock(lock, fcntl.LOCK_EX)  # until it is closed
        store.lock.acquire(owner=connection)
        kept.callback(store.lock.release_wholly, connection)
        yield


def hindered(store: Store, error: BaseException) -> TenantError:
    """Return the error for what no migration is to blame for: a busy file, a full disk."""
    return TenantError(
        f"{store.label} couldn't be migrated for now ({error}), and is as it was: see to that, then migrate again."
    )


def apply(
    connection: Any,
    store: Store,
    names: tuple[str, ...],
    time_limit: float,
    tell: Callable[[str], object] = _untold,
) -> None:
    """Apply migrations on a connection to a store, or to a copy of one, in one transaction.

    Foreign keys aren't enforced meanwhile, as a table that is rebuilt is dropped for a moment, but checked at the end
    (https://www.sqlite.org/lang_altertable.html#otheralter).

    Raises:
        MigrationFailed: says which one and why; nothing of it is kept.
    """
    pending = store.router.migrations[store.role]
    modules = pending.modules()
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("BEGIN IMMEDIATE")
    try:
        database = LentDatabase(connection, store.label, monotonic() + time_limit)
        triggers = _triggers(connection)
        migrations.prepare_history(connection)
        tell("begun")
        for name in names:
            _run(database, store, name, modules[name].up, str(pending.folder), time_limit)
            _note(connection, store, name)
            tell(f"applied {name}")
        migrations.set_version(connection, pending.version)
        if database.wrote_schema:  # it is read anew, as whoever opens the file next will find it
            connection.execute("PRAGMA writable_schema = RESET")
        _require_sound(connection, store, names, triggers, database.dropped)
        tell("checked")
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite.driver.ProgrammingError):  # a migration may have closed it
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        raise
    tell("committed")


def _run(
    database: LentDatabase,
    store: Store,
    name: str,
    up: Callable[[Any, Any], object],
    folder: str,
    time_limit: float,
) -> None:
    from playhouse.migrate import SchemaMigrator  # type: ignore[import-untyped]

    why = "it ended the store's transaction, which isn't its own"
    try:
        with database.bounded(folder):
            up(SchemaMigrator.from_database(database), database)
        if database.lent.in_transaction:
            return
        cause: BaseException | None = None
    except TooLong as error:
        why, cause = f"it took longer than {time_limit:.3g} seconds", error
    except (Exception, SystemExit) as error:
        if monotonic() > database.deadline:  # the statement that was interrupted says so, too
            why = f"it took longer than {time_limit:.3g} seconds"
        elif database.denied and sqlite.primary_code(error) == _AUTH:
            why = f"it {database.denied}, which a migration can't"
        elif database.is_closed_by_driver():
            why = "it closed the store, which is merely lent to it"
        elif sqlite.fault(error) or sqlite.is_busy(error):
            raise hindered(store, error) from error
        else:
            why = _told(error)
        cause = error
    raise _failed(store, name, why) from cause


_AUTH = 23
_SPOILED = "it changed the table schema_migration, which isn't its own"


def _note(connection: Any, store: Store, name: str) -> None:
    try:
        migrations.note(connection, name)
    except (sqlite.driver.OperationalError, sqlite.driver.IntegrityError) as error:
        if sqlite.fault(error) or sqlite.is_busy(error):
            raise
        raise _failed(store, name, _SPOILED) from error


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(" :.")


def _failed(store: Store, name: str, why: str) -> MigrationFailed:
    return MigrationFailed(
        f"{name} failed on {store.label}: {why}. Nothing of it was kept; mend the migration, or what it stumbles on, "
        f"then migrate again."
    )


# What must be so before it is kept


def _triggers(connection: Any) -> dict[str, str]:
    rows = connection.execute("SELECT name, tbl_name FROM sqlite_schema WHERE type = 'trigger'")
    return dict(rows.fetchall())


def _require_sound(
    connection: Any,
    store: Store,
    names: tuple[str, ...],
    triggers: dict[str, str],
    dropped: set[str],
) -> None:
    name = names[-1]
    try:
        store.require_identity(connection)
    except WrongFile as error:
        why = f"afterwards the file isn't the store any more ({error.__cause__ or 'it says it is another'})"
        raise _failed(store, name, why) from error
    if migrations.history(connection) != list(store.router.migrations[store.role].names):
        raise _failed(store, name, _SPOILED)
    _require_triggers(connection, store, name, triggers, dropped)
    stray = connection.execute("PRAGMA foreign_key_check").fetchall()
    if stray:
        table, row, parent, _ = stray[0]
        raise _failed(
            store,
            name,
            f"{len(stray)} rows refer to rows that aren't there, such as row {row} of {table} to {parent}",
        )
    wrong = _checked(connection, store)
    if wrong:
        raise _failed(store, name, f"afterwards {'; '.join(wrong[:5])}")


def _checked(connection: Any, store: Store) -> list[str]:
    """Return what the application finds wrong. A check that can't be made at all finds something wrong, too."""
    check = store.router.check_migrated
    try:
        return list(check(store, connection)) if check is not None else []
    except Exception as error:
        if sqlite.fault(error) or sqlite.is_busy(error):
            raise
        return [f"it can't be checked ({_told(error)})"]


def _require_triggers(
    connection: Any, store: Store, name: str, before: dict[str, str], dropped: set[str]
) -> None:
    # Rebuilding a table drops its triggers without a word, and with them whatever they guard.
    lost = before.keys() - _triggers(connection).keys()
    if not lost:
        return
    rows = connection.execute("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")
    tables = {table.lower() for (table,) in rows}
    for trigger in sorted(lost):
        if trigger.lower() not in dropped and before[trigger].lower() in tables:
            raise _failed(
                store,
                name,
                f"the trigger {trigger} went as {before[trigger]} was rebuilt: create it again, or drop it by name",
            )
