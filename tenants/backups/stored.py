"""The files that a backup is made of: compressed, perhaps encrypted, and hashed as they are written and read."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, NamedTuple

from ..errors import BadBackup
from .disk_words import at
from .keys import Key
from .sealing import Binding, Sealer, unseal

CHUNK = 1 << 20


class Written(NamedTuple):
    """A file that was stored: its size in bytes, and the SHA-256 of what is on the disk."""

    bytes: int
    sha256: str


class StoredFile:
    """A new file of a backup. What is written to it is encrypted where there is a key.

    Args:
        folder: where it is made.
        binding: tenant, stamp and name.
        key: the backups' key, if they are encrypted.
    """

    def __init__(self, folder: str, binding: Binding, key: Key | None) -> None:
        self._path = path = f"{folder}/{binding[2]}"
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY, 0o600)
        self._file = open(descriptor, "wb")  # noqa: SIM115 - closed by `finish`, or by whoever gives it up
        self._digest = hashlib.sha256()
        self._size = 0
        self._sealer = Sealer(key, binding) if key is not None else None
        if self._sealer is not None:
            self._put(self._sealer.head)

    def write(self, content: bytes) -> int:
        """Write the next bytes."""
        self._put(content if self._sealer is None else self._sealer.update(content))
        return len(content)

    def _put(self, content: bytes) -> None:
        with at(self._path):
            self._file.write(content)
        self._digest.update(content)
        self._size += len(content)

    def finish(self) -> Written:
        """End it, wait until it is on the disk, and say what it has become."""
        if self._sealer is not None:
            self._put(self._sealer.finish())
        with at(self._path):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        return Written(self._size, self._digest.hexdigest())

    def close(self) -> None:
        """Give it up."""
        with at(self._path):
            self._file.close()


@contextmanager
def opened(
    source: IO[bytes], expected: Written, binding: Binding, key: Key | None, scratch: str
) -> Iterator[IO[bytes]]:
    """Give the plain content of a stored file that is as it was written. Until that is shown, nothing of it is used.

    Args:
        source: the file as it is at its place; it can be sought.
        expected: what the manifest says of it.
        binding: tenant, stamp and name.
        key: the backups' key, where it is encrypted.
        scratch: a folder for what was decrypted.

    Raises:
        BadBackup: it has another size or another SHA-256, or can't be decrypted.
    """
    require_as_written(source, expected, binding)
    if key is None:
        source.seek(0)
        yield source
        return
    with tempfile.TemporaryFile(dir=scratch) as plain:
        unseal(source, plain, key, binding)
        plain.seek(0)
        yield plain


def require_as_written(source: IO[bytes], expected: Written, binding: Binding) -> None:
    """Raise `BadBackup` unless a file is what the manifest says of it."""
    where = f"{binding[2]} of {binding[0]}/{binding[1]}"
    size = source.seek(0, os.SEEK_END)
    if size != expected.bytes:
        raise BadBackup(
            f"{where} has {size} bytes, and was written with {expected.bytes}: it was cut or changed."
        )
    source.seek(0)
    found = hashlib.sha256()
    while chunk := source.read(CHUNK):
        found.update(chunk)
    if found.hexdigest() != expected.sha256:
        raise BadBackup(
            f"{where} isn't as it was written (its SHA-256 differs): it was damaged or changed."
        )
