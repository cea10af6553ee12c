"""What SQLite itself says of a call during which our file system failed.

apsw raises the error of a file system's method even where SQLite has come to terms with the failure, such as that of a
checkpoint after a commit that went through. The application on pysqlite3 would learn nothing of it. So the result code
is read where SQLite keeps it, in the connection; where that is, is found by making errors.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress
from functools import cache

import apsw

_FINE = (apsw.SQLITE_OK, apsw.SQLITE_ROW, apsw.SQLITE_DONE)


def code_of(connection: apsw.Connection) -> int:
    """Return the result code of the connection's latest call; 0 where it went well."""
    code = _word(connection, _place())
    return 0 if code in _FINE else code


def _word(connection: apsw.Connection, offset: int) -> int:
    return ctypes.c_int.from_address(connection.sqlite3_pointer() + offset).value


@cache
def _place() -> int:
    connection = apsw.Connection(":memory:")
    connection.execute(
        "CREATE TABLE t (a PRIMARY KEY, b CHECK (b > 0)); INSERT INTO t VALUES (1, 1)"
    )
    places = set(range(0, 256, 4))
    for sql, code in (
        ("SELECT nothing", apsw.SQLITE_ERROR),
        ("INSERT INTO t VALUES (1, 1)", apsw.SQLITE_CONSTRAINT_PRIMARYKEY),
        ("INSERT INTO t VALUES (2, 0)", apsw.SQLITE_CONSTRAINT_CHECK),
        ("COMMIT", apsw.SQLITE_ERROR),
    ):
        with suppress(apsw.Error):
            connection.execute(sql)
        places = {place for place in places if _word(connection, place) == code}
        connection.execute("SELECT 1").fetchall()
        places = {place for place in places if _word(connection, place) in _FINE}
    connection.close()
    (place,) = places
    return place
