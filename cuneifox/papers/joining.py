"""Part of the typesetter's process: puts PDFs one behind the other, in memory that holds one of them at a time.

A library that copies pages into a new document keeps them all until it saves: ten thousand pages take a gigabyte. Here
each part's objects go to the file as it is read, under new numbers; what stays in memory is where they begin. Imports
nothing of ours.
"""

from __future__ import annotations

import re
import zlib
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

CATALOG, PAGES, INFO = 1, 2, 3
"""The numbers of the objects that hold the others together; written at the end."""

QUICKLY = 4
"""How hard to compress what isn't yet."""

_REFERENCE = re.compile(rb"\((?:\\.|[^\\)])*\)|<[0-9A-Fa-f\s]*>|\b(\d+) (\d+) R\b", re.DOTALL)
"""Strings, which are left alone whatever is in them, and references to objects."""

_OF_DOCUMENT = ("/Parent", "/StructParents", "/Tabs", "/Annots")
"""What a page has that says something about its old document alone."""


class Joined:
    """A PDF that grows by `add`.

    Args:
        file: where it is written, from its current place on, which is its beginning.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._places = array("Q", [0, 0, 0, 0])
        self._nodes: list[tuple[int, int]] = []
        self._at = 0
        self._write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

    def add(self, part: Any) -> None:
        """Append all pages of a document that pikepdf has opened; it may be closed then."""
        node = self._number()
        kids = b" ".join(b"%d 0 R" % number for number in _Part(self, part, node).write())
        count = len(part.pages)
        self._object(
            node, b"<< /Type /Pages /Parent %d 0 R /Count %d /Kids [ %s ] >>" % (PAGES, count, kids)
        )
        self._nodes.append((node, count))

    def end(self, title: bytes) -> None:
        """Write what holds the pages together. `title` is a string object of PDF."""
        kids = b" ".join(b"%d 0 R" % node for node, _ in self._nodes)
        count = sum(count for _, count in self._nodes)
        self._object(PAGES, b"<< /Type /Pages /Count %d /Kids [ %s ] >>" % (count, kids))
        self._object(CATALOG, b"<< /Type /Catalog /Pages %d 0 R >>" % PAGES)
        self._object(INFO, b"<< /Title %s >>" % title)
        begin = self._at
        self._write(b"xref\n0 %d\n0000000000 65535 f \n" % len(self._places))
        for place in self._places[1:]:
            self._write(b"%010d 00000 n \n" % place)
        size = len(self._places)
        ending = b"trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        self._write(ending % (size, CATALOG, INFO, begin))

    def _number(self) -> int:
        self._places.append(0)
        return len(self._places) - 1

    def _object(self, number: int, body: bytes, stream: bytes | None = None) -> None:
        self._places[number] = self._at
        self._write(b"%d 0 obj\n%s\n" % (number, body))
        if stream is not None:
            self._write(b"stream\n%s\nendstream\n" % stream)
        self._write(b"endobj\n")

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._at += len(data)


class _Part:
    """One document as it is appended: whatever its pages lead to is written once, under a new number."""

    def __init__(self, joined: Joined, pdf: Any, node: int) -> None:
        self.joined, self.pdf, self.node = joined, pdf, node
        self.numbers: dict[tuple[int, int], int] = {}
        self.left: list[tuple[int, int]] = []

    def write(self) -> list[int]:
        """Write it, and return the new numbers of its pages."""
        pages = []
        for page in self.pdf.pages:
            for key in _OF_DOCUMENT:
                if key in page.obj:
                    del page.obj[key]
            number = self.joined._number()
            text: bytes = self._renumbered(page.obj.unparse(resolved=True))
            inner = text.strip().removeprefix(b"<<").removesuffix(b">>")
            self.joined._object(number, b"<< /Parent %d 0 R %s >>" % (self.node, inner))
            pages.append(number)
        while self.left:
            self._object(self.left.pop())
        return pages

    def _object(self, old: tuple[int, int]) -> None:
        import pikepdf

        found, number = self.pdf.get_object(*old), self.numbers[old]
        if isinstance(found, pikepdf.Stream):
            content = found.read_raw_bytes()
            if "/Filter" not in found.stream_dict:
                content = zlib.compress(content, QUICKLY)
                found.stream_dict["/Filter"] = pikepdf.Name.FlateDecode
            found.stream_dict["/Length"] = len(content)
            body = self._renumbered(found.stream_dict.unparse(resolved=True))
            self.joined._object(number, body, content)
        elif isinstance(found, pikepdf.Object):
            self.joined._object(number, self._renumbered(found.unparse(resolved=True)))
        else:  # a number, a truth or nothing by itself
            self.joined._object(number, pikepdf.Array([found]).unparse().strip(b"[ ]"))

    def _renumbered(self, text: bytes) -> bytes:
        return _REFERENCE.sub(self._new, text)

    def _new(self, found: re.Match[bytes]) -> bytes:
        if found[1] is None:
            return found[0]
        old = int(found[1]), int(found[2])
        if old not in self.numbers:
            self.numbers[old] = self.joined._number()
            self.left.append(old)
        return b"%d 0 R" % self.numbers[old]


@contextmanager
def joined(path: Path, title: str) -> Iterator[Joined]:
    """Write a new PDF to `path`, of the parts that are added in the block."""
    import pikepdf

    with path.open("wb") as file:
        whole = Joined(file)
        yield whole
        whole.end(pikepdf.String(title).unparse())
