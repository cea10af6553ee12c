"""`cuneifox report … --output FILE`: a report as a file, by the ending of its name, however long it is."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cuneifox.cli.exits import Broken, Refused
from cuneifox.cli.opening import application, find_company

if TYPE_CHECKING:
    from cuneifox.papers import Table

TELL_EVERY = 0.5
"""Seconds between two words at a terminal about how far it is."""


def form_of(path: Path) -> str:
    """Return what a file of that name is to be; UsageError, or Refused, where it can't be written."""
    from cuneifox.papers import FORMS

    form = path.suffix.removeprefix(".").lower()
    if form not in FORMS:
        raise click.UsageError(f"End the name of the file in .csv, .xlsx or .pdf: {path.name}")
    if not path.parent.is_dir():
        raise Refused(f"There is no folder {path.parent}: make it first, or name another.")
    return form


def write_report(
    path: Path, company: str, name: str, given: Callable[[], dict[str, Any]], parentheses: bool
) -> None:
    """Write one of a company's reports, read in one state of its books.

    Args:
        path: of the file, which is there whole in the end, in the place of any other.
        company: its slug.
        name: of the report, as pages have it.
        given: is asked in the books what is wanted, as pages have it in their query string.
        parentheses: negative amounts stand in parentheses, on paper.
    """
    form = form_of(path)
    with application() as app, ExitStack() as reading:
        from cuneifox.clock import now_shown
        from cuneifox.report_requests import signed_table_of

        tenant = find_company(app.extensions["cuneifox"].router, company)
        reading.enter_context(tenant.snapshot(roles=("books",)))
        wanted = {**given(), "negative": "parentheses" if parentheses else ""}
        table = signed_table_of(name, wanted, now_shown(), made_by())
        write_table(form, table, path, reading.close)


def made_by() -> str:
    """Return who a file is made by, as its footer says it."""
    from cuneifox.i18n import _

    return _("the command line")


def write_table(
    form: str, table: Table, path: Path, read: Callable[[], None] = lambda: None
) -> None:
    """Write a table, and tell at a terminal how far it is; `read` is called once all is read."""
    from cuneifox.papers import PaperFailed, write

    told = _Told(table.count)
    try:
        write(form, table, path, told.tick, read)
    except PaperFailed as error:
        raise Broken(str(error.text)) from error
    finally:
        told.end()


class _Told:
    def __init__(self, count: int) -> None:
        self._count = count
        self._at = time.monotonic()
        self._is_told = False

    def tick(self, done: int) -> None:
        now = time.monotonic()
        if sys.stderr.isatty() and now - self._at >= TELL_EVERY:
            self._at, self._is_told = now, True
            click.echo(f"\r{done:,} of {max(self._count, done):,} lines", nl=False, err=True)

    def end(self) -> None:
        if self._is_told:
            click.echo("\r\033[K", nl=False, err=True)
