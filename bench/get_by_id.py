"""`get_by_id` on a routed model in an entry, all guards on, against the same on a plain Peewee model."""

from __future__ import annotations

from .figures import Figure, main, pairs, ratio
from .peers import ROWS, PlainInvoice, RoutedInvoice, both

CALLS = 2000


def measure() -> list[Figure]:
    """Measure 21 pairs."""

    def reading(model: type[RoutedInvoice] | type[PlainInvoice]) -> None:
        for i in range(CALLS):
            model.get_by_id(i % ROWS + 1)

    with both():
        measured = pairs(lambda: reading(RoutedInvoice), lambda: reading(PlainInvoice))
    return [ratio("get_by_id, routed ÷ plain Peewee", measured, 1.03, CALLS, f"{CALLS} calls each")]


if __name__ == "__main__":
    main(measure)
