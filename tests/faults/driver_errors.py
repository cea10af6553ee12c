"""The errors of the driver: the tree of the DB-API, and what becomes of apsw's errors in it."""

from __future__ import annotations

import apsw


class Warning(Exception):
    """As the DB-API has it."""


class Error(Exception):
    """The root.

    Attributes:
        sqlite_errorcode: SQLite's primary result code, as pysqlite3 has it, of an error that SQLite told.
        sqlite_errorname: its name.
    """

    sqlite_errorcode: int
    sqlite_errorname: str


class InterfaceError(Error):
    """Wrong use of the driver."""


class DatabaseError(Error):
    """Whatever is wrong with the database."""


class DataError(DatabaseError):
    """A value that is too big."""


class OperationalError(DatabaseError):
    """The disk, a lock, a wrong statement."""


class IntegrityError(DatabaseError):
    """A broken constraint."""


class InternalError(DatabaseError):
    """SQLite is confused."""


class ProgrammingError(DatabaseError):
    """What is closed was used, say."""


class NotSupportedError(DatabaseError):
    """As the DB-API has it."""


_BY_CODE: dict[int, type[Exception]] = {
    **dict.fromkeys((1, 3, 4, 5, 6, 8, 9, 10, 13, 14, 15, 16, 17), OperationalError),
    **dict.fromkeys((2, 12), InternalError),
    7: MemoryError,
    18: DataError,
    **dict.fromkeys((19, 20), IntegrityError),
    21: ProgrammingError,
    25: InterfaceError,
}
"""Primary result codes, as pysqlite3 sorts them; the others are DatabaseErrors."""


def is_injected(error: BaseException | None) -> bool:
    """True where a file system of ours failed, whatever came of that."""
    while error is not None:
        if getattr(error, "injected", False):
            return True
        error = error.__context__
    return False


def of(error: Exception, code: int | None = None) -> Exception:
    """Return what pysqlite3 would have raised where apsw raised this.

    Args:
        error: apsw's.
        code: SQLite's own result code, where it is known.
    """
    if isinstance(error, apsw.ConnectionClosedError):
        return ProgrammingError("Cannot operate on a closed database.")
    if isinstance(error, apsw.CursorClosedError):
        return ProgrammingError("Cannot operate on a closed cursor.")
    if isinstance(error, apsw.BindingsError):
        return ProgrammingError(str(error))
    if isinstance(error, apsw.ThreadingViolationError):
        return ProgrammingError(str(error))
    if code is None:
        code = getattr(error, "extendedresult", None)
    if not isinstance(error, apsw.Error) or code is None:
        return error
    primary = code & 0xFF
    told = _BY_CODE.get(primary, DatabaseError)(str(error))
    if isinstance(told, Error):
        told.sqlite_errorcode = primary
        told.sqlite_errorname = str(apsw.mapping_result_codes[primary])
    return told
