"""What a run does to its disk, in order, so that a power cut can be played at any point of it."""

from __future__ import annotations

import os
import threading
from typing import Any

from .disk import Watcher

#: Events are tuples: a kind, then its parts. Files and folders are numbers, given once; the data folder is 0.
Event = tuple[Any, ...]


class Recorder(Watcher):
    """Writes everything down.

    Args:
        root: the data folder, which is empty yet.

    Attributes:
        log: the events.
        lies: with True the disk says that it has flushed, and hasn't.
    """

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.lies = False
        self.log: list[Event] = []
        self._mutex = threading.RLock()
        self._folders: dict[int, dict[str, int]] = {0: {}}
        self._next = 1

    def mark(self, kind: str, *what: Any) -> None:
        """Write down what the run itself has to say: what was begun, what was acknowledged."""
        with self._mutex:
            self.log.append((kind, *what))

    def _find(self, path: str) -> int:
        number = 0
        for name in self._names(path):
            number = self._folders[number][name]
        return number

    def _names(self, path: str) -> list[str]:
        return path[len(self.root) + 1 :].split("/") if path != self.root else []

    def _entry(self, path: str) -> tuple[int, str]:
        return self._find(os.path.dirname(path)), os.path.basename(path)

    def created(self, path: str, folder: bool = False) -> None:
        if path == self.root:
            return
        with self._mutex:
            where, name = self._entry(path)
            if name in self._folders[where]:
                return
            number = self._folders[where][name] = self._next
            self._next += 1
            if folder:
                self._folders[number] = {}
            self.log.append(("link", where, name, number, folder))

    def opened(self, path: str) -> Any:
        with self._mutex:
            return self._find(path) if path != self.root else 0

    def wrote(self, file: Any, offset: int, data: bytes) -> None:
        self.mark("write", file, offset, data)

    def truncated(self, file: Any, size: int) -> None:
        self.mark("size", file, size)

    def synced(self, file: Any) -> None:
        if not self.lies:
            self.mark("sync", file)

    def synced_folder(self, path: str) -> None:
        if not self.lies:
            self.mark("sync folder", self.opened(path))

    def removed(self, path: str) -> None:
        with self._mutex:
            where, name = self._entry(path)
            if self._folders[where].pop(name, None) is not None:
                self.log.append(("unlink", where, name))

    def moved(self, old: str, new: str) -> None:
        with self._mutex:
            (was_in, was), (is_in, name) = self._entry(old), self._entry(new)
            number = self._folders[was_in].pop(was)
            self._folders[is_in][name] = number
            self.log.append(("move", was_in, was, is_in, name, number))
