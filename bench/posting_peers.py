"""Posting as plain Peewee programs write it: a counter read and moved on, a voucher, its lines, kept balances."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from peewee import IntegerField, Model, PeeweeException, SqliteDatabase, TextField
from playhouse.sqliteq import SqliteQueueDatabase

from .crew import Crew

PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


class State(Model):
    """The last number."""

    count = IntegerField()


class Voucher(Model):
    """One posting."""

    number = IntegerField(unique=True)
    date = TextField()
    text = TextField()


class Line(Model):
    """One line of it."""

    voucher = IntegerField(index=True)
    account = IntegerField()
    amount = IntegerField()


class Balance(Model):
    """A kept sum."""

    account = IntegerField(unique=True)
    amount = IntegerField()


MODELS = [State, Voucher, Line, Balance]


class Peer:
    """A file of such books, posted to by threads.

    Attributes:
        errors: what was raised, and how often.
    """

    def __init__(self, folder: str, queued: bool) -> None:
        path = str(Path(folder) / ("queued.db" if queued else "deferred.db"))
        kind = SqliteQueueDatabase if queued else SqliteDatabase
        self.queued = queued
        self.database = kind(path, pragmas=PRAGMAS)
        self.errors: Counter[str] = Counter()
        with self.database.bind_ctx(MODELS):
            self.database.create_tables(MODELS)
            State.create(count=0)
            for account in range(10):
                Balance.create(account=account, amount=0)

    def post(self, crew: Crew, count: int) -> int:
        """Post so many vouchers by the crew's threads; one that fails isn't tried again. Return how many were kept."""
        failed = self.errors.total()
        todo = iter(range(count))
        with self.database.bind_ctx(MODELS):
            crew(lambda: self._work(todo))
        return count - (self.errors.total() - failed)

    def _work(self, todo: Any) -> None:
        for n in todo:
            try:
                if self.queued:  # which has no transactions: each statement is one
                    _post(n)
                else:
                    with self.database.atomic():
                        _post(n)
            except PeeweeException as error:
                self.errors[f"{type(error).__name__}: {error}"] += 1
        if not self.queued:
            self.database.close()

    def close(self) -> None:
        """End the queue's thread, and close the file."""
        if self.queued:
            self.database.stop()
        self.database.close()


def _post(n: int) -> None:
    number = State.get().count + 1
    voucher = Voucher.create(number=number, date="2026-01-01", text=f"Sale of goods, {n}")
    one, other, amount = n % 10, (n + 3) % 10, 10_000 + n
    lines = [(voucher.id, one, amount), (voucher.id, other, -amount)]
    Line.insert_many(lines, fields=[Line.voucher, Line.account, Line.amount]).execute()
    for account, by in ((one, amount), (other, -amount)):
        moved = Balance.update(amount=Balance.amount + by).where(Balance.account == account)
        moved.execute()
    State.update(count=number).execute()
