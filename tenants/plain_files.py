"""What a store's file must be like before SQLite may open it."""

from __future__ import annotations

import os
import stat

from .errors import WrongFile


def require_plain_file(path: str, label: str) -> tuple[int, int]:
    """Raise `WrongFile` unless a store's file, and what lies beside it, are plain files of one name each.

    Returns which file it is: its device and inode.

    SQLite follows links, and rolls a journal back before anyone can ask whose file it is.

    Args:
        path: the file.
        label: what people call the store.
    """
    try:
        found = os.lstat(path)
        linked = stat.S_ISLNK(os.lstat(path[: path.rindex("/")]).st_mode)
    except OSError as error:
        raise WrongFile(
            f"The file of {label} is missing ({error.strerror}). Put it back, or restore it from a backup."
        ) from error
    if linked or not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        raise WrongFile(
            f"The file of {label} is not a plain file of one name in the data folder (a link?); it was not opened. "
            f"Put the file itself there."
        )
    if found.st_size == 0:
        raise WrongFile(f"The file of {label} is empty. Restore it from a backup.")
    for suffix in ("-wal", "-shm"):
        _require_plain_or_none(f"{path}{suffix}", label)
    if os.access(f"{path}-journal", os.F_OK):
        raise WrongFile(
            f"Beside the file of {label} lies a rollback journal, which isn't ours; it was not opened. "
            f"Restore the store from a backup."
        )
    return found.st_dev, found.st_ino


def _require_plain_or_none(beside: str, label: str) -> None:
    # Under two names, another database could be written through what SQLite takes for this one's log.
    try:
        found = os.lstat(beside)
    except OSError:
        return
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        raise WrongFile(
            f"{os.path.basename(beside)}, beside the file of {label}, is a link; the file was not opened. Take the "
            f"link away, or restore the store from a backup."
        )
