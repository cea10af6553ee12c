"""hledger, another program for the same books: what it makes of a journal (amounts in minor units)."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from ledgers import rows

needs_hledger = pytest.mark.skipif(
    shutil.which("hledger") is None, reason="hledger isn't installed (Debian's package hledger)"
)


def journal(*, closings: bool = True) -> str:
    """Return the current company's posted vouchers as a journal for hledger."""
    entries: list[str] = []
    last = None
    for voucher_id, date, code, kind, amount in rows(
        "SELECT v.id, v.date, a.code, a.type, l.amount FROM vouchers v"
        " JOIN lines l ON l.voucher_id = v.id JOIN accounts a ON a.stid = l.account_stid"
        " WHERE ? OR NOT v.closing ORDER BY v.date, v.id, l.n",
        closings,
    ):
        if voucher_id != last:
            entries.append(f"\n{date} voucher {voucher_id}")
            last = voucher_id
        entries.append(f"    {kind}:{code}  {decimal(amount)}")
    return "\n".join(entries) + "\n"


def decimal(minor: int) -> str:
    return f"{'-' if minor < 0 else ''}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def run(given: str, *arguments: str) -> Any:
    """Run hledger on a journal; return what it writes, parsed where that is JSON."""
    done = subprocess.run(
        ["hledger", "-f", "-", *arguments], input=given, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout) if "json" in arguments else done.stdout


def balances(given: str, *arguments: str) -> dict[str, int]:
    """Return the accounts' balances that aren't zero, by code."""
    listed = run(given, "balance", "--flat", *arguments, "-O", "json")[0]
    return {name.partition(":")[2]: minor(amounts) for name, _, _, amounts in listed}


def closing_entry(given: str, first: str, after: str, retained: str) -> dict[str, int]:
    """Return the amounts by code of the entry with which hledger closes income and expense."""
    closing = run(
        given, "close", "--close", "-x", "--close-acct", f"equity:{retained}",
        "-b", first, "-e", after, "income", "expense",
    )  # fmt: skip
    (entry,) = run(closing, "-I", "print", "-O", "json")
    return {
        posting["paccount"].partition(":")[2]: minor(posting["pamount"])
        for posting in entry["tpostings"]
    }


def minor(amounts: list[Any]) -> int:
    if not amounts:
        return 0
    (amount,) = amounts
    number = amount["aquantity"]
    return number["decimalMantissa"] * 10 ** (2 - number["decimalPlaces"])
