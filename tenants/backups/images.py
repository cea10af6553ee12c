"""How files of a backup become databases again: decompressed under caps, and shown to be what was copied."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import IO

import zstandard

from ..errors import BadBackup
from .manifest import Manifest, StoreCopy
from .packing import NUMBER

CHUNK = 1 << 20

#: Memory that a file may ask its reader for; what we write asks for 2 MiB.
WINDOW = 1 << 23

#: How many times larger than what is stored a database of a backup that isn't trusted may become …
RATIO = 1_000
#: … but for the first so many bytes.
FREE = 1 << 26

#: Opens a file of a backup (of that manifest, for that store; True for its page digests), checked and decrypted.
Opener = Callable[[Manifest, StoreCopy], AbstractContextManager[IO[bytes]]]


def chunks(
    manifest: Manifest, store: StoreCopy, base: Manifest | None, opener: Opener
) -> Iterator[bytes]:
    """Yield a store's database, bit by bit, and raise at its end unless the whole was what was copied.

    Args:
        manifest: the backup.
        store: which of its stores.
        base: the backup that holds the full one that an increment belongs to.
        opener: opens their files.

    Raises:
        BadBackup: it can't be read as it was written. What was yielded before mustn't be used.
    """
    found = hashlib.sha256()
    size = 0
    for chunk in _plain(manifest, store, base, opener):
        size += len(chunk)
        if size > store.bytes:
            raise BadBackup(
                f"{store.file} of {manifest.backup} holds more than the {store.bytes} bytes it says."
            )
        found.update(chunk)
        yield chunk
    if size != store.bytes or found.hexdigest() != store.sha256:
        raise BadBackup(
            f"{store.file} of {manifest.backup} doesn't give the database that was copied (its SHA-256 differs)."
        )


def write(path: str, content: Iterator[bytes]) -> None:
    """Write a new file, for its owner alone. What fails leaves none."""
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY, 0o600)
    try:
        with open(descriptor, "wb") as file:
            for chunk in content:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        os.unlink(path)
        raise


def require_bearable(manifest: Manifest) -> None:
    """Raise `BadBackup` where what isn't trusted would take vastly more room than what is stored of it."""
    for store in manifest.stores:
        if store.kind == "full" and store.bytes > FREE + RATIO * store.stored_bytes:
            raise BadBackup(
                f"{store.file} of {manifest.backup} would become {store.bytes} bytes of {store.stored_bytes}, and the "
                f"backup isn't trusted: name the key file that it was made with, if it is yours."
            )


def base_store(store: StoreCopy, base: Manifest) -> StoreCopy:
    """Return the full one that an increment belongs to. Raises `BadBackup` where it isn't there."""
    wanted = (store.store, store.generation, "full", store.base_sha256, store.page_size)
    for found in base.stores:
        if (found.store, found.generation, found.kind, found.sha256, found.page_size) == wanted:
            return found
    raise BadBackup(f"{base.backup} has no full copy that {store.file} could be the changes of.")


def _plain(
    manifest: Manifest, store: StoreCopy, base: Manifest | None, opener: Opener
) -> Iterator[bytes]:
    if store.kind == "full":
        yield from _unpacked(manifest, store, opener)
        return
    if base is None:
        raise BadBackup(
            f"{store.file} of {manifest.backup} can't be read without the full one at {store.base}."
        )
    whole = base_store(store, base)
    with ExitStack() as stack:
        pages = _by_pages(_unpacked(base, whole, opener), store.page_size)
        changes = _Changes(stack.enter_context(opener(manifest, store)), manifest, store)
        for number in range(store.pages):
            page = next(pages, b"")
            if changes.next == number:
                page = changes.take()
            if not page:
                raise BadBackup(f"{store.file} of {manifest.backup} lacks page {number}.")
            yield page
        for _ in pages:  # to its end, where the base is checked as a whole
            pass
        changes.require_end()


def _unpacked(manifest: Manifest, store: StoreCopy, opener: Opener) -> Iterator[bytes]:
    left = store.bytes
    with opener(manifest, store) as file:
        for chunk in _decompressed(file, manifest, store):
            left -= len(chunk)
            if left < 0:
                raise BadBackup(
                    f"{store.file} of {manifest.backup} holds more than the {store.bytes} bytes it says."
                )
            yield chunk


def _decompressed(file: IO[bytes], manifest: Manifest, store: StoreCopy) -> Iterator[bytes]:
    try:
        with zstandard.ZstdDecompressor(max_window_size=WINDOW).stream_reader(
            file, closefd=False
        ) as reader:
            while chunk := reader.read(CHUNK):
                yield chunk
    except zstandard.ZstdError as error:
        raise BadBackup(
            f"{store.file} of {manifest.backup} can't be decompressed ({error})."
        ) from error


def _by_pages(content: Iterator[bytes], page_size: int) -> Iterator[bytes]:
    rest = b""
    for chunk in content:
        rest += chunk
        whole = len(rest) // page_size * page_size
        for at in range(0, whole, page_size):
            yield rest[at : at + page_size]
        rest = rest[whole:]


class _Changes:
    """The pages of an increment, in order.

    Attributes:
        next: the number of the page that comes next; -1 at the end.
    """

    def __init__(self, file: IO[bytes], manifest: Manifest, store: StoreCopy) -> None:
        self._records = _by_pages(_decompressed(file, manifest, store), NUMBER + store.page_size)
        self._where = f"{store.file} of {manifest.backup}"
        self._page = b""
        self.next = -1
        self._advance()

    def take(self) -> bytes:
        """Return the page, and go on to the next."""
        page = self._page
        self._advance()
        return page

    def _advance(self) -> None:
        record = next(self._records, b"")
        number = int.from_bytes(record[:NUMBER], "big") if record else -1
        if record and number <= self.next:
            raise BadBackup(f"{self._where} has its pages in no order.")
        self.next, self._page = number, record[NUMBER:]

    def require_end(self) -> None:
        """Raise `BadBackup` where pages are left beyond the database's end."""
        if self.next >= 0:
            raise BadBackup(f"{self._where} has pages beyond the database's end.")
