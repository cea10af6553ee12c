"""Folders for what is gone at the end of the work, and of a process that died, at the beginning of the next one's."""

from __future__ import annotations

import fcntl
import logging
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from .errors import TenantError, WrongFile
from .places import remove_folder

log = logging.getLogger("tenants")

BACKING_UP = "backing_up"
"""The data folder's folder for copies of which backups are made."""

RESTORING = "restoring"
"""That for files that are to become stores."""


@contextmanager
def scratch_folder(data_folder: str, name: str) -> Iterator[str]:
    """Give an empty folder within the data folder, gone at the end. What dead processes left goes first.

    Args:
        data_folder: the data folder.
        name: which of its folders it is made in; see `places.FOLDERS`.

    Raises:
        TenantError: on entering, it can't be made. That it can't be removed at the end is told in the log.
    """
    above = f"{data_folder}/{name}"
    folder, lock = _made(above)
    try:
        clear_dead(data_folder, name)
        yield folder
    finally:
        try:
            remove_folder(folder)
        except OSError as error:
            log.warning("%s can't be removed (%s); the next start tries again.", folder, error)
        finally:
            os.close(lock)
        _remove_above(above)


def clear_dead(data_folder: str, name: str) -> None:
    """Remove the folders of that kind whose processes are dead; what can't be removed yet stays for the next time."""
    above = f"{data_folder}/{name}"
    with suppress(OSError):
        for other in os.listdir(above):
            _clear(f"{above}/{other}")
        _remove_above(above)


def _remove_above(above: str) -> None:
    with suppress(OSError):  # another has its own there
        os.rmdir(above)


def _made(above: str) -> tuple[str, int]:
    try:
        return _make(above)
    except OSError as error:
        raise TenantError(
            f"{above} can't be worked in ({error}): is there room on the disk, and may this process write there?"
        ) from error


def _make(above: str) -> tuple[str, int]:
    data_folder = os.path.dirname(above)
    while True:
        try:
            _make_above(above)
            folder = tempfile.mkdtemp(dir=above)
        except FileNotFoundError:  # another was the last, and took it away
            if not os.path.isdir(data_folder):
                raise
            continue
        try:
            lock = os.open(f"{folder}/lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:  # another took it for a dead process's
            continue
        except OSError:
            with suppress(OSError):
                os.rmdir(folder)
            raise
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(f"{folder}/lock"):
            return folder, lock
        os.close(lock)  # another took it for a dead process's, just before it was locked


def _make_above(above: str) -> None:
    # As `make_own_folder` does, but that nobody waits for the disk: what is in it needn't outlive anything.
    with suppress(FileExistsError):
        os.mkdir(above, mode=0o700)
    if not stat.S_ISDIR(os.lstat(above).st_mode):
        raise WrongFile(f"{above} is a link, or no folder: put the folder itself there.")


def _clear(folder: str) -> None:
    with suppress(OSError):
        try:
            lock = os.open(f"{folder}/lock", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            os.rmdir(folder)  # empty: whoever made it died at once, or makes another one
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove_folder(folder)
        finally:
            os.close(lock)
