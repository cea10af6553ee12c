"""Files made of tables and vouchers, as answers to a request that waits for them."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path

from flask import Response

from cuneifox.papers import FORMS, PaperFailed, Row, Table, VoucherPapers, write, write_vouchers
from cuneifox.papers.csv_form import table_lines
from cuneifox.request import this_request
from models.errors import BadInput

MOST_ROWS = {"pdf": 2_000, "xlsx": 10_000, "csv": 20_000}
"""What one request makes of a report: some tenths of a second, in which other people's pages have to wait for turns of
Python's. Longer ones are jobs, in a process of their own."""

MOST_ACCOUNTS = 20_000
"""Rows of a report with one for each account, in any form: more than any chart has."""

log = logging.getLogger("cuneifox")


def csv_response(table: Table, bom: bool = True, most: int = 0) -> Response:
    """Return the table as CSV, behind a byte-order mark if `bom`.

    Raises BadInput where it has more rows than `most`, which is MOST_ROWS unless given.
    """
    lines = table_lines(_bounded(table, _most(most or MOST_ROWS["csv"])), bom)
    return _download("".join(lines).encode(), table.name, "csv")


def table_response(form: str, table: Table, most: int = 0) -> Response:
    """Return the table as XLSX or PDF.

    Raises BadInput where it has more rows than `most`, which is MOST_ROWS unless given; PaperFailed.
    """
    tick = _most(most or MOST_ROWS[form])
    return _download(
        _made(lambda path: write(form, _bounded(table, tick), path, tick)), table.name, form
    )


def _most(most: int) -> Callable[[int], None]:
    """What is told how many rows there are, and raises where those are too many to wait for."""

    def tick(rows: int) -> None:
        if rows > most:
            raise BadInput(
                "This has more than %(most)s lines, too many to wait for. Have it made beside the page, or choose "
                "fewer days.",
                field="last",
                most=f"{most:,}",
            )

    return tick


def vouchers_response(papers: VoucherPapers) -> Response:
    """Return vouchers as one PDF. Raises PaperFailed."""
    return _download(_made(lambda path: write_vouchers(papers, path, _untold)), papers.name, "pdf")


def _untold(done: int) -> None:
    """Nobody watches a request's progress."""


def _bounded(table: Table, tick: Callable[[int], None]) -> Table:
    """The table, which tells of its rows as they are read, before any page of them is set."""
    read = count(1)

    def watch(rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            tick(next(read))
            yield row

    return table.through(watch)


def _made(make: Callable[[Path], None]) -> bytes:
    with tempfile.TemporaryDirectory(prefix="cuneifox-paper-") as folder:
        path = Path(folder) / "paper"
        try:
            make(path)
        except PaperFailed as error:
            log.error("Request %s: a PDF could not be made: %s", this_request().id, error)
            raise
        return path.read_bytes()


def _download(content: bytes, name: str, form: str) -> Response:
    response = Response(content, content_type=FORMS[form][1])
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response
