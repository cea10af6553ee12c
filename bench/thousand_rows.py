"""Selecting 1,000 rows as instances of a routed model, against the same of a plain Peewee model."""

from __future__ import annotations

from .figures import Figure, main, pairs, ratio
from .peers import ROWS, PlainInvoice, RoutedInvoice, both

CALLS = 20


def measure() -> list[Figure]:
    """Measure 21 pairs."""

    def selecting(model: type[RoutedInvoice] | type[PlainInvoice]) -> None:
        for _ in range(CALLS):
            assert len(list(model.select())) == ROWS

    with both():
        measured = pairs(lambda: selecting(RoutedInvoice), lambda: selecting(PlainInvoice))
    what = "1,000 rows as instances, routed ÷ plain Peewee"
    return [ratio(what, measured, 1.05, CALLS, f"{CALLS} selects each")]


if __name__ == "__main__":
    main(measure)
