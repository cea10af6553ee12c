"""A database's file as pages: what each of them holds, told by digests, and which have changed since another time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

#: Bytes of one page's digest (BLAKE2b).
DIGEST = 20

#: Bytes that are read at once, or one page.
CHUNK = 1 << 20

#: Where in the header of a database its page size stands (https://www.sqlite.org/fileformat.html#page_size).
_PAGE_SIZE = slice(16, 18)


class Image(NamedTuple):
    """What a closed database file holds.

    Attributes:
        digests: those of its pages, one after the other.
        sha256: of the whole.
    """

    page_size: int
    pages: int
    sha256: str
    digests: bytes

    @property
    def bytes(self) -> int:
        """Its size."""
        return self.page_size * self.pages


def look_at(path: str) -> Image:
    """Return what a database file holds, which nobody has open for writing.

    Raises:
        ValueError: it isn't a whole number of pages.
    """
    whole = hashlib.sha256()
    digests = bytearray()
    size = 0
    with open(path, "rb") as file:
        page_size = _page_size(file.read(100))
        file.seek(0)
        for chunk in _chunks(file, page_size):
            whole.update(chunk)
            size += len(chunk)
            view = memoryview(chunk)
            for at in range(0, len(chunk), page_size):
                digests += digest(view[at : at + page_size])
    if size % page_size:
        raise ValueError(f"it has {size} bytes, which aren't pages of {page_size}")
    return Image(page_size, size // page_size, whole.hexdigest(), bytes(digests))


def digest(page: bytes | memoryview) -> bytes:
    """Return a page's digest."""
    return hashlib.blake2b(page, digest_size=DIGEST).digest()


def _page_size(header: bytes) -> int:
    found = int.from_bytes(header[_PAGE_SIZE], "big")
    size = 65536 if found == 1 else found
    if size < 512 or size & (size - 1):
        raise ValueError("it doesn't begin as a database does")
    return size


def _chunks(file: object, page_size: int) -> Iterator[bytes]:
    at_once = max(CHUNK // page_size, 1) * page_size
    read = file.read  # type: ignore[attr-defined]
    while chunk := read(at_once):
        yield chunk


def changed(image: Image, base: bytes) -> list[int]:
    """Return the numbers, from 0, of the pages that differ from a base's, or that it doesn't have.

    Args:
        image: as it is now.
        base: the digests of the base's pages.
    """
    now = image.digests
    if now[: len(base)] == base[: len(now)]:
        return list(range(len(base) // DIGEST, image.pages))
    return [
        number
        for number in range(image.pages)
        if now[number * DIGEST : (number + 1) * DIGEST]
        != base[number * DIGEST : (number + 1) * DIGEST]
    ]
