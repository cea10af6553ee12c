"""One table into one file, which is there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from cuneifox.papers.csv_form import write_csv
from cuneifox.papers.pdf_form import write_pdf
from cuneifox.papers.table import Table
from cuneifox.papers.xlsx_form import write_xlsx

Writer = Callable[[Table, Path, Callable[[int], None], Callable[[], None]], None]

FORMS: dict[str, tuple[Writer, str]] = {
    "csv": (write_csv, "text/csv; charset=utf-8"),
    "xlsx": (write_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "pdf": (write_pdf, "application/pdf"),
}
"""What a table can be written as: by whom, and the file's media type."""


def nobody() -> None:
    """Nobody waits for the rows to be read."""


def write(
    form: str,
    table: Table,
    path: Path,
    tick: Callable[[int], None],
    read: Callable[[], None] = nobody,
) -> None:
    """Write a table as one of FORMS to `path`.

    Args:
        tick: is told how many rows are done, and called several times a second while the file is set. It may raise:
            then nothing is left at `path`.
        read: called once all rows are read, which may be long before the file is done: what they are read from can be
            given back then.

    Raises:
        PaperFailed: the PDF can't be made.
        OSError: the file can't be written.
    """
    writer = FORMS[form][0]
    whole_or_nothing(path, lambda working: writer(table, working, tick, read))


def whole_or_nothing(path: Path, make: Callable[[Path], None]) -> None:
    """Have a file made in a folder beside `path`, and put there once it is whole."""
    with tempfile.TemporaryDirectory(prefix=".paper-", dir=path.parent) as folder:
        working = Path(folder) / path.name
        make(working)
        os.replace(working, path)
