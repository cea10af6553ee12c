"""Which rows of a workbook a total sums up, as a formula."""

from __future__ import annotations

from collections.abc import Mapping

LONGEST = 8_000
"""Characters of a formula; spreadsheets take 8,192."""


class Sums:
    """Where the rows of each part stand: (sheet, first row, last row), counted from 0.

    Headings among the rows don't end a range, for they hold no figures; rows of other parts and sums do.
    """

    def __init__(self) -> None:
        self._ranges: dict[str, list[tuple[str, int, int]]] = {}
        self._last = ""

    def add(self, part: str, sheet: str, row: int) -> None:
        """A plain row of a part; rows come in order."""
        ranges = self._ranges.setdefault(part, [])
        if ranges and self._last == part and ranges[-1][0] == sheet:
            ranges[-1] = (sheet, ranges[-1][1], row)
        else:
            ranges.append((sheet, row, row))
        self._last = part

    def formula(self, column: str, parts: Mapping[str, int], here: str) -> str:
        """Return the formula that sums a column's rows of these parts; empty where there are none, or too many."""
        terms = [
            f"{'+' if sign > 0 else '-'}SUM({_range(column, found, here)})"
            for part, sign in parts.items()
            for found in self._ranges.get(part, ())
        ]
        text = "".join(terms).removeprefix("+")
        return f"={text}" if text and len(text) < LONGEST else ""

    def end(self) -> None:
        """A sum was written: whatever comes next begins a range."""
        self._last = "\0"


def _range(column: str, found: tuple[str, int, int], here: str) -> str:
    sheet, first, last = found
    place = "" if sheet == here else "'" + sheet.replace("'", "''") + "'!"
    return f"{place}{column}{first + 1}:{column}{last + 1}"
