"""Beancount files: checked, then read by `beancount_reader` in a process of its own.

`start_reading` returns at once, so that whoever imports can open the company meanwhile. To have the
reader started before anything else, this module loads the rest of the program only when it needs it.
"""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cuneifox.imports.errors import FileRefused
    from cuneifox.imports.file_read import FileRead

LARGEST_BYTES = 32_000_000
"""Some 100,000 transactions. Larger files are refused before a byte of them is read."""

_READER = Path(__file__).with_name("beancount_reader.py")
_ENVIRONMENT = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "SYSTEMROOT")


class Reading:
    """A file that is being read; ask for its `result` once."""

    def __init__(self, path: Path, process: subprocess.Popen[bytes]) -> None:
        self.path = path
        self._process = process

    def result(self) -> FileRead:
        """Wait for the reader and return what it found; FileRefused lists what is wrong."""
        from cuneifox.imports.errors import FileRefused
        from cuneifox.imports.file_read import decode

        out, complaint = self._process.communicate()
        if self._process.returncode != 0:
            raise _refused(self.path, _breakdown(self._process.returncode, complaint))
        read = decode(out)
        if read.errors:
            raise FileRefused(self.path, read.errors)
        return read

    def stop(self) -> None:
        """End the reader if it still runs, and hand its pipes back."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


@contextmanager
def start_reading(path: str | Path, currency: str | None = None) -> Iterator[Reading]:
    """Start reading a file; at the block's end the reader is gone, whatever happened.

    `currency` is what values are taken in; None means the file's operating currency. Raises
    FileRefused for what isn't a regular file of at most LARGEST_BYTES, ReaderMissing without
    beancount.
    """
    path = Path(path)
    if find_spec("beancount") is None:
        from cuneifox.imports.errors import ReaderMissing

        raise ReaderMissing()
    descriptor = _open(path)
    # -P: this folder is not on the reader's path, where our beancount.py would hide the library.
    try:
        process = subprocess.Popen(  # noqa: S603  our own program; the file is only its input
            [sys.executable, "-P", str(_READER), *([currency] if currency else [])],
            stdin=descriptor,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        )
    finally:
        os.close(descriptor)
    reading = Reading(path, process)
    try:
        yield reading
    finally:
        reading.stop()


def read_beancount(path: str | Path, currency: str | None = None) -> FileRead:
    """Read a whole file; raises FileRefused or ReaderMissing."""
    with start_reading(path, currency) as reading:
        return reading.result()


def _open(path: Path) -> int:
    """Open a regular file of a bearable size; a named pipe or a device would hang the reader."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        reason = {
            errno.ENOENT: "there is no such file",
            errno.EACCES: "it may not be read by this user",
        }.get(getattr(error, "errno", None) or 0, "it can't be opened")
        raise _refused(path, f"{reason}.") from None
    found = os.fstat(descriptor)
    problem = ""
    if not stat.S_ISREG(found.st_mode):
        problem = "it isn't a regular file."
    elif found.st_size > LARGEST_BYTES:
        problem = (
            f"it has {found.st_size / 1e6:,.1f} MB, and at most {LARGEST_BYTES / 1e6:,.0f} MB are"
            " taken at once. Split it by years and import one after the other."
        )
    elif found.st_size == 0:
        problem = "The file is empty."
    if problem:
        os.close(descriptor)
        raise _refused(path, problem)
    return descriptor


def _refused(path: Path, problem: str) -> FileRefused:
    from cuneifox.imports.errors import FileRefused

    return FileRefused(path, [(0, problem)])


def _breakdown(returncode: int, complaint: bytes) -> str:
    """Why the reader ended without a result, as far as its end tells."""
    if returncode == -signal.SIGXCPU:
        return "beancount took too long over this file. Split it, and import part after part."
    if b"MemoryError" in complaint:
        return "beancount ran out of memory over this file. Split it, and import part after part."
    if returncode < 0:
        name = signal.Signals(-returncode).name
        return (
            f"beancount itself broke down on this file ({name}). A division by zero in an amount"
            " does that; `bean-check` on parts of the file finds the place."
        )
    if b"decimal.InvalidOperation" in complaint:
        return "beancount could not read this file: a number in it has more than 28 digits."
    last = complaint.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no reason given"]
    return f"beancount could not read this file: {last[0][:200]}"
