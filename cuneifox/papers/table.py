"""A report as a table: what CSV, XLSX and PDF are written from, row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Literal

Cell = str | int | Decimal | date | None

Kind = Literal["text", "amount", "number", "date"]

Style = Literal["plain", "group", "opening", "total", "foot"]


class Amount(int):
    """An amount in minor units that knows its decimals."""

    decimals: int

    def __new__(cls, minor: int, decimals: int) -> Amount:
        amount = super().__new__(cls, minor)
        amount.decimals = decimals
        return amount


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        width: relative to the other columns; 1 is about as wide as a date.
        summed: rows that sum others up do so in this column.
        indented: holds what a row's indent moves to the right.
        adds: the first and the last of the columns, counted from 0, that each plain row adds up in this one.
    """

    heading: str
    kind: Kind = "text"
    width: float = 1.0
    summed: bool = False
    indented: bool = False
    adds: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row, a cell for each column.

    Attributes:
        style: "group" is a heading among the rows, "opening" a balance that is carried into them, "total" the sum of
            some, "foot" that of all at the table's end. CSV has neither groups nor foot, so that its columns can be
            summed.
        indent: how many groups the row is within.
        part: what it belongs to, for sums to name.
        sums: the parts whose plain rows this one sums up, each with 1, or -1 where they are taken off.
    """

    cells: Sequence[Cell]
    style: Style = "plain"
    indent: int = 0
    part: str = ""
    sums: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Table:
    """A report; its rows are read once.

    Attributes:
        name: of the file, without its ending: ASCII letters, digits and dashes.
        facts: what stands above the table, as (label, text).
        footer: whose it is, of when and of which state of the books; a line each. On each page of a PDF.
        parentheses: negative amounts stand in parentheses, instead of behind a minus.
        count: how many rows there are, about; 0 where nobody knows before they are read.
        further: tables that belong to it, with columns of their own: each on pages of its own in a PDF, and on a sheet
            of its own in a workbook. CSV has the first table alone. All have as many lines of footer.
    """

    name: str
    title: str
    columns: Sequence[Column]
    rows: Iterable[Row]
    facts: Sequence[tuple[str, str]] = field(default=())
    footer: Sequence[str] = field(default=())
    parentheses: bool = False
    count: int = 0
    further: Sequence[Table] = field(default=())

    @property
    def all(self) -> Sequence[Table]:
        """The table and those that belong to it."""
        return (self, *self.further)

    def through(self, watch: Callable[[Iterable[Row]], Iterable[Row]]) -> Table:
        """Return the same, all of whose rows go through `watch` as they are read."""
        further = [each.through(watch) for each in self.further]
        return replace(self, rows=watch(self.rows), further=further)
