"""The trial balance page over HTTP: of 100,000 vouchers against 1,000, and against `ledger bal` on the same data."""

from __future__ import annotations

import subprocess

from .big_books import as_ledger_file, made
from .browser import signed_in
from .figures import Figure, faster, main, pairs, ratio

CALLS = 5
PAGE = "/c/{}/reports/trial-balance?first=2026-01-01&last=2026-12-31"


def measure() -> list[Figure]:
    """Measure 21 pairs each."""
    folder = made()
    file = as_ledger_file("large")
    with signed_in(folder) as client:

        def show(slug: str, calls: int) -> None:
            for _ in range(calls):
                assert "Total" in client.get(PAGE.format(slug))

        def ledger() -> None:
            subprocess.run(["ledger", "-f", file, "bal"], check=True, stdout=subprocess.DEVNULL)

        sizes = pairs(lambda: show("large", CALLS), lambda: show("small", CALLS))
        against = pairs(lambda: show("large", 1), ledger)
    return [
        ratio(
            "Trial balance over HTTP, 100,000 vouchers ÷ 1,000",
            sizes,
            1.5,
            CALLS,
            f"the page, {CALLS} requests each",
        ),
        faster(
            "Trial balance over HTTP against `ledger bal`, 100,000 vouchers",
            against,
            50,
            1,
            f"one request, one run; {version()}",
        ),
    ]


def version() -> str:
    """Which ledger this is."""
    done = subprocess.run(["ledger", "--version"], check=True, capture_output=True, text=True)
    return done.stdout.partition(",")[0]


if __name__ == "__main__":
    main(measure)
