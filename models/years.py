"""Fiscal years: closed by a voucher that carries the result to retained earnings, opened by its reversal.

Years close in order of time, and only the last closed one can be opened again. Nothing posts into a closed
year or before it.
"""

from __future__ import annotations

import datetime

import msgspec

from models.actors import Actor
from models.errors import BadInput, Conflict, NotFound, PeriodNotReady
from models.fiscal import fiscal_year_days, fiscal_year_of, month_of
from models.inputs import LineInput, VoucherInput, check_input
from models.keys import checked_key
from models.posted import Voucher
from models.posting import anchored, find_posted
from models.recording import Posted, Special, record
from models.results import earliest_result
from models.reversing import reversal_of
from models.settings import BooksSettings, LedgerState, books_settings
from models.texts import clean_line
from tenants import Store, current_store

FIRST_YEAR, LAST_YEAR = 1859, 2398


class FiscalYear(msgspec.Struct, frozen=True):
    """A fiscal year that holds vouchers; ``closing_voucher`` is the id of what closed it, if it is closed."""

    year: int
    first: datetime.date
    last: datetime.date
    closing_voucher: int | None


def list_years() -> list[FiscalYear]:
    """Return the fiscal years from the first voucher's to the last one's."""
    store = current_store("books")
    start_month = books_settings().fiscal_start_month
    span = store.execute_sql("SELECT min(date), max(date) FROM vouchers").fetchone()
    if span[0] is None:
        return []
    first, last = (fiscal_year_of(datetime.date.fromisoformat(day), start_month) for day in span)
    closings = dict(store.execute_sql(_CLOSINGS).fetchall())
    return [
        FiscalYear(year, *fiscal_year_days(year, start_month), closings.get(year))
        for year in range(first, last + 1)
    ]


def close_year(fiscal_year: int, *, by: Actor, text: str = "", key: str | None = None) -> Voucher:
    """Close a fiscal year by a voucher dated on its last day, and return that voucher.

    It takes every income and expense account to zero and the result to retained earnings. Raises
    NotAllowed, BadInput, PeriodLocked; Conflict if the year, or a later one, is closed; PeriodNotReady
    if there is nothing to close, an earlier year isn't closed, or drafts are dated in it.
    """
    by.demand("ledger", "add")
    by.demand_close()
    _check_year(fiscal_year)
    store = current_store("books")
    text = clean_line(text, "text", longest=500) or f"Closing of fiscal year {fiscal_year}"
    key, digest = checked_key(key, "close", (fiscal_year, text))

    def write() -> Posted:
        if key is not None and (earlier := find_posted(store, key, digest)):
            return earlier
        given = _closing(store, fiscal_year, text)
        posted = record(
            store, check_input(given), by, key=key, digest=digest, special=Special(closing=True)
        )
        LedgerState.update(closed_year=fiscal_year).execute()
        return posted

    return Voucher.get_by_id(anchored(store, store.write(write)).id)


def reopen_year(fiscal_year: int, *, by: Actor, reason: str, key: str | None = None) -> Voucher:
    """Open a closed fiscal year again by reversing its closing voucher, and return the reversal.

    Raises NotAllowed, BadInput, NotFound if it isn't closed, PeriodLocked; Conflict if a later year is.
    """
    by.demand("ledger", "edit")
    by.demand_close()
    _check_year(fiscal_year)
    store = current_store("books")
    text = clean_line(reason, "reason", longest=500, required=True)
    key, digest = checked_key(key, "reopen", (fiscal_year, text))

    def write() -> Posted:
        if key is not None and (earlier := find_posted(store, key, digest)):
            return earlier
        closings = dict(store.execute_sql(_CLOSINGS).fetchall())
        voucher = _last_closing(closings, fiscal_year)
        given = reversal_of(store, voucher, voucher.date, text)
        special = Special(reverses=voucher.id, closing=True)
        posted = record(store, given, by, key=key, digest=digest, special=special)
        before = max((year for year in closings if year < fiscal_year), default=0)
        LedgerState.update(closed_year=before).execute()
        return posted

    return Voucher.get_by_id(anchored(store, store.write(write)).id)


_CLOSINGS = (
    "SELECT v.fiscal_year, v.id FROM vouchers v LEFT JOIN vouchers r ON r.reverses_id = v.id"
    " WHERE v.closing AND v.reverses_id IS NULL AND r.id IS NULL"
)
_RESULT = (
    "SELECT b.account_stid, sum(b.debit) - sum(b.credit)"
    " FROM balances b JOIN accounts a ON a.stid = b.account_stid"
    " WHERE a.type IN ('income', 'expense') AND b.month BETWEEN ? AND ?"
    " GROUP BY b.account_stid, a.code HAVING sum(b.debit) <> sum(b.credit) ORDER BY a.code"
)


def _check_year(fiscal_year: int) -> None:
    if type(fiscal_year) is not int or not FIRST_YEAR <= fiscal_year <= LAST_YEAR:
        raise BadInput("%(year)s is no fiscal year.", field="year", year=str(fiscal_year)[:40])


def _closing(store: Store, fiscal_year: int, text: str) -> VoucherInput:
    settings = books_settings()
    first, last = fiscal_year_days(fiscal_year, settings.fiscal_start_month)
    _demand_closable(store, fiscal_year, first, last)
    earliest = earliest_result(month_of(last), settings.fiscal_start_month)
    if earliest is not None and earliest < fiscal_year:
        raise PeriodNotReady(
            "A fiscal year before %(year)d has a result that isn't carried to retained earnings; "
            "close it first.",
            year=fiscal_year,
        )
    rows = store.execute_sql(_RESULT, (month_of(first), month_of(last)))
    lines = [LineInput(account, -balance) for account, balance in rows]
    if not lines:
        raise PeriodNotReady(
            "The fiscal year %(year)d has no income and no expense to close.", year=fiscal_year
        )
    if result := -sum(line.amount for line in lines):
        lines.append(LineInput(_retained(settings), result))
    return VoucherInput(_general_book(store), last, text, lines)


def _demand_closable(
    store: Store, fiscal_year: int, first: datetime.date, last: datetime.date
) -> None:
    closed = LedgerState.get_by_id(1).closed_year
    if fiscal_year <= closed:
        raise Conflict("The fiscal year %(year)d is closed already.", year=closed)
    found = store.execute_sql("SELECT count(*) FROM drafts WHERE date <= ?", (last.isoformat(),))
    if count := found.fetchone()[0]:
        raise PeriodNotReady(
            "%(count)d drafts are dated %(last)s or earlier; post, delete or date them anew first.",
            count=count,
            last=last.isoformat(),
        )


def _retained(settings: BooksSettings) -> int:
    if settings.retained_earnings_stid is None:
        raise BadInput(
            "The settings name no account for retained earnings; choose one first.",
            field="retained_earnings",
        )
    account = settings.retained_earnings
    if not account.active or account.is_group or account.type != "equity":
        raise BadInput(
            "Account %(code)s can't take the result, as it isn't an active account of equity; "
            "choose another for retained earnings in the settings.",
            field="retained_earnings",
            code=account.code,
        )
    return settings.retained_earnings_stid


def _general_book(store: Store) -> int:
    row = store.execute_sql(
        "SELECT min(stid) FROM journal_books WHERE kind = 'general' AND active"
    ).fetchone()
    if row[0] is None:
        raise BadInput("There is no active general journal to close the year in.", field="book")
    return row[0]


def _last_closing(closings: dict[int, int], fiscal_year: int) -> Voucher:
    if fiscal_year not in closings:
        raise NotFound("The fiscal year %(year)d isn't closed.", year=fiscal_year)
    if later := max(closings) if max(closings) > fiscal_year else None:
        raise Conflict(
            "The fiscal year %(year)d is closed after it; open that one first.", year=later
        )
    return Voucher.get_by_id(closings[fiscal_year])
