"""Our own file work under a watcher's eyes: what `tenants` calls of `os`, and the built-in `open`."""

from __future__ import annotations

import builtins
import errno
import io
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .disk import Watcher

_REAL = {
    name: getattr(os, name)
    for name in (
        "open", "close", "write", "fsync", "fdatasync", "rename", "replace", "unlink", "remove", "mkdir", "rmdir",
        "truncate", "ftruncate", "posix_fallocate", "pwrite",
    )
}  # fmt: skip


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Have the watcher see, in the block, what this process does to the files of its folder."""
    watched = _Watched(watcher)
    kept: list[tuple[Any, str, Any]] = []

    def put(where: Any, name: str, what: Any) -> None:
        kept.append((where, name, getattr(where, name)))
        setattr(where, name, what)

    for name in _REAL:
        put(os, name, getattr(watched, name))
    for module in (builtins, io):
        put(module, "open", watched.open_file)
    put(shutil, "_USE_CP_SENDFILE", False)  # which writes where nobody looks
    try:
        yield
    finally:
        for where, name, what in reversed(kept):
            setattr(where, name, what)


class _Watched:
    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self.files: dict[int, tuple[str, Any]] = {}
        """What is open by `os.open`: path, and what the watcher calls it."""

    def path_of(self, path: Any, dir_fd: int | None = None) -> str:
        if isinstance(path, int):
            return os.readlink(f"/proc/self/fd/{path}")
        text = os.fsdecode(path)
        if dir_fd is not None:
            text = os.path.join(os.readlink(f"/proc/self/fd/{dir_fd}"), text)
        return os.path.abspath(text)

    def require(self, call: str, path: str) -> None:
        if self.watcher.sees(path) and (number := self.watcher.ask(call, path)):
            raise OSError(number, os.strerror(number), path)

    # os

    def open(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        full = self.path_of(path, dir_fd)
        if not self.watcher.sees(full):
            return int(_REAL["open"](path, flags, mode, dir_fd=dir_fd))
        was_there = os.path.lexists(full)
        makes = bool(flags & os.O_CREAT) and not was_there
        self.require("create" if makes else "open", full)
        descriptor = int(_REAL["open"](path, flags, mode, dir_fd=dir_fd))
        if makes:
            self.watcher.created(full)
        if flags & (os.O_WRONLY | os.O_RDWR):
            self.files[descriptor] = (full, self.watcher.opened(full))
            if flags & os.O_TRUNC:
                self.watcher.truncated(self.files[descriptor][1], 0)
        return descriptor

    def close(self, descriptor: int) -> None:
        self.files.pop(descriptor, None)
        _REAL["close"](descriptor)

    def write(self, descriptor: int, data: Any) -> int:
        found = self.files.get(descriptor)
        if found is None:
            return int(_REAL["write"](descriptor, data))
        self.require("write", found[0])
        at = os.lseek(descriptor, 0, os.SEEK_CUR)
        count = int(_REAL["write"](descriptor, data))
        self.watcher.wrote(found[1], at, bytes(data)[:count])
        return count

    def pwrite(self, descriptor: int, data: Any, offset: int) -> int:
        found = self.files.get(descriptor)
        if found is not None:
            self.require("write", found[0])
        count = int(_REAL["pwrite"](descriptor, data, offset))
        if found is not None:
            self.watcher.wrote(found[1], offset, bytes(data)[:count])
        return count

    def posix_fallocate(self, descriptor: int, offset: int, length: int) -> None:
        found = self.files.get(descriptor)
        if found is not None:
            self.require("write", found[0])
        _REAL["posix_fallocate"](descriptor, offset, length)
        if found is not None:
            self.watcher.truncated(found[1], os.fstat(descriptor).st_size)

    def ftruncate(self, descriptor: int, length: int) -> None:
        found = self.files.get(descriptor)
        if found is not None:
            self.require("truncate", found[0])
        _REAL["ftruncate"](descriptor, length)
        if found is not None:
            self.watcher.truncated(found[1], length)

    def truncate(self, path: Any, length: int) -> None:
        full = self.path_of(path)
        self.require("truncate", full)
        _REAL["truncate"](path, length)
        if self.watcher.sees(full):
            self.watcher.truncated(self.watcher.opened(full), length)

    def fsync(self, file: Any) -> None:
        descriptor = file if isinstance(file, int) else file.fileno()
        path = self.path_of(descriptor)
        if not self.watcher.sees(path):
            _REAL["fsync"](descriptor)
            return
        self.require("sync", path)
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            self.watcher.synced_folder(path)
        else:
            known = self.files.get(descriptor)
            self.watcher.synced(known[1] if known else self.watcher.opened(path))

    fdatasync = fsync

    def _of_entry(
        self, name: str, call: str, path: Any, dir_fd: int | None, after: Callable[[str], None]
    ) -> None:
        full = self.path_of(path, dir_fd)
        self.require(call, full)
        _REAL[name](path, dir_fd=dir_fd)
        if self.watcher.sees(full):
            after(full)

    def unlink(self, path: Any, *, dir_fd: int | None = None) -> None:
        self._of_entry("unlink", "delete", path, dir_fd, self.watcher.removed)

    remove = unlink

    def rmdir(self, path: Any, *, dir_fd: int | None = None) -> None:
        self._of_entry("rmdir", "delete", path, dir_fd, self.watcher.removed)

    def mkdir(self, path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        full = self.path_of(path, dir_fd)
        if not os.path.lexists(full):
            self.require("create", full)
        _REAL["mkdir"](path, mode, dir_fd=dir_fd)
        if self.watcher.sees(full):
            self.watcher.created(full, folder=True)

    def rename(self, old: Any, new: Any, **folders: Any) -> None:
        was = self.path_of(old, folders.get("src_dir_fd"))
        becomes = self.path_of(new, folders.get("dst_dir_fd"))
        self.require("rename", becomes)
        _REAL["rename"](old, new, **folders)
        if self.watcher.sees(was):
            self.watcher.moved(was, becomes)

    replace = rename

    # The built-in one

    def open_file(
        self,
        file: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        closefd: bool = True,
        opener: Any = None,
    ) -> Any:
        path = self.path_of(file)
        writes = bool(set(mode) & set("wax+"))
        if not self.watcher.sees(path) or opener is not None or not writes:
            return _open(file, mode, buffering, encoding, errors, newline, closefd, opener)
        raw_mode = mode.replace("b", "").replace("t", "")
        raw = _File(self, path, file, raw_mode, closefd)
        if buffering == 0:
            return raw
        buffered: Any = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        if "b" in mode:
            return buffered
        text = io.TextIOWrapper(buffered, encoding or "utf-8", errors, newline)
        text.mode = mode  # type: ignore[misc]
        return text


_open = io.open


class _File(io.FileIO):
    def __init__(self, watched: _Watched, path: str, file: Any, mode: str, closefd: bool) -> None:
        self.watched, self.place = watched, path
        watcher = watched.watcher
        known = watched.files.get(file) if isinstance(file, int) else None
        was_there = os.path.lexists(path)
        if known is None:
            watched.require("open" if was_there else "create", path)
        super().__init__(file, mode, closefd)
        if known is None and not was_there:
            watcher.created(path)
        self.known = known[1] if known else watcher.opened(path)
        if "w" in mode and known is None and was_there:
            watcher.truncated(self.known, 0)
        watched.files[self.fileno()] = (path, self.known)

    def write(self, data: Any) -> int:
        self.watched.require("write", self.place)
        at = os.fstat(self.fileno()).st_size if "a" in self.mode else self.tell()
        count = super().write(data) or 0
        self.watched.watcher.wrote(self.known, at, bytes(data)[:count])
        return count

    def truncate(self, size: int | None = None) -> int:
        self.watched.require("truncate", self.place)
        size = super().truncate(size)
        self.watched.watcher.truncated(self.known, size)
        return size

    def close(self) -> None:
        if not self.closed:
            self.watched.files.pop(self.fileno(), None)
        super().close()


FULL_DISK, FAILING_DISK = errno.ENOSPC, errno.EIO
