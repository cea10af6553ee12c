"""Numbers have no gaps and no doubles per book and fiscal year, however many post at once and fail."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from ledgers import BY, books, post_sale, rows, sale, voucher
from models.errors import BooksError
from models.journals import change_book, find_book
from models.numbering import format_number
from models.posting import post_input
from tenants import Router, current_store

THREADS, EACH = 8, 25


def test_each_book_and_fiscal_year_counts_from_one(router: Router) -> None:
    """A number belongs to its book's series of its fiscal year, whatever the order of posting."""
    with books(router, fiscal_start_month=4):
        made = [
            post_sale(date, book=book).number
            for date, book in [
                ("2026-03-31", "GJ"), ("2026-04-01", "GJ"), ("2026-03-30", "GJ"), ("2026-04-02", "SJ"),
            ]
        ]  # fmt: skip
    assert made == ["GJ-2026-000001", "GJ-2027-000001", "GJ-2026-000002", "SJ-2027-000001"]


def test_thai_books_number_in_the_buddhist_era(router: Router) -> None:
    """The Thai template writes 2569 for 2026."""
    with books(router, template="thai"):
        posted = post_input(voucher("2026-05-05", ("1111", 5), ("4110", -5)), by=BY)
    assert posted.number == "GJ-2569-000001"


def test_numbers_grow_past_six_digits() -> None:
    """The millionth voucher of a year has seven."""
    assert format_number("GJ", 2026, 1_000_000, "common") == "GJ-2026-1000000"


def test_threads_that_post_and_fail_at_once_leave_no_gap(router: Router) -> None:
    """Eight threads post into two books, and every third posting fails half-way or is rolled back."""
    start = threading.Barrier(THREADS)
    numbers: list[str] = []
    failures: list[BaseException] = []

    def work(seed: int) -> None:
        start.wait(timeout=30)
        for n in range(EACH):
            try:
                numbers.append(one_posting(seed, n))
            except (BooksError, ZeroDivisionError) as error:
                failures.append(error)

    def one_posting(seed: int, n: int) -> str:
        book = "GJ" if (seed + n) % 2 else "SJ"
        if n % 3 == 1:
            with current_store("books").writing():
                post_sale(amount=n + 1, book=book)
                raise ZeroDivisionError
        if n % 3 == 2:
            return post_input(voucher("2026-02-03", ("1110", n), book=book), by=BY).number
        return post_sale(amount=n + 1, book=book).number

    with books(router):
        threads = [router.start_thread(work, seed, tenant="acme") for seed in range(THREADS)]
        for thread in threads:
            thread.join(timeout=120)
        posted = rows("SELECT number FROM vouchers")
        series = dict(rows("SELECT prefix, last FROM number_series"))
    assert len(failures) == THREADS * sum(1 for n in range(EACH) if n % 3)
    assert sorted(numbers) == sorted(number for (number,) in posted)
    for prefix in ("GJ", "SJ"):
        own = sorted(number for number in numbers if number.startswith(prefix))
        assert own == [f"{prefix}-2026-{n:06d}" for n in range(1, len(own) + 1)]
        assert series[prefix] == len(own)


@pytest.mark.parametrize(
    "failing",
    ["INSERT INTO lines", "INSERT INTO vouchers", "INSERT INTO balances", "UPDATE ledger_"],
)
def test_a_posting_that_fails_anywhere_uses_no_number(
    router: Router, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """Whichever statement of a posting fails, the next posting gets the number."""
    with books(router):
        store = current_store("books")
        execute = store.execute_sql

        def fail(sql: str, params: Any = ()) -> Any:
            if sql.startswith(failing):
                raise ZeroDivisionError
            return execute(sql, params)

        with monkeypatch.context() as patch:
            patch.setattr(store, "execute_sql", fail)
            with pytest.raises(ZeroDivisionError):
                post_input(sale(), by=BY)
        assert rows("SELECT count(*) FROM lines") == [(0,)]
        assert post_sale().number == "GJ-2026-000001"


def test_a_renamed_book_keeps_its_prefix_for_the_year(router: Router) -> None:
    """A series keeps the code it began with; the next year's takes the new one."""
    with books(router):
        post_sale("2026-02-03")
        change_book(find_book("GJ").stid, by=BY, code="GX")
        assert post_sale("2026-02-04", book="GX").number == "GJ-2026-000002"
        assert post_sale("2027-01-01", book="GX").number == "GX-2027-000001"
