"""`cuneifox report consolidated`: the trial balances of several companies side by side."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click

from cuneifox.cli.exits import Refused, printable
from cuneifox.cli.opening import find_company, installation, log, now, today
from cuneifox.cli.printing import print_json, print_table
from cuneifox.cli.report_files import form_of, made_by, write_table
from cuneifox.cli.report_tables import Shown
from cuneifox.config import Config
from models.money import format_amount
from models.reports.consolidated import Block, Consolidated, ConsolidatedRow

FIGURES = {"closing": "closing balances", "moved": "movements", "opening": "opening balances"}


class Wanted(NamedTuple):
    """What was asked for: the companies' slugs, the days, and which of FIGURES."""

    slugs: list[str]
    first: datetime.date | None
    last: datetime.date | None
    show: str


def report(wanted: Wanted, form: str) -> None:
    """Read the companies and print; who couldn't be read is told on standard error, exit code 1."""
    made, config = _made(wanted)
    local, show = config.language == "th", wanted.show
    if form == "json":
        from cuneifox.report_json import plain

        print_json(plain(made))
    elif form == "csv":
        from cuneifox.papers.csv_form import lines

        for line in lines(_plain(made, show), bom=False):
            click.echo(line, nl=False)
    else:
        for block in made.blocks:
            shown = _table(made, block, show, local)
            print_table(
                shown.columns,
                shown.rows,
                right=shown.figures,
                title=shown.title,
                strong=shown.strong,
            )
    if not made.complete:
        raise Refused(*_reasons(made))


def write(wanted: Wanted, path: Path, parentheses: bool) -> None:
    """Write a file of what can be read; who couldn't be is named in it, and told as `report` does."""
    from cuneifox import formats
    from cuneifox.consolidated_papers import consolidated_paper
    from cuneifox.i18n import speaking

    form = form_of(path)
    made, config = _made(wanted)
    with speaking(config.language):
        at = formats.moment(now(config))
        paper = consolidated_paper(form, made, wanted.show, at, made_by(), parentheses)
        write_table(form, paper, path)
    if not made.complete:
        raise Refused(*_reasons(made))


def _made(wanted: Wanted) -> tuple[Consolidated, Config]:
    from cuneifox import consolidation
    from models.companies import Company
    from models.reports.consolidated import consolidate

    with installation() as (config, router):
        bounds = config.consolidated
        slugs = list(dict.fromkeys(wanted.slugs))
        if len(slugs) > bounds.companies:
            raise Refused(
                f"{len(slugs)} companies at once are too many: config.toml allows {bounds.companies}"
                " (companies in [consolidated])."
            )
        tenants = [find_company(router, slug) for slug in slugs]
        chosen = [(Company.get_by_id(tenant.id), tenant) for tenant in tenants]
        last = wanted.last or today(config)
        first = wanted.first or datetime.date(last.year, 1, 1)
        asked = consolidation.Wanted(first, last)
        parts = consolidation.read_parts(router, chosen, asked, seconds=bounds.seconds)
        for (company, _), part in zip(chosen, parts, strict=True):
            if not part.failure:
                log("consolidated.trial_balance", f"{first} – {last}", company)
    return consolidate(first, last, parts), config


def _reasons(made: Consolidated) -> Iterator[str]:
    from cuneifox.consolidation import FAILURES

    for block in made.blocks:
        for column in block.columns:
            if column.failure:
                reason = FAILURES[column.failure]
                yield f"{column.slug} is missing from the sums in {block.currency}: {reason}."


def _table(made: Consolidated, block: Block, show: str, local: bool) -> Shown:
    headings = [_heading(column.slug, column.failure) for column in block.columns]
    total = "Total" if block.complete else "Total (incomplete)"
    title = (
        f"Consolidated trial balance from {made.first} to {made.last} in {block.currency}: "
        f"{FIGURES[show]}, debits positive"
    )
    shown = Shown(title, ["Code", "Account", *headings, total], [*headings, total])
    for row in block.rows:
        cells = ("" if cell is None else _money(cell, block) for cell in _figures(row, show))
        shown.add(row.code, _name(row, local), *_marked(cells, block))
    for side in ("debit", "credit"):
        sums = (_side(part, show, side) for part in (*block.columns, block))
        name = f"{side.title()}s"
        shown.add("", name, *_marked((_money(each, block) for each in sums), block), strong=True)
    return shown


def _figures(row: ConsolidatedRow, show: str) -> Iterator[int | None]:
    for each in (*row.figures, row.total):
        yield None if each is None else getattr(each, show)


def _side(part: Any, show: str, side: str) -> int:
    return int(getattr(part.total if show == "moved" else getattr(part, show), side))


def _marked(cells: Iterator[str], block: Block) -> Iterator[str]:
    """A question mark in the place of whoever couldn't be read."""
    failed = [bool(column.failure) for column in block.columns]
    for cell, unknown in zip(cells, [*failed, False], strict=True):
        yield "?" if unknown else cell


def _money(minor: int, block: Block) -> str:
    return format_amount(minor, block.decimals)


def _name(row: ConsolidatedRow, local: bool) -> str:
    names = ((local and name.local_name) or name.name for name in row.names)
    return " / ".join(dict.fromkeys(names))


def _heading(slug: str, failure: str) -> str:
    return printable(f"{slug}: {failure}" if failure else slug)


def _plain(made: Consolidated, show: str) -> Iterator[list[Any]]:
    """One table for all currencies; each row names whom its total lacks."""
    from cuneifox.papers import Amount

    columns = [column for block in made.blocks for column in block.columns]
    headings = [_heading(column.slug, column.failure) for column in columns]
    yield ["currency", "code", "name", "local_name", "type", *headings, "total", "missing"]
    before = 0
    for block in made.blocks:
        own = slice(before, before + len(block.columns))
        missing = ", ".join(_heading(c.slug, c.failure) for c in block.columns if c.failure)
        for row in block.rows:
            cells: list[Any] = [None] * len(columns)
            *cells[own], total = [
                None if each is None else Amount(each, block.decimals)
                for each in _figures(row, show)
            ]
            named = (block.currency, row.code, row.name, row.local_name, row.kind)
            yield [*named, *cells, total, missing]
        before += len(block.columns)
