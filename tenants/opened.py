"""A connection of the driver's that knows which file it has open, and whether that is still the store's."""

from __future__ import annotations

import os

import peewee

#: Seconds for which a store's file is taken to stand where it stood: a look costs as much as the rest of a touch.
LOOK_AGAIN = 0.02


class Connection(peewee.sqlite3.Connection):
    """What `tenants.sqlite.connect` opens.

    Attributes:
        file: its device and inode.
        looked_at: when somebody last saw that file under its name, in seconds of the monotonic clock.
    """

    file: tuple[int, int] | None = None
    looked_at = 0.0

    def is_in_place(self, path: str, now: float) -> bool:
        """True while its file stands under its name, by a look that is no older than `LOOK_AGAIN`.

        SQLite goes on reading and writing a file that was deleted, moved or replaced, and nobody would ever see again
        what it wrote.
        """
        if now - self.looked_at > LOOK_AGAIN:
            self.looked_at = now
            try:
                found = os.lstat(path)
            except OSError:
                return False
            return (found.st_dev, found.st_ino) == self.file
        return True
