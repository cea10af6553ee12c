"""A report that reads one state of a company's books and registers while others post thousands of vouchers."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from ledgers import BY, customer, day, post_sale, rows, voucher
from models.companies import create_company
from models.inputs import LineInput
from models.journals import find_book
from models.posting import post_input
from models.registers import Customer
from models.reports.trial_balance import trial_balance
from models.resolver import resolve
from tenants import DBLock, Router, current_store
from tenants.snapshots.logs import log_size
from tenants.snapshots.states import SnapshotState
from tenants.sqlite import LOG_KEPT

THREADS, EACH = 4, 500


def post_each(router: Router, number: int) -> None:
    """Post vouchers, and now and then for a customer who is new."""
    with router.using("acme"):
        plain = voucher("2026-02-03", ("1110", 100), ("4100", -100))
        for n in range(EACH):
            given = plain
            if n % 50 == 0:
                stid = customer(f"N{number}-{n}")
                first = plain.lines[0]
                owed = LineInput(first.account_stid, 100, register="customer", register_stid=stid)
                given = type(plain)(
                    find_book("GJ").stid, day("2026-02-03"), "", [owed, plain.lines[1]]
                )
            post_input(given, by=BY)


def seen() -> tuple[Any, ...]:
    """What a report tells: the trial balance, how many vouchers and customers, and whom the lines name."""
    named = rows("SELECT DISTINCT register, register_stid FROM lines WHERE register IS NOT NULL")
    assert len(resolve(named)) == len(named)
    report = trial_balance(day("2026-01-01"), day("2026-12-31"))
    return report, rows("SELECT count(*) FROM vouchers"), Customer.select().count(), sorted(named)


@pytest.mark.slow
def test_one_state_through_thousands_of_postings(
    router: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tells the same all along, from all stores; all postings go through, none waits for it; the log begins anew."""
    create_company(router, slug="acme", name="Acme", template="general")
    tenant = router.tenant("acme")
    with router.using("acme"):
        post_sale()
        customer()
    owners: set[type] = set()
    acquire = DBLock.acquire

    def noted(lock: DBLock, timeout: float | None = None, owner: object | None = None) -> None:
        owners.add(type(owner))
        acquire(lock, timeout, owner)

    monkeypatch.setattr(DBLock, "acquire", noted)
    threads = [
        threading.Thread(target=post_each, args=(router, number)) for number in range(THREADS)
    ]
    books, sizes, looks = tenant.store("books"), [log_size(tenant.store("books"))], 0
    with tenant.snapshot():
        before = seen()
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(0.1)  # they are to post, rather than to wait for the reports
                assert seen() == before
                sizes.append(log_size(books))
                looks += 1
        assert seen() == before
        assert not books.lock.waiting()
        monkeypatch.setattr("tenants.snapshots.snapshot.LONG", 0.0)
    assert looks > 3
    assert owners
    assert SnapshotState not in owners
    assert sizes == sorted(sizes)
    assert sizes[-1] > LOG_KEPT
    with router.using("acme"):
        post_sale()
        assert log_size(books) <= LOG_KEPT
        count = 2 + THREADS * EACH
        assert rows("SELECT count(*), max(serial) FROM vouchers") == [(count, count)]
        assert seen() != before
        assert current_store("books").execute_sql("PRAGMA integrity_check").fetchone() == ("ok",)


def test_without_a_snapshot_the_state_moves_on(router: Router) -> None:
    """The control: the same report, without one, tells of what was posted meanwhile."""
    create_company(router, slug="acme", name="Acme", template="general")
    with router.using("acme"):
        before = seen()
        thread = threading.Thread(target=post_in_entry, args=(router,))
        thread.start()
        thread.join()
        assert seen() != before


def post_in_entry(router: Router) -> None:
    """Post one voucher, in an entry of its own."""
    with router.using("acme"):
        post_sale()
