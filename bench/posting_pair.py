"""Posting by our code in one company, and the SQL that it runs, replayed on the bare driver in its twin."""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tenants.database
from models.accounts import Account
from models.actors import Actor
from models.companies import create_company
from models.inputs import LineInput, VoucherInput
from models.journals import JournalBook
from models.people import MODELS as PEOPLE
from models.posting import post_input
from tenants import Router, Tenant
from tenants.sqlite import BUSY_TIMEOUT_MS, driver

Statement = tuple[Any, str, tuple[Any, ...]]  # on which database, SQL, parameters

BY = Actor.system("bench")
PRAGMAS = f"""
    PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;
    PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;
"""


def vouchers(count: int) -> list[VoucherInput]:
    """Two-line vouchers of a year, on ten accounts of the current company."""
    leaves = Account.select(Account.stid).where(~Account.is_group).order_by(Account.stid).limit(10)
    accounts = [row.stid for row in leaves]
    book = JournalBook.select(JournalBook.stid).order_by(JournalBook.stid).first().stid
    first = datetime.date(2026, 1, 1)
    made = []
    for i in range(count):
        amount = 10_000 + i * 37 % 90_000
        lines = [
            LineInput(accounts[i % 10], amount, "goods"),
            LineInput(accounts[(i + 3) % 10], -amount),
        ]
        date = first + datetime.timedelta(days=i % 365)
        made.append(VoucherInput(book, date, f"Sale of goods, {i}", lines, f"R{i}"))
    return made


class Twins:
    """Three companies of the same content: one whose posting is recorded, ours, and the bare driver's."""

    def __init__(self, router: Router, count: int, synchronous: str) -> None:
        self.router = router
        self.synchronous = synchronous
        router.universal.create_tables(PEOPLE)
        for slug in ("recorded", "ours", "bare"):
            create_company(router, slug=slug, name="Twin", template="general")
        with router.using("recorded"):
            self.vouchers = vouchers(count)
        self.statements = self._recorded()
        self._open_bare()
        self.ours_done = self.bare_done = 0

    def post(self, count: int) -> None:
        """Post the next vouchers by our code; call it within an entry of `ours`."""
        for i in range(self.ours_done, self.ours_done + count):
            post_input(self.vouchers[i], by=BY, key=f"k{i}")
        self.ours_done += count

    def replay(self, count: int) -> None:
        """Run the SQL of the next vouchers on the bare driver."""
        books, universal = self.books, self.universal
        for i in range(self.bare_done, self.bare_done + count):
            inside, after = self.statements[i]
            books.execute("BEGIN IMMEDIATE")
            for sql, params in inside:
                books.execute(sql, params).fetchall()
            books.commit()
            universal.execute("PRAGMA synchronous = NORMAL")
            for sql, params in after:
                universal.execute(sql, params).fetchall()
            universal.execute(f"PRAGMA synchronous = {self.synchronous}")
        self.bare_done += count

    def close(self) -> None:
        """Close the bare driver's files, and see that both companies hold the same chain."""
        mine, theirs = (self._head(slug) for slug in ("ours", "bare"))
        self.books.close()
        self.universal.close()
        assert mine[0] == theirs[0] == self.ours_done, (mine, theirs)

    def _recorded(self) -> list[tuple[list[Any], list[Any]]]:
        twin = {self.router.tenant("recorded").id: self.router.tenant("bare").id}
        recorded = []
        with self.router.using("recorded") as entry, recording() as log:
            books = entry.tenant.store("books").database
            for i, voucher in enumerate(self.vouchers):
                post_input(voucher, by=BY, key=f"k{i}")
                own = [(sql, params) for whose, sql, params in log if whose is books]
                other = [
                    (sql, tuple(twin.get(p, p) for p in params))
                    for whose, sql, params in log
                    if whose is not books
                ]
                recorded.append((own, other))
                log.clear()
        return recorded

    def _open_bare(self) -> None:
        self.books = self._connect(self.router.tenant("bare").store("books").path)
        self.universal = self._connect(Path(self.router.folder) / "universal.db")

    def _connect(self, path: Path) -> Any:
        connection = driver.connect(str(path), isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL").fetchone()
        connection.executescript(f"{PRAGMAS} PRAGMA synchronous = {self.synchronous}")
        return connection

    def _head(self, slug: str) -> Any:
        tenant: Tenant = self.router.tenant(slug)
        with tenant.store("books").get_connection() as connection:
            return connection.execute("SELECT count, turnover FROM ledger_state").fetchone()


@contextmanager
def recording() -> Iterator[list[Statement]]:
    """Collect each statement that goes through `execute_sql`, with its database and parameters."""
    log: list[Statement] = []
    plain: Callable[..., Any] = tenants.database.RoutedDatabase._execute

    def noted(self: Any, state: Any, sql: str, params: Any) -> Any:
        log.append((self, sql, tuple(params or ())))
        return plain(self, state, sql, params)

    tenants.database.RoutedDatabase._execute = noted  # type: ignore[method-assign]
    try:
        yield log
    finally:
        tenants.database.RoutedDatabase._execute = plain  # type: ignore[method-assign]


@contextmanager
def twins(count: int, synchronous: str) -> Iterator[Twins]:
    """Make the twins and enter ours, with that setting of `synchronous` on every connection."""
    with tempfile.TemporaryDirectory() as folder:
        router = Router(folder)
        pair = Twins(router, count, synchronous)
        with router.using("ours") as entry:
            for database in (entry.tenant.store("books").database, router.universal):
                database.execute_sql(f"PRAGMA synchronous = {synchronous}")
            yield pair
        pair.close()
        router.close()
