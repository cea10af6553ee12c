"""One look-up of a model's database in an entry."""

from __future__ import annotations

import timeit

from .figures import PAIRS, Figure, absolute, main
from .peers import RoutedInvoice, both

LOOKUPS = 200_000


def measure() -> list[Figure]:
    """Measure 21 runs."""
    with both():
        runs = timeit.repeat(
            "model._meta.database",
            globals={"model": RoutedInvoice},
            number=LOOKUPS,
            repeat=PAIRS,
        )
    each = [run / LOOKUPS for run in runs]
    note = f"{LOOKUPS:,} look-ups each, the loop included"
    return [absolute("One _meta.database look-up", each, 150, 1e9, "ns", note)]


if __name__ == "__main__":
    main(measure)
