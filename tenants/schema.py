"""A schema.sql that is run once on a store, for tables that have no models."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peewee import __exception_wrapper__

from . import statements
from .errors import AlreadyCreated, TenantError

if TYPE_CHECKING:
    from .store import Store

_MARK = "CREATE TABLE IF NOT EXISTS store_schema (digest TEXT NOT NULL) STRICT"


def create(store: Store, schema_file: str | Path) -> bool:
    """Run a script on a store, whole or not at all. Returns False where that same script was run before.

    Raises:
        AlreadyCreated: another script, or another state of this one, was run on this store.
        TenantError: the script begins or ends transactions, or reaches for other files.
        DatabaseError: as Peewee tells what SQLite finds wrong; a note says in which line.
    """
    script = Path(schema_file).read_text(encoding="utf-8-sig")
    digest = hashlib.sha256(script.encode()).hexdigest()
    parts = list(statements.split(script))
    _require_plain(parts, schema_file)
    store.require_writable()
    with store.get_connection() as connection:
        store.lock.acquire(owner=connection)
        try:
            return _run_once(store, connection, parts, digest, str(schema_file))
        finally:
            store.lock.release_wholly(connection)


def _require_plain(parts: list[tuple[int, str]], schema_file: str | Path) -> None:
    for line, statement in parts:
        if statements.kind_of(statement) in (statements.Kind.CONTROL, statements.Kind.ATTACH):
            raise TenantError(
                f"Line {line} of {schema_file} is {statement[:40]!r}: a schema is run in one transaction of ours and "
                f"on one store, so leave that statement out. Nothing was changed."
            )


def _run_once(
    store: Store, connection: Any, parts: list[tuple[int, str]], digest: str, name: str
) -> bool:
    _run(connection, "BEGIN IMMEDIATE")  # closing the connection rolls back what isn't committed
    _run(connection, _MARK)
    row = _run(connection, "SELECT digest FROM store_schema").fetchone()
    if row is not None and row[0] == digest:
        return False
    if row is not None:
        raise AlreadyCreated(
            f"Another schema was created in {store.label} before; migrate it instead."
        )
    for line, statement in parts:
        try:
            _run(connection, statement)
        except Exception as error:
            error.add_note(f"In the statement on line {line} of {name}; nothing of it was kept.")
            raise
    store.require_identity(connection)
    _run(connection, "INSERT INTO store_schema VALUES (?)", (digest,))
    _run(connection, "COMMIT")
    return True


def _run(connection: Any, sql: str, params: tuple[Any, ...] = ()) -> Any:
    with __exception_wrapper__:
        return connection.execute(sql, params)
