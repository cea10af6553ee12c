"""The consolidated trial balance on paper: a table for each currency, and the companies with the state of their books.

A sheet of a workbook has all companies side by side. On paper as many stand side by side as fit, and the others in
tables that follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from typing import NamedTuple

from cuneifox.colophon import scope_text
from cuneifox.consolidated_requests import FIGURES, KINDS, TITLE
from cuneifox.consolidated_table import consolidated_table, file_name_of, heading
from cuneifox.consolidation import FAILURES
from cuneifox.i18n import _, ngettext
from cuneifox.papers import Amount, Cell, Column, Row, Table
from cuneifox.report_tables import code_column
from cuneifox.words import shown_name
from models.reports.consolidated import Block, Consolidated, ConsolidatedRow
from models.reports.consolidated import Column as CompanyColumn

MOST_ACROSS = 7
"""Columns of figures that a page across has room for."""

FEW = 4
"""Companies whose books' states stand on each page; of more they stand in the list at the end alone."""

LONGEST = 50
"""Characters of a company's name in a footer."""


class Look(NamedTuple):
    """What all tables of a paper have in common: what they show, and what stands in their footers."""

    report: Consolidated
    figure: str
    footer: Sequence[str]
    parentheses: bool


def consolidated_paper(
    form: str,
    report: Consolidated,
    figure: str,
    made: str,
    by: str,
    parentheses: bool = False,
) -> Table:
    """Return the report as a table, which others follow, to be written in a form.

    Args:
        form: csv has a table of its own, an account per row and currency.
        figure: one of FIGURES.
        made: the moment, as people read it.
        by: the name of who asked.
        parentheses: negative amounts stand in parentheses.
    """
    if form == "csv":
        return consolidated_table(report, figure)
    look = Look(report, figure, _footer(report, made, by), parentheses)
    most = MOST_ACROSS if form == "pdf" else 0
    tables = [table for block in report.blocks for table in _tables(look, block, most)]
    return _together([*tables, _companies(look)])


def _together(tables: Sequence[Table]) -> Table:
    first, *further = tables
    return Table(
        first.name,
        first.title,
        first.columns,
        first.rows,
        first.facts,
        first.footer,
        first.parentheses,
        sum(each.count for each in tables),
        further,
    )


def _tables(look: Look, block: Block, most: int) -> Iterator[Table]:
    """A currency's tables; with more than `most` columns of figures, as many tables as it takes, of about one width."""
    count = len(block.columns) + 1  # the total comes last
    parts = ceil(count / most) if most else 1
    size = ceil(count / parts)
    for part, start in enumerate(range(0, count, size), 1):
        which = f" ({part}/{parts})" if parts > 1 else ""
        title = f"{TITLE}: {block.currency}{which}"
        yield _table(look, block, title, range(start, min(start + size, count)))


def _table(look: Look, block: Block, title: str, places: range) -> Table:
    """The table of the companies at these places; behind the last company is the total's."""
    whole = len(places) > len(block.columns)
    columns = [
        code_column(row.code for row in block.rows),
        Column(_("Account"), width=3, indented=True),
        *(_company(block.columns[n]) for n in places if n < len(block.columns)),
    ]
    if places.stop > len(block.columns):
        adds = (2, len(columns) - 1) if whole and len(block.columns) > 0 else None
        columns.append(Column(_total_heading(block), "amount", 1.4, True, adds=adds))
    rows = list(_rows(block, look.figure, places))
    return _paper(look, title, columns, rows, _facts(look, block))


def _paper(
    look: Look,
    title: str,
    columns: Sequence[Column],
    rows: Sequence[Row],
    facts: Sequence[tuple[str, str]],
) -> Table:
    name = file_name_of(look.report)
    return Table(name, title, columns, rows, facts, look.footer, look.parentheses, count=len(rows))


def _company(column: CompanyColumn) -> Column:
    return Column(heading(column), "amount", 1.4, not column.failure)


def _total_heading(block: Block) -> str:
    return _("Total") if block.complete else f"{_('Total')} ({_('incomplete')})"


def _facts(look: Look, block: Block) -> list[tuple[str, str]]:
    shown = f"{FIGURES[look.figure]} · {_('Debits are positive, credits negative.')}"
    missing = "; ".join(heading(column) for column in block.columns if column.failure)
    return [
        (_("Period"), scope_text(look.report.first, look.report.last)),
        (_("Figures"), shown),
        (_("Currency"), block.currency),
        *([(_("Missing from the total"), missing)] if missing else []),
    ]


def _rows(block: Block, figure: str, places: range) -> Iterator[Row]:
    for kind, heading_of_kind in KINDS.items():
        rows = [row for row in block.rows if row.kind == kind]
        if rows:
            yield Row(["", str(heading_of_kind), *[None] * len(places)], "group")
        for row in rows:
            shown = [*row.figures, row.total]
            cells = [_amount(shown[n], figure, block.decimals) for n in places]
            yield Row([row.code, _name(row), *cells], indent=1)
    sides = [*(None if each.failure else each for each in block.columns), block]
    for side, label in (("debit", _("Debits")), ("credit", _("Credits"))):
        amounts = [_side(sides[n], figure, side, block.decimals) for n in places]
        yield Row(["", label, *amounts], "total")
    sums = [
        _amount(each.total if each is not None else None, figure, block.decimals) for each in sides
    ]
    yield Row(["", _("Total"), *(sums[n] for n in places)], "foot", sums={"": 1})


def _name(row: ConsolidatedRow) -> str:
    """What the companies call an account, each name once."""
    return " / ".join(dict.fromkeys(shown_name(each) for each in row.names))


def _amount(figures: object, figure: str, decimals: int) -> Cell:
    return None if figures is None else Amount(getattr(figures, figure), decimals)


def _side(column: CompanyColumn | Block | None, figure: str, side: str, decimals: int) -> Cell:
    """What stands on a side, in a column or altogether."""
    if column is None:
        return None
    sums = column.total if figure == "moved" else getattr(column, figure)
    return Amount(getattr(sums, side), decimals)


def _columns_of(report: Consolidated) -> list[tuple[Block, CompanyColumn]]:
    return [(block, column) for block in report.blocks for column in block.columns]


def _companies(look: Look) -> Table:
    """All companies, each with how far its books had come when it was read, or why it wasn't."""
    columns = [
        Column(_("Company"), width=2.4),
        Column(_("Short name"), width=1.4),
        Column(_("Currency"), width=0.8),
        Column(_("Vouchers"), "number", 0.9),
        Column(_("Chain"), width=4.2),
    ]
    rows = [
        Row(
            [
                *(shown_name(column), column.slug, block.currency),
                None if column.failure else column.vouchers,
                str(FAILURES[column.failure]) if column.failure else column.head,
            ]
        )
        for block, column in _columns_of(look.report)
    ]
    facts = [(_("Period"), scope_text(look.report.first, look.report.last))]
    return _paper(look, _("Companies and the state of their books"), columns, rows, facts)


def _footer(report: Consolidated, made: str, by: str) -> list[str]:
    """Whose and what, when and by whom, and how far the books of each had come, or where that stands."""
    columns = [column for _block, column in _columns_of(report)]
    names = [shown_name(each)[:LONGEST] for each in columns]
    few = len(columns) <= FEW
    count = ngettext("%(num)s company", "%(num)s companies", len(columns))
    days = scope_text(report.first, report.last)
    lines = [
        " · ".join((", ".join(names) if few else count, str(TITLE), days)),
        _("Made %(moment)s by %(name)s", moment=made, name=by),
    ]
    if not few:
        return [
            *lines,
            _("The state of each company's books, its chain, stands in the list at the end."),
        ]
    for name, column in zip(names, columns, strict=True):
        state = _(
            "Books of %(count)s vouchers, chain %(hash)s",
            count=f"{column.vouchers:,}",
            hash=column.head,
        )
        lines.append(f"{name}: {FAILURES[column.failure] if column.failure else state}")
    return lines
