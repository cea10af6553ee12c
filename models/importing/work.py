"""What an import does within its transaction, step by step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date as Date

from msgspec import Struct

from models.accounts import Account, add_account
from models.actors import Actor
from models.errors import BadInput, BooksError, Conflict
from models.fiscal import fiscal_year_of, month_of
from models.importing.chart import ImportChart
from models.importing.conversion import Converted, convert, says_nothing, voucher
from models.importing.entries import ImportBatch, ImportEntry, ImportRefused, Problem
from models.inputs import VoucherInput, check_date
from models.journals import add_book, list_books
from models.months import demand_month
from models.posting import post_many
from models.recording import Posted
from models.settings import BooksSettings, LedgerState, books_settings
from tenants import current_store

AT_ONCE = 500
"""Fingerprints asked for in one query."""

ROUNDING_CODE = "ROUNDING"
"""Of the account for rounding differences that is added where the settings name none."""

Progress = Callable[[int, int], None]
"""Told how many entries are posted, of how many."""


class ImportResult(Struct, frozen=True):
    """What an import did, or would do if it was a ``dry_run``.

    Attributes:
        posted: vouchers added; ``first_number`` and ``last_number`` are the ends of their numbers.
        present: entries that were there already, by their fingerprints.
        empty: entries without any amount or quantity, which were left out.
        accounts: full names of the accounts added; ``books`` the codes of journal books added.
        rounded: vouchers that got a line to the rounding account, and ``rounding`` the sum of those
            lines in minor units, debit positive.
    """

    dry_run: bool
    posted: int
    present: int
    empty: int
    accounts: list[str]
    books: list[str]
    rounded: int
    rounding: int
    currency: str
    decimals: int
    first: Date | None
    last: Date | None
    first_number: str
    last_number: str


class ImportWork:
    """One import, within its transaction. May run again from the start if that is retried."""

    def __init__(
        self,
        batch: ImportBatch,
        by: Actor,
        book: str,
        progress: Progress | None,
    ) -> None:
        self.batch = batch
        self.by = by
        self.book = book
        self.progress = progress
        self.problems: list[Problem] = []
        self.outcomes: list[Posted] = []

    def run(self, dry_run: bool) -> ImportResult:
        self.problems = []
        settings = books_settings()
        self._check_currency(settings)
        converted, present, empty = self._converted(settings.decimals)
        self._check_periods(converted, settings.fiscal_start_month)
        used = {line.account: c.entry.line for c in reversed(converted) for line in c.entry.lines}
        chart = ImportChart(self.batch.accounts, used)
        stids = chart.prepare()
        self.problems += chart.problems
        books, added_books = self._books(converted)
        self._refuse_problems()
        lacking = [c.lack for c in converted if c.lack]
        rounding = _rounding_account(settings, self.by) if lacking else None
        vouchers = [voucher(c, books[c.entry.book], stids, rounding) for c in converted]
        self.outcomes = self._post(converted, vouchers)
        dates = [c.entry.date for c in converted]
        return ImportResult(
            dry_run=dry_run,
            posted=len(self.outcomes),
            present=present,
            empty=empty,
            accounts=chart.added,
            books=added_books,
            rounded=len(lacking),
            rounding=sum(lacking),
            currency=settings.currency,
            decimals=settings.decimals,
            first=min(dates, default=None),
            last=max(dates, default=None),
            first_number=self.outcomes[0].number if self.outcomes else "",
            last_number=self.outcomes[-1].number if self.outcomes else "",
        )

    def _check_currency(self, settings: BooksSettings) -> None:
        if self.batch.currency != settings.currency:
            raise ImportRefused(
                [(0, f"its amounts are in {self.batch.currency}, the books in {settings.currency}")]
            )

    def _converted(self, decimals: int) -> tuple[list[Converted], int, int]:
        """Return what is to be posted, and how many entries are there already or say nothing."""
        known = _known({entry.fingerprint for entry in self.batch.entries})
        lines: dict[str, int] = {}
        fresh: list[Converted] = []
        empty = 0
        for entry in self.batch.entries:
            if entry.fingerprint in known:
                continue
            if lines.setdefault(entry.fingerprint, entry.line) != entry.line:
                same = f"it has the same fingerprint as line {lines[entry.fingerprint]}"
                self.problems.append((entry.line, same))
            try:
                check_date(entry.date)
                converted = convert(entry, decimals)
            except BadInput as error:
                self.problems.append((entry.line, error.message))
                continue
            if says_nothing(converted):
                empty += 1
            else:
                fresh.append(converted)
        present = sum(entry.fingerprint in known for entry in self.batch.entries)
        return fresh, present, empty

    def _check_periods(self, converted: list[Converted], start_month: int) -> None:
        """Find every entry in a month or year that is locked, not just the first."""
        closed_year = LedgerState.get_by_id(1).closed_year
        refused: dict[int, str] = {}
        for month, day in {month_of(c.entry.date): c.entry.date for c in converted}.items():
            try:
                demand_month(day, self.by)
            except BooksError as error:
                refused[month] = error.message
            else:
                fiscal_year = fiscal_year_of(day, start_month)
                if fiscal_year <= closed_year:
                    refused[month] = f"the fiscal year {fiscal_year} is closed"
        for one in converted if refused else ():
            if reason := refused.get(month_of(one.entry.date)):
                self.problems.append((one.entry.line, reason))

    def _books(self, converted: list[Converted]) -> tuple[dict[str, int], list[str]]:
        """Return the journal books' stids by what entries call them, adding those that lack."""
        books = {book.code: book for book in list_books(inactive=True)}
        general = next((b.code for b in books.values() if b.kind == "general" and b.active), "GJ")
        stids: dict[str, int] = {}
        added = []
        for name in dict.fromkeys(c.entry.book for c in converted):
            code = name or self.book or general
            if code not in books:
                try:
                    books[code] = add_book(code, code, "general", by=self.by)
                except (BadInput, Conflict) as error:
                    self.problems.append((0, error.message))
                    continue
                added.append(code)
            stids[name] = books[code].stid
            if not books[code].active:
                self.problems.append((0, f"the journal book {code} is inactive"))
        return stids, added

    def _refuse_problems(self) -> None:
        if self.problems:
            raise ImportRefused(self.problems)

    def _post(self, converted: list[Converted], vouchers: list[VoucherInput]) -> list[Posted]:
        total = len(vouchers)
        told = self.progress
        keyed = zip(vouchers, (c.entry.fingerprint for c in converted), strict=True)
        try:
            return post_many(keyed, by=self.by, progress=told and (lambda done: told(done, total)))
        except BooksError as error:
            index = getattr(error, "index", None)
            entry: ImportEntry | None = None if index is None else converted[index].entry
            raise ImportRefused([(entry.line if entry else 0, error.message)]) from error


def _known(fingerprints: set[str]) -> set[str]:
    """Return those of the fingerprints that the books have."""
    asked = list(fingerprints)
    store = current_store("books")
    known: set[str] = set()
    for start in range(0, len(asked), AT_ONCE):
        part = asked[start : start + AT_ONCE]
        marks = ",".join("?" * len(part))
        sql = f"SELECT key FROM vouchers WHERE key IN ({marks})"  # noqa: S608 -- marks alone
        known.update(row[0] for row in store.execute_sql(sql, tuple(part)))
    return known


def _rounding_account(settings: BooksSettings, by: Actor) -> int:
    """Return the stid of the rounding account; where the settings name none, they do from now on."""
    if settings.rounding_stid is not None:
        return int(settings.rounding_stid)
    account = Account.get_or_none(Account.code == ROUNDING_CODE, Account.active, ~Account.is_group)
    if account is None:
        account = add_account(ROUNDING_CODE, "Rounding differences", "expense", by=by)
    settings.rounding = account
    settings.save()
    return int(account.stid)
