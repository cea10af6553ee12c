"""A driver that looks like pysqlite3 and stands on apsw, whose files a test can hold in its hands.

It is what Peewee and `tenants` need of one: connections and cursors that may be subclassed, no transactions of its own
(as with `isolation_level=None`), errors with SQLite's codes. Rows are stepped through as pysqlite3 does: the statement
has ended, and holds no snapshot any more, once its last row was handed out. `test_faults_driver.py` runs parts of the
ordinary suite on it.

`install` puts it in the place of pysqlite3. It must come before Peewee is imported, in a process of its own: two SQLite
libraries on one file drop each other's locks.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import apsw

from .driver_connection import Connection
from .driver_cursor import Cursor, register_adapter, register_converter
from .driver_errors import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Warning,
)

__all__ = [
    "Connection",
    "Cursor",
    "DataError",
    "DatabaseError",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "Warning",
    "complete_statement",
    "connect",
    "install",
    "register_adapter",
    "register_converter",
]

sqlite_version = apsw.sqlite_lib_version()
sqlite_version_info = tuple(map(int, sqlite_version.split(".")))
version = apsw.apsw_version()
apilevel, paramstyle, threadsafety = "2.0", "qmark", 1
PARSE_DECLTYPES, PARSE_COLNAMES = 1, 2
Binary = memoryview
complete_statement = apsw.complete


class Row:
    """Nobody here asks for it."""


Sequence.register(Row)  # as pysqlite3 does


def connect(database: Any, *args: Any, factory: Any = Connection, **options: Any) -> Any:
    """Open a database."""
    return factory(database, *args, **options)


def install() -> None:
    """Take the place of pysqlite3 in this process.

    Raises:
        RuntimeError: it is too late, or a second SQLite would come in.
    """
    if "peewee" in sys.modules or "pysqlite3" in sys.modules:
        raise RuntimeError("The driver is to be installed before Peewee or pysqlite3 is imported.")
    ours = sys.modules[__name__]
    package = ModuleType("pysqlite3")
    package.__dict__.update({k: v for k, v in vars(ours).items() if not k.startswith("__")})
    package.dbapi2 = ours  # type: ignore[attr-defined]
    sys.modules["pysqlite3"] = package
    sys.modules["pysqlite3.dbapi2"] = ours
    ours.__name__ = "pysqlite3.dbapi2"
