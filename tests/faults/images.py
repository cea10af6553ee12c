"""What a disk may hold after a power cut: everything that was flushed, and of the rest whatever you like.

The model is a pessimist's. Writes to a file since its last flush are kept, dropped or torn, each for itself, in any
subset; so are changes of its size. A file's name is its folder's: what was created, renamed or removed there since the
folder's own last flush is there or not, whatever became of the file's content. Only what file systems promise holds: a
rename happens or doesn't, and no sector (of 512 bytes or 4 KiB) that nobody wrote changes (SQLite's "powersafe
overwrite", https://www.sqlite.org/psow.html).
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .recording import Event

Image = dict[str, bytes | None]
"""What a disk holds, by path within the data folder; None for folders."""

Keep = Callable[[], bool]
"""Whether the next change that wasn't flushed is on the disk."""


@dataclass
class _File:
    flushed: bytearray = field(default_factory=bytearray)
    pending: list[Event] = field(default_factory=list)
    whole: bytes | None = None
    """What was flushed, as one object for all images until more is."""


@dataclass
class _Folder:
    flushed: dict[str, int] = field(default_factory=dict)


class Replay:
    """Plays a recording, and makes images of the disk at any point of it.

    Args:
        log: the events.

    Attributes:
        at: how many of them have been played.
    """

    def __init__(self, log: list[Event]) -> None:
        self.log = log
        self.at = 0
        self.files: dict[int, _File] = {}
        self.folders: dict[int, _Folder] = {0: _Folder()}
        self._entries: list[Event] = []
        """Changes of folders that weren't flushed, in order."""

    def play_to(self, cut: int) -> Iterator[Event]:
        """Go on up to before the event of that number, and yield what the run itself had to say."""
        while self.at < cut:
            event = self.log[self.at]
            self.at += 1
            match event:
                case ("write" | "size", number, *_):
                    self.files[number].pending.append(event)
                case ("sync", number):
                    self._flush(self.files[number])
                case ("link", _, _, number, is_folder):
                    if is_folder:
                        self.folders[number] = _Folder()
                    else:
                        self.files[number] = _File()
                    self._entries.append(event)
                case ("unlink" | "move", *_):
                    self._entries.append(event)
                case ("sync folder", number):
                    self._flush_folder(number)
                case _:
                    yield event

    def _flush(self, file: _File) -> None:
        for event in file.pending:
            _apply(file.flushed, event)
        file.pending.clear()
        file.whole = None

    def _flush_folder(self, number: int) -> None:
        left = []
        for event in self._entries:
            if number in _folders_of(event):
                self._change({n: f.flushed for n, f in self.folders.items()}, event, surely=True)
            else:
                left.append(event)
        self._entries = left

    # Images

    def image(self, chance: random.Random) -> Image:
        """Return what the disk may hold now."""
        found: Image = {}
        folders = {number: dict(folder.flushed) for number, folder in self.folders.items()}
        keep = _habit(chance)
        for event in self._entries:
            if keep():
                self._change(folders, event)
        self._collect(folders, 0, "", chance, found)
        return found

    def _collect(
        self,
        folders: dict[int, dict[str, int]],
        number: int,
        prefix: str,
        chance: random.Random,
        found: Image,
    ) -> None:
        for name, child in folders[number].items():
            if child in folders:
                found[f"{prefix}{name}"] = None
                self._collect(folders, child, f"{prefix}{name}/", chance, found)
            else:
                found[f"{prefix}{name}"] = _content(self.files[child], chance)

    def _change(
        self, folders: dict[int, dict[str, int]], event: Event, surely: bool = False
    ) -> None:
        match event:
            case ("link", where, name, number, _):
                folders[where][name] = number
            case ("unlink", where, name):
                gone = folders[where].get(name)
                # No folder goes before what was in it, but with it.
                if gone is not None and (surely or not folders.get(gone)):
                    del folders[where][name]
            case ("move", was_in, was, is_in, name, number):
                if folders[was_in].get(was) == number:
                    del folders[was_in][was]
                folders[is_in][name] = number


def _folders_of(event: Event) -> tuple[int, ...]:
    return (event[1], event[3]) if event[0] == "move" else (event[1],)


def _habit(chance: random.Random) -> Keep:
    """Return how one part of the disk decides what it keeps: all, nothing, the first or the last ones, or by lot."""
    habit = chance.randrange(7)
    if habit == 0:
        return lambda: True
    if habit == 1:
        return lambda: False
    if habit == 2:  # the first so many
        left = [chance.randrange(1, 12)]
        return lambda: left.append(left.pop() - 1) or left[0] >= 0
    if habit == 3:  # all but the first so many
        left = [chance.randrange(1, 12)]
        return lambda: left.append(left.pop() - 1) or left[0] < 0
    share = chance.choice((0.1, 0.5, 0.9))
    return lambda: chance.random() < share


def _content(file: _File, chance: random.Random) -> bytes:
    if not file.pending:
        if file.whole is None:
            file.whole = bytes(file.flushed)
        return file.whole
    content = bytearray(file.flushed)
    keep = _habit(chance)
    torn = chance.choice((0.0, 0.0, 0.1, 0.5))
    for event in file.pending:
        if torn and event[0] == "write" and chance.random() < torn:
            _tear(content, event, chance)
        elif keep():
            _apply(content, event)
    return bytes(content)


def _apply(content: bytearray, event: Event) -> None:
    if event[0] == "write":
        _, _, offset, data = event
        _grow(content, offset)
        content[offset : offset + len(data)] = data
    else:
        size = event[2]
        del content[size:]
        _grow(content, size)


def _grow(content: bytearray, size: int) -> None:
    if len(content) < size:
        content.extend(bytes(size - len(content)))


def _tear(content: bytearray, event: Event, chance: random.Random) -> None:
    """Write some of the sectors that a write touches, and leave the others as they were."""
    _, _, offset, data = event
    sector = chance.choice((512, 4096))
    at = offset
    while at < offset + len(data):
        end = min((at // sector + 1) * sector, offset + len(data))
        if chance.random() < 0.5:
            _grow(content, at)
            content[at:end] = data[at - offset : end - offset]
        at = end


class Stage:
    """A folder in which one image after another is laid out; what hasn't changed in between stays.

    Args:
        folder: where; made if it isn't there.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._laid: dict[str, tuple[bytes, tuple[int, ...]]] = {}
        os.makedirs(folder, exist_ok=True)

    def lay(self, image: Image) -> None:
        """Make the folder hold that image, and nothing else."""
        self._clear(image)
        for path, content in image.items():
            full = f"{self.folder}/{path}"
            if content is None:
                if not os.path.isdir(full):
                    os.mkdir(full)
            elif self._laid.get(path, (None, ()))[0] is not content:
                with open(full, "wb") as file:
                    file.write(content)
                self._laid[path] = (content, _looks(full))

    def _clear(self, image: Image) -> None:
        for where, folders, files in os.walk(self.folder, topdown=False):
            prefix = where[len(self.folder) + 1 :]
            for name in files:
                path = f"{prefix}/{name}" if prefix else name
                laid = self._laid.get(path)
                if path not in image or laid is None or laid[1] != _looks(f"{where}/{name}"):
                    os.unlink(f"{where}/{name}")
                    self._laid.pop(path, None)
            for name in folders:
                if (f"{prefix}/{name}" if prefix else name) not in image:
                    os.rmdir(f"{where}/{name}")
        for path in list(self._laid):
            if not os.path.lexists(f"{self.folder}/{path}"):
                del self._laid[path]


def _looks(path: str) -> tuple[int, ...]:
    found = os.lstat(path)
    return found.st_ino, found.st_size, found.st_mtime_ns
