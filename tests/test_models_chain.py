"""Whoever changes what was posted, behind our back, is found by the chain or by its head in the catalogue."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from ledgers import BY, Undo, books, customer, day, post_and_undo, post_sale, rows, sale
from models import verification
from models.accounts import find_account
from models.companies import Company
from models.inputs import LineInput
from models.posting import post_input, post_many
from models.reversing import reverse
from models.verification import verify_chain
from models.years import close_year
from tenants import Router, Store, current_entry, current_store

VOUCHER = (
    "id, number, book_stid, fiscal_year, serial, date, text, reference, closing, reverses_id, key,"
    " digest, chain_no, posted_by, posted_by_name, posted_at"
)
LINE = (
    "n, account_stid, amount, text, quantity, quantity_decimals, commodity, register, register_stid"
)


@pytest.fixture
def acme(router: Router) -> Iterator[None]:
    """Books with six vouchers of every kind."""
    with books(router):
        post_input(sale(text='น้ำปลา "fish" \\ sauce'), by=BY, key="ก")
        dollars = LineInput(
            find_account("1120").stid, 3512, "", Decimal("1.00"), "USD", "customer", customer()
        )
        post_input(
            replace(
                sale(), lines=[dollars, replace(sale().lines[1], amount=-3512)], reference="INV 7"
            ),
            by=BY,
        )
        reverse(1, date=day("2026-02-04"), by=BY, reason="Wrong customer")
        close_year(2026, by=BY)
        post_sale("2027-01-05")
        post_sale("2027-01-06")
        yield


def head() -> tuple[int, str]:
    """What the catalogue holds."""
    entry = current_entry()
    assert entry is not None
    assert entry.tenant is not None
    company = Company.get_by_id(entry.tenant.id)
    return company.chain_count, company.chain_head


def behind_our_back(*statements: str) -> None:
    """Change the file with a plain connection, without triggers, foreign keys and our code."""
    with current_store("books").get_connection() as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        triggers = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, sql in triggers:
            connection.execute(sql)


def second_implementation() -> list[str]:
    """Every hash of the chain, computed by the standard library from what the documentation says."""
    hashes, previous = [], "0" * 64
    for voucher in rows(f"SELECT {VOUCHER} FROM vouchers ORDER BY chain_no"):
        lines = rows(f"SELECT {LINE} FROM lines WHERE voucher_id = ? ORDER BY n", voucher[0])
        text = json.dumps(
            ["voucher-1", previous, voucher, lines], ensure_ascii=False, separators=(",", ":")
        )
        previous = hashlib.sha256(text.encode()).hexdigest()
        hashes.append(previous)
    return hashes


def test_the_chain_is_what_its_documentation_says(acme: None) -> None:
    """Another implementation gets the same hashes, and the last one stands in books and catalogue."""
    kept = [row[0] for row in rows("SELECT chain_hash FROM vouchers ORDER BY chain_no")]
    assert kept == second_implementation()
    assert rows("SELECT count, head FROM ledger_state") == [(6, kept[-1])]
    assert head() == (6, kept[-1])
    assert list(verify_chain()) == []


CHANGES: dict[str, Any] = {
    "id": 77, "number": "GJ-2026-000077", "book_stid": 2, "fiscal_year": 2031, "serial": 77,
    "date": "2026-02-09", "text": "Soy sauce", "reference": "INV 8", "closing": 1, "reverses_id": 5,
    "key": "another", "digest": "another", "chain_no": 77, "posted_by": "u9",
    "posted_by_name": "Nobody", "posted_at": 1, "chain_hash": "f" * 64,
}  # fmt: skip
LINE_CHANGES: dict[str, Any] = {
    "voucher_id": 1000, "n": 9, "account_stid": 5, "date": "2026-02-09", "amount": 3513, "text": "Soy sauce",
    "quantity": 101, "quantity_decimals": 3, "commodity": "EUR", "register": "supplier",
    "register_stid": 8,
}  # fmt: skip


@pytest.mark.parametrize("column", CHANGES)
def test_every_change_of_a_voucher_is_found(acme: None, column: str) -> None:
    """No column of a posted voucher can be changed unnoticed, and the voucher is named."""
    assert list(verify_chain()) == []
    behind_our_back(f"UPDATE vouchers SET {column} = {CHANGES[column]!r} WHERE id = 2")
    assert {fault.voucher_id for fault in verify_chain()} & {2, 77, 3}


@pytest.mark.parametrize("column", LINE_CHANGES)
def test_every_change_of_a_line_is_found(acme: None, column: str) -> None:
    """No column of a posted line can be changed unnoticed, and the voucher is named."""
    behind_our_back(
        f"UPDATE lines SET {column} = {LINE_CHANGES[column]!r} WHERE voucher_id = 2 AND n = 1"
    )
    assert 2 in {fault.voucher_id for fault in verify_chain()}


TAMPERING = {
    "a line taken out": "DELETE FROM lines WHERE voucher_id = 2 AND n = 1",
    "a voucher taken out": "DELETE FROM vouchers WHERE id = 2",
    "the first one taken out": "DELETE FROM vouchers WHERE id = 1",
    "a line added": "INSERT INTO lines (voucher_id, n, account_stid, date, amount, text)"
    " VALUES (2, 3, 4, '2026-02-03', 0, '')",
    "two in each other's place": "UPDATE vouchers SET chain_no = 111 - chain_no WHERE id IN (5, 6)",
    "the state set back": "UPDATE ledger_state SET count = 5",
}


@pytest.mark.parametrize("statement", TAMPERING.values(), ids=TAMPERING.keys())
def test_tampering_is_found(acme: None, statement: str) -> None:
    """Rows that went, came or changed places are found."""
    behind_our_back(statement)
    assert list(verify_chain())


CUT = (
    "DELETE FROM lines WHERE voucher_id > 4",
    "DELETE FROM vouchers WHERE id > 4",
    "UPDATE number_series SET last = 0 WHERE fiscal_year = 2027",
    "UPDATE ledger_state SET count = 4,"
    " head = (SELECT chain_hash FROM vouchers WHERE chain_no = 4)",
)


def test_an_end_that_was_cut_off_is_found_by_the_catalogue(acme: None) -> None:
    """Books that are whole in themselves, but shorter than the catalogue knows, are found."""
    behind_our_back(*CUT)
    assert [fault.problem for fault in verify_chain()] == [
        "vouchers 5 to 6 of the chain (2) are missing: the chain ends at voucher 4 (GJ-2026-000004), and the catalogue"
        " knows 6"
    ]


def test_an_end_that_was_cut_off_and_written_anew_is_found(acme: None) -> None:
    """Postings on top of a cut-off chain don't move the catalogue's head on, however many there are."""
    known = head()
    behind_our_back(*CUT)
    for amount in range(1, 5):
        post_sale("2027-01-05", amount)
    assert head() == known
    assert [fault.problem for fault in verify_chain()] == [
        "one of vouchers 1 to 6 of the chain, up to this one, isn't what the catalogue knows"
    ]


def test_a_posting_stands_though_the_catalogue_cannot_be_written(
    acme: None, router: Router, caplog: pytest.LogCaptureFixture
) -> None:
    """What is committed is answered as posted; the head is caught up with by the next posting."""
    known = head()
    router.universal.execute_sql("ALTER TABLE companies RENAME TO away")
    posted = post_sale("2027-01-07")
    assert "not written to the catalogue" in caplog.text
    router.universal.execute_sql("ALTER TABLE away RENAME TO companies")
    assert head() == known
    assert rows("SELECT chain_hash FROM vouchers WHERE id = ?", posted.id) == [(posted.chain_hash,)]
    later = post_sale("2027-01-08")
    assert head() == (later.chain_no, later.chain_hash)


def test_the_head_follows_the_commit_and_never_precedes_it(acme: None) -> None:
    """Within the caller's transaction the catalogue waits; undone with it, it never hears of the posting."""
    known = head()
    with pytest.raises(Undo):
        post_and_undo(date="2027-01-07")
    assert head() == known
    with current_store("books").writing():
        post_sale("2027-01-07")
        post_many([(sale("2027-01-08"), None), (sale("2027-01-09"), None)], by=BY)
        assert head() == known
    assert head() == rows("SELECT count, head FROM ledger_state")[0]
    assert head()[0] == 9
    assert list(verify_chain()) == []


def test_a_savepoint_that_is_undone_leaves_no_head(acme: None) -> None:
    """A posting that a savepoint took back isn't announced by the transaction around it."""
    known = head()
    with current_store("books").writing(), pytest.raises(Undo):
        post_and_undo(date="2027-01-07")
    assert head() == known
    assert list(verify_chain()) == []


def test_heads_of_postings_at_once_end_at_the_last(router: Router) -> None:
    """Eight threads post to one company; the catalogue ends at the end of the chain."""
    start = threading.Barrier(8)

    def work() -> None:
        start.wait(timeout=30)
        for _ in range(10):
            post_sale()

    with books(router):
        threads = [router.start_thread(work, tenant="acme") for _ in range(8)]
        for thread in threads:
            thread.join(timeout=120)
        assert head() == rows("SELECT count, head FROM ledger_state")[0]
        assert head()[0] == 80
        assert list(verify_chain()) == []


@pytest.mark.parametrize("step", ["known_anchors", "_lines_by_voucher"])
def test_what_is_posted_meanwhile_is_no_fault(
    acme: None, router: Router, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A voucher posted before or after any read is seen with its lines and the catalogue's head, or not at all."""
    plain = getattr(verification, step)

    def between_postings(store: Store, *given: Any) -> Any:
        router.start_thread(post_sale, "2027-02-01", tenant="acme").join()
        found = plain(store, *given)
        found = iter(list(found)) if step == "_lines_by_voucher" else found
        router.start_thread(post_sale, "2027-02-02", tenant="acme").join()
        return found

    monkeypatch.setattr(verification, step, between_postings)
    assert list(verify_chain()) == []
    assert head()[0] == 8
