"""How a copy of a store becomes files of a backup: all of it, or the pages that have changed since a full one."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass

import zstandard

from . import pages
from .keys import Key
from .pages import Image
from .stored import StoredFile, Written

LEVEL = 3
"""Of compression: above it, books get hardly smaller and take much longer."""

#: Bytes of a page's number ahead of it in an increment.
NUMBER = 4


@dataclass(frozen=True)
class Packer:
    """Writes the files of one backup.

    Attributes:
        folder: where they are made.
        tenant, stamp: the backup.
        key: the backups' key, if they are encrypted.
    """

    folder: str
    tenant: str
    stamp: str
    key: Key | None

    def pack_whole(self, path: str, name: str) -> Written:
        """Store a whole copy."""

        def content() -> Iterable[bytes]:
            with open(path, "rb") as file:
                while chunk := file.read(pages.CHUNK):
                    yield chunk

        return self._pack(content(), name)

    def pack_changes(self, path: str, image: Image, numbers: list[int], name: str) -> Written:
        """Store some of a copy's pages, each with its number, in order."""

        def content() -> Iterable[bytes]:
            with open(path, "rb") as file:
                for number in numbers:
                    file.seek(number * image.page_size)
                    yield number.to_bytes(NUMBER, "big") + file.read(image.page_size)

        return self._pack(content(), name)

    def _pack(self, content: Iterable[bytes], name: str) -> Written:
        compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compressobj()
        with closing(self._begin(name)) as file:
            for chunk in content:
                file.write(compressor.compress(chunk))
            file.write(compressor.flush())
            return file.finish()

    def pack_digests(self, image: Image, name: str) -> Written:
        """Store the digests of a copy's pages. They don't compress."""
        with closing(self._begin(name)) as file:
            file.write(image.digests)
            return file.finish()

    def give_up(self, name: str) -> None:
        """Remove a file that was made, and isn't wanted after all."""
        os.unlink(f"{self.folder}/{name}")

    def _begin(self, name: str) -> StoredFile:
        return StoredFile(self.folder, (self.tenant, self.stamp, name), self.key)
