"""Posting a two-line voucher, with all checks, number, balances and chain, against its SQL on the bare driver."""

from __future__ import annotations

from .figures import PAIRS, Figure, main, pairs, ratio
from .posting_pair import twins

AT_ONCE = 100


def measure() -> list[Figure]:
    """Measure 21 pairs with the disk waited for, and 21 without."""
    figures = []
    for synchronous, name in (("FULL", "FULL"), ("OFF", "synchronous off")):
        with twins((PAIRS + 1) * AT_ONCE, synchronous) as pair:
            measured = pairs(lambda: pair.post(AT_ONCE), lambda: pair.replay(AT_ONCE))
            statements = sum(map(len, pair.statements[0]))
        what = f"Posting a two-line voucher, {name} ÷ its SQL on the bare driver"
        note = f"{AT_ONCE} vouchers each, one transaction and {statements} statements a voucher"
        figures.append(ratio(what, measured, 2, AT_ONCE, note))
    return figures


if __name__ == "__main__":
    main(measure)
