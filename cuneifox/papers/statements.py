"""Statements of account on paper, each customer's on pages of its own: all in one PDF, or a PDF each in one zip."""

from __future__ import annotations

import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path

from cuneifox.papers.harmless import wrapping
from cuneifox.papers.pdf_form import numbers_look, part_name, set_document, set_parts_of
from cuneifox.papers.statement_paper import HEADING, Piece, StatementPapers, part_data, pieces_of
from cuneifox.papers.typesetting import Numbering, merge_parts, prepare_part
from cuneifox.papers.writing import nobody, whole_or_nothing

ROWS_OF_PART = 1_500
"""Rows that are set at a time, headings among them."""

FOOT_MM = 14.4
"""The lower margin of statements.typ without the footer's lines, of which one says whose the page is."""

FORMS: dict[str, str] = {"pdf": "application/pdf", "zip": "application/zip"}
"""What statements can be written as, and the file's media type."""


def write_statements(
    form: str,
    papers: StatementPapers,
    path: Path,
    tick: Callable[[int], None],
    read: Callable[[], None] = nobody,
) -> None:
    """Write statements as one of FORMS to `path`, in the current language.

    All are read, and laid down beside it, before any page is set; `read` is called between the two. `tick` is told how
    many rows are set, each statement counted as one more, also several times a second while pages are. It may raise:
    then nothing is left at `path`.
    Raises PaperFailed if a PDF can't be made, OSError if it can't be written.
    """
    make = _write_zip if form == "zip" else _write_pdf
    whole_or_nothing(path, lambda working: make(papers, working, tick, read))


class _Parts:
    """What is laid down in a folder to be set.

    Attributes:
        sizes: of the parts by their names, in what `tick` counts.
        runs: the parts of each statement that has several.
    """

    def __init__(self, papers: StatementPapers, folder: Path) -> None:
        self._papers, self._folder = papers, folder
        self.sizes: dict[str, int] = {}
        self.runs: list[list[str]] = []

    def add(self, pieces: Sequence[Piece]) -> str:
        """Lay down pieces as one part, and return its name."""
        name = part_name(len(self.sizes))
        self.sizes[name] = sum(piece.size for piece in pieces)
        prepare_part(self._folder, name, "statements", part_data(self._papers, pieces))
        return name

    def add_run(self, pieces: Iterable[Piece]) -> list[str]:
        """Lay down a statement's pieces as parts of their own, and return their names."""
        names = [self.add([piece]) for piece in pieces]
        if len(names) > 1:
            self.runs.append(names)
        return names

    def batches(self) -> list[list[str]]:
        """The parts' names, as many together as are set at a time."""
        batches: list[list[str]] = []
        room = 0
        for name, size in self.sizes.items():
            if room <= 0:
                batches.append([])
                room = ROWS_OF_PART
            batches[-1].append(name)
            room -= size + HEADING
        return batches

    def numbering(self, runs: Sequence[Sequence[str]]) -> Numbering:
        """How these runs' pages are numbered."""
        return Numbering(runs, numbers_look(1 + len(self._papers.footer), FOOT_MM))


def _write_pdf(
    papers: StatementPapers, path: Path, tick: Callable[[int], None], read: Callable[[], None]
) -> None:
    parts = _Parts(papers, path.parent)
    waiting: list[Piece] = []
    for paper in papers.statements:
        tick(0)
        pieces = pieces_of(papers, paper)
        first = next(pieces)
        if first.whole:
            waiting.append(first)
        full = sum(piece.size + HEADING for piece in waiting) >= ROWS_OF_PART
        if waiting and (full or not first.whole):
            parts.add(waiting)
            waiting = []
        if not first.whole:
            parts.add_run(chain([first], pieces))
    if waiting:
        parts.add(waiting)
    read()
    _demand_some(parts)
    set_document(path, list(parts.sizes.values()), papers.title, parts.numbering(parts.runs), tick)


def _write_zip(
    papers: StatementPapers, path: Path, tick: Callable[[int], None], read: Callable[[], None]
) -> None:
    parts = _Parts(papers, path.parent)
    files: dict[str, list[str]] = {}
    taken: set[str] = set()
    for paper in papers.statements:
        tick(0)
        files[_file_name(paper.code, taken)] = parts.add_run(pieces_of(papers, paper))
    read()
    _demand_some(parts)
    batches = parts.batches()
    sizes = [sum(parts.sizes[name] for name in batch) for batch in batches]
    set_parts_of(path.parent, batches, sizes, tick)
    all_done = sum(sizes)
    with zipfile.ZipFile(path, "w") as whole:  # what is in a PDF is compressed already
        for file_name, names in files.items():
            tick(all_done)
            made = path.parent / names[0] / "out.pdf"
            if len(names) > 1:
                numbering, title = parts.numbering([names]), wrapping(papers.title)
                merge_parts(path.parent, names, title, numbering, lambda: tick(all_done))
                made = path.parent / "out.pdf"
            whole.write(made, file_name)
            made.unlink()


def _demand_some(parts: _Parts) -> None:
    if not parts.sizes:
        raise ValueError("There is no statement to print.")


def _file_name(code: str, taken: set[str]) -> str:
    """A name that any system's folders take, by a customer's code, which may be anything; it is `taken` from now on."""
    kept = "".join(c if c in "._-" or unicodedata.category(c)[0] in "LMN" else "-" for c in code)
    stem = re.sub(r"^[.\-]+|[.\-]+$", "", kept) or "customer"
    name, number = f"{stem}.pdf", 1
    while name.casefold() in taken:
        number += 1
        name = f"{stem}-{number}.pdf"
    taken.add(name.casefold())
    return name
