"""What commands print: tables for people, JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click
import msgspec

from cuneifox.cli.exits import printable

WIDE = 240
"""Columns of a table that no terminal bounds: a pipe shall get whole rows."""

WRAPPED = ("", "Account", "Name", "Local name", "Shown as", "Text")
"""Columns that may take several lines where the terminal is narrow."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def size(count: int | None) -> str:
    """A file's bytes; `missing` for a file that isn't there."""
    return "missing" if count is None else f"{count:,} bytes"


def print_json(data: Any) -> None:
    """Print structs, lists and mappings as JSON; decimals and dates as text."""
    click.echo(msgspec.json.format(msgspec.json.encode(data), indent=2).decode())


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: Sequence[str] = (),
    title: str = "",
    strong: frozenset[int] = frozenset(),
) -> None:
    """Print a table.

    Args:
        right: the columns that hold figures.
        strong: numbers of the rows that are sums or headings.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        title=Text(printable(title)) if title else None,
    )
    table.title_justify = "left"
    for column in columns:
        table.add_column(
            column,
            justify="right" if column in right else "left",
            no_wrap=column not in WRAPPED,
            overflow="fold",
        )
    for number, row in enumerate(rows):
        style = "bold" if number in strong else None
        table.add_row(*(Text(printable(cell)) for cell in row), style=style)
    terminal = sys.stdout.isatty()
    Console(file=sys.stdout, width=None if terminal else WIDE).print(table)
