"""The consolidated trial balance as rows for CSV: one table, a column per company."""

from __future__ import annotations

from cuneifox.consolidation import FAILURES
from cuneifox.csv_out import Amount, Cell
from cuneifox.i18n import _
from cuneifox.report_rows import Rows
from cuneifox.words import ACCOUNT_TYPES, shown_name
from models.reports.consolidated import Block, Column, Consolidated


def consolidated_rows(report: Consolidated, figure: str) -> Rows:
    """Yield an account per row and currency; `figure` is a property of Figures, like "closing".

    A company of another currency leaves its cells empty, and so does one that couldn't be read: then
    its heading says why, and the last column names it in every row whose total it is missing from.
    """
    columns = [column for block in report.blocks for column in block.columns]
    yield [
        *(_("Currency"), _("Code"), _("Account"), _("Type")),
        *map(_heading, columns),
        *(_("Total"), _("Missing from the total")),
    ]
    before = 0
    for block in report.blocks:
        beyond = len(columns) - before - len(block.columns)
        yield from _block_rows(block, figure, before, beyond)
        before += len(block.columns)


def _block_rows(block: Block, figure: str, before: int, beyond: int) -> Rows:
    missing = ", ".join(_heading(column) for column in block.columns if column.failure)
    for row in block.rows:
        own: list[Cell] = [
            None if each is None else Amount(getattr(each, figure), block.decimals)
            for each in row.figures
        ]
        yield [
            *(block.currency, row.code, shown_name(row), str(ACCOUNT_TYPES[row.kind])),
            *([None] * before + own + [None] * beyond),
            *(Amount(getattr(row.total, figure), block.decimals), missing),
        ]


def _heading(column: Column) -> str:
    name = f"{shown_name(column)} ({column.slug})"
    return f"{name}: {FAILURES[column.failure]}" if column.failure else name
