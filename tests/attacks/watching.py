"""What the system and the log say of a request: files that were touched, lines that were written."""

from __future__ import annotations

import ctypes
import logging
import os
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_EVENT = struct.Struct("iIII")
ACCESS, MODIFY, ATTRIB, OPEN = 0x1, 0x2, 0x4, 0x20
MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x40, 0x80, 0x100, 0x200
TOUCHED = ACCESS | MODIFY | ATTRIB | OPEN | MOVED_FROM | MOVED_TO | CREATE | DELETE
MADE = CREATE | MOVED_TO
_IS_FOLDER = 0x40000000


class Watch:
    """Tells which files in some folders were touched, by the kernel's own notices (inotify).

    Args:
        folders: each watched by itself, not what is below.
        events: which kinds count. Opening a folder to list it never does.
    """

    def __init__(self, folders: list[Path], events: int = TOUCHED) -> None:
        self.handle = _LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert self.handle >= 0, os.strerror(ctypes.get_errno())
        self.folders: dict[int, Path] = {}
        for folder in folders:
            number = _LIBC.inotify_add_watch(self.handle, os.fsencode(folder), events)
            assert number >= 0, f"{folder}: {os.strerror(ctypes.get_errno())}"
            self.folders[number] = folder

    def touched(self) -> set[Path]:
        """Return the files that were touched since this was last asked."""
        found: set[Path] = set()
        while True:
            try:
                notices = os.read(self.handle, 1 << 16)
            except BlockingIOError:
                return found
            at = 0
            while at < len(notices):
                number, mask, _cookie, length = _EVENT.unpack_from(notices, at)
                at += _EVENT.size + length
                name = notices[at - length : at].rstrip(b"\0")
                if name and not mask & _IS_FOLDER:
                    found.add(self.folders[number] / os.fsdecode(name))

    def close(self) -> None:
        """Watch no more."""
        os.close(self.handle)


class Log(logging.Handler):
    """Keeps what every logger says, at every level, until it is taken."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.kept: list[logging.LogRecord] = []
        self.before = logging.root.level, logging.root.handlers[:]
        logging.root.handlers[:] = [
            self
        ]  # a test runner's own would keep each line for the whole test
        logging.root.setLevel(logging.DEBUG)

    def emit(self, record: logging.LogRecord) -> None:
        self.kept.append(record)

    def taken(self) -> list[logging.LogRecord]:
        """Return the records since the last time."""
        records, self.kept = self.kept, []
        return records

    def close(self) -> None:
        logging.root.setLevel(self.before[0])
        logging.root.handlers[:] = self.before[1]
        super().close()


def text_of(records: list[logging.LogRecord]) -> str:
    """The lines as a log file would have them, tracebacks included."""
    lines = []
    for record in records:
        lines.append(record.getMessage())
        if record.exc_info:
            lines.append(logging.Formatter().formatException(record.exc_info))
    return "\n".join(lines)


def errors_of(records: list[logging.LogRecord]) -> str:
    """The errors among what was logged, and where the last one was raised."""
    return text_of([record for record in records if record.levelno >= logging.ERROR])[-900:]


@contextmanager
def temporary_files_in(folder: Path) -> Iterator[None]:
    """Have temporary files made in a folder of one's own, as whoever sets TMPDIR does."""
    before, variable = tempfile.tempdir, os.environ.get("TMPDIR")
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before
        if variable is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = variable
