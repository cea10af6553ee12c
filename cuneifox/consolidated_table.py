"""The consolidated trial balance as one table, a column per company, for CSV."""

from __future__ import annotations

from collections.abc import Iterator

from cuneifox.consolidated_requests import TITLE
from cuneifox.consolidation import FAILURES
from cuneifox.file_names import file_name
from cuneifox.i18n import _
from cuneifox.papers import Amount, Cell, Row, Table
from cuneifox.papers import Column as PaperColumn
from cuneifox.words import ACCOUNT_TYPES, shown_name
from models.reports.consolidated import Block, Column, Consolidated

NAMED = 3
"""Companies of which a file is named."""


def consolidated_table(report: Consolidated, figure: str) -> Table:
    """Return an account per row and currency; `figure` is a property of Figures, like "closing".

    A company of another currency leaves its cells empty, and so does one that couldn't be read: then
    its heading says why, and the last column names it in every row whose total it is missing from.
    """
    companies = [column for block in report.blocks for column in block.columns]
    columns = [
        *(PaperColumn(each) for each in (_("Currency"), _("Code"), _("Account"), _("Type"))),
        *(PaperColumn(heading(each), "amount") for each in companies),
        PaperColumn(_("Total"), "amount"),
        PaperColumn(_("Missing from the total")),
    ]
    rows = _rows(report, figure, len(companies))
    return Table(file_name_of(report), str(TITLE), columns, rows)


def file_name_of(report: Consolidated) -> str:
    """Return what its files are called: by the companies' short names, or how many they are."""
    slugs = [column.slug for block in report.blocks for column in block.columns]
    whose = "-".join(slugs) if len(slugs) <= NAMED else f"{len(slugs)}-companies"
    return file_name("consolidated-trial-balance", report.first, report.last, whose=whose)


def _rows(report: Consolidated, figure: str, companies: int) -> Iterator[Row]:
    before = 0
    for block in report.blocks:
        beyond = companies - before - len(block.columns)
        yield from _block_rows(block, figure, before, beyond)
        before += len(block.columns)


def _block_rows(block: Block, figure: str, before: int, beyond: int) -> Iterator[Row]:
    missing = ", ".join(heading(column) for column in block.columns if column.failure)
    for row in block.rows:
        own: list[Cell] = [
            None if each is None else Amount(getattr(each, figure), block.decimals)
            for each in row.figures
        ]
        yield Row(
            [
                *(block.currency, row.code, shown_name(row), str(ACCOUNT_TYPES[row.kind])),
                *([None] * before + own + [None] * beyond),
                *(Amount(getattr(row.total, figure), block.decimals), missing),
            ]
        )


def heading(column: Column) -> str:
    """Return what stands above a company's figures: its name, and why there are none."""
    name = f"{shown_name(column)} ({column.slug})"
    return f"{name}: {FAILURES[column.failure]}" if column.failure else name
