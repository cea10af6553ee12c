"""The first page of the journal at 100,000 vouchers, over HTTP."""

from __future__ import annotations

from .big_books import made
from .browser import signed_in
from .figures import PAIRS, Figure, absolute, main, timed

CALLS = 5


def measure() -> list[Figure]:
    """Measure 21 runs."""
    with signed_in(made()) as client:

        def show() -> None:
            for _ in range(CALLS):
                assert "Sale of goods" in client.get("/c/large/journal")

        show()
        each = [timed(show) / CALLS for _ in range(PAIRS)]
    what = "First page of the journal over HTTP, 100,000 vouchers"
    return [absolute(what, each, 50, 1e3, "ms", f"{CALLS} requests each")]


if __name__ == "__main__":
    main(measure)
