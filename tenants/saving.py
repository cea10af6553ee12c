"""A store written out into one file, or a few of its tables: for people, for other programs, for later."""

from __future__ import annotations

import asyncio
import base64
import csv
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import Context
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import sqlite
from .errors import TenantError
from .life import copies
from .places import flush_file, flush_folder, remove_store
from .tenant import new_id

if TYPE_CHECKING:
    from .store import Store

_TABLES = (
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
    "AND name NOT IN ('store_identity', 'store_schema', 'schema_migration') ORDER BY name"
)

Tables = tuple[str, ...]


def save(store: Store, path: str | Path, file_format: str, tables: Tables) -> Path:
    """Write a store as of one instant into a file, which is there whole or not at all, in the place of any other.

    Args:
        store: what is written.
        path: the file.
        file_format: one of `FORMATS`.
        tables: what of it; all of it unless any is named.

    Raises:
        TenantError: there is no such format, or it isn't one for this; or the file can't be written.
    """
    write = FORMATS.get(file_format)
    if write is None:
        raise TenantError(
            f"A store can't be saved as {file_format!r}: choose one of {', '.join(FORMATS)}."
        )
    target = Path(path)
    part = target.with_name(f".{target.name}.{new_id()}.part")
    try:
        with store.engine.fixed(store) as connection:
            write(store, connection, str(part), tables)
        flush_file(str(part))
        os.replace(part, target)
        flush_folder(str(target.absolute().parent))
    except (OSError, sqlite.driver.Error) as error:
        if isinstance(error, TenantError):
            raise  # that a lock wasn't had in time is an OSError, too
        raise TenantError(
            f"{store.label} can't be saved to {target} ({error}): is there room on the disk, and may this process "
            f"write there? What was there is as it was."
        ) from error
    finally:
        with suppress(OSError):
            remove_store(str(part))
    return target


async def save_aside(store: Store, path: str | Path, file_format: str, tables: Tables) -> Path:
    """Do that in a thread of the event loop's, which goes on meanwhile."""
    # In a context of its own: what this task has entered isn't that thread's.
    work = partial(Context().run, _save_in_thread, store, path, file_format, tables)
    return await asyncio.get_running_loop().run_in_executor(None, work)


def _save_in_thread(store: Store, path: str | Path, file_format: str, tables: Tables) -> Path:
    try:
        return save(store, path, file_format, tables)
    finally:
        store.router.universal.release(wholly=True)


# The formats


def _write_json(store: Store, connection: Any, path: str, tables: Tables) -> None:
    """Write one object: the store's name, and each table's rows as objects; blobs as `{"base64": …}`."""
    with _text(path) as file:
        file.write(f'{{"store": {json.dumps(store.label)}, "tables": {{')
        for number, table in enumerate(_chosen(store, connection, tables)):
            file.write(f"{',' if number else ''}\n{json.dumps(table)}: [")
            columns, rows = _rows(connection, table)
            for place, row in enumerate(rows):
                told = json.dumps(
                    dict(zip(columns, row, strict=True)), default=_blob, ensure_ascii=False
                )
                file.write(f"{',' if place else ''}\n{told}")
            file.write("]")
        file.write("}}\n")


def _write_csv(store: Store, connection: Any, path: str, tables: Tables) -> None:
    """Write one table, the names of its columns first; blobs in base64."""
    if len(tables) != 1:
        raise TenantError(
            f"{store.label} can't be saved as 'csv', which holds one table: name one model, or choose 'json'."
        )
    with _text(path) as file:
        (table,) = _chosen(store, connection, tables)
        columns, rows = _rows(connection, table)
        out = csv.writer(file)
        out.writerow(columns)
        out.writerows(
            [
                base64.b64encode(value).decode() if isinstance(value, bytes) else value
                for value in row
            ]
            for row in rows
        )


def _write_sqlite(store: Store, connection: Any, path: str, tables: Tables) -> None:
    """Write a database of SQLite's, whole, with its indexes and triggers."""
    if tables:
        raise TenantError(
            f"{store.label} can be saved as 'sqlite' as a whole only: name no model, or choose 'json'."
        )
    copies.copy(connection, path)


FORMATS: dict[str, Callable[[Store, Any, str, Tables], None]] = {
    "json": _write_json,
    "csv": _write_csv,
    "sqlite": _write_sqlite,
}


@contextmanager
def _text(path: str) -> Iterator[Any]:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with open(descriptor, "w", encoding="utf-8", newline="") as file:
        yield file


def _chosen(store: Store, connection: Any, tables: Tables) -> Tables:
    there = tuple(name for (name,) in connection.execute(_TABLES))
    for table in tables:
        if table not in there:
            raise TenantError(
                f"{store.label} has no table {table!r}: it has {', '.join(there) or 'none'}."
            )
    return tables or there


def _rows(connection: Any, table: str) -> tuple[list[str], Any]:
    quoted = table.replace('"', '""')
    rows = connection.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608 - a table's name, quoted
    return [column[0] for column in rows.description], rows


def _blob(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    raise TypeError(f"SQLite gave a {type(value).__name__}")
