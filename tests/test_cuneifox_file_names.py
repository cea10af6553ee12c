"""Files' names: whose, what and of which days, in characters that harm nobody."""

from __future__ import annotations

from datetime import date

import pytest

from cuneifox.file_names import file_name
from ledger_site import LedgerSite


def test_a_name_says_whose_what_and_when(ledger: LedgerSite) -> None:
    """The current company's short name comes first; an open beginning is left out."""
    with ledger.books():
        assert file_name("journal", date(2026, 1, 1), date(2026, 1, 31)) == (
            "acme-journal-2026-01-01-2026-01-31"
        )
        assert file_name("whole-ledger", None, date(2026, 1, 31)) == "acme-whole-ledger-2026-01-31"
    assert file_name("journal", whose="north") == "north-journal"
    assert file_name("journal") == "journal"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("Assets:Bank", "ledger-Assets-Bank"),
        ('a"; filename="b.exe', "ledger-a-filename-b-exe"),
        ("../../etc/passwd", "ledger-etc-passwd"),
        ("x\r\nSet-Cookie: a=b", "ledger-x-Set-Cookie-a-b"),
        ("\u202egpj\x00", "ledger-gpj"),
        ("เงินสด", "ledger"),
        ("9" * 1000, "ledger-" + "9" * 40),
    ],
)
def test_whatever_else_stands_in_it_is_harmless(given: str, name: str) -> None:
    """Accounts' codes may be anything; a name is of ASCII letters, digits and dashes, and not long."""
    assert file_name("ledger", given, whose="") == name
