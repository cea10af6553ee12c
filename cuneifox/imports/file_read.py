"""What a reader says of a file, as it comes from the reader's process."""

from __future__ import annotations

import msgspec

from cuneifox.imports.errors import Problem
from models.importing import ImportAccount, ImportEntry


class FileRead(msgspec.Struct, frozen=True):
    """What a file holds; with `errors`, nothing else.

    Attributes:
        currency: what the amounts are in; `operating` are all that the file calls its own.
        left_out: how many directives of each kind have no place in books.
    """

    errors: list[Problem]
    currency: str = ""
    operating: list[str] = []
    accounts: list[ImportAccount] = []
    entries: list[ImportEntry] = []
    left_out: dict[str, int] = {}


_READ = msgspec.msgpack.Decoder(FileRead)  # made once, by one thread: see models/inputs.py


def decode(packed: bytes) -> FileRead:
    """Return what the reader wrote to its standard output."""
    return _READ.decode(packed)
