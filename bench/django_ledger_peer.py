"""django-ledger, posting on demand: runs by itself in an environment of its own, on the same SQLite library.

Usage: python django_ledger_peer.py FOLDER SYNCHRONOUS. Each line read is how many entries to post; each line written is
how many seconds that took.
"""

from __future__ import annotations

import datetime
import logging
import sys
import time
from decimal import Decimal
from pathlib import Path

import pysqlite3

sys.modules["sqlite3"] = pysqlite3  # so that both sides run the same SQLite
sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2

import django  # noqa: E402
from django.conf import settings  # noqa: E402


def set_up(folder: Path, synchronous: str) -> None:
    """Configure Django with the same durability as ours, and make the tables."""
    settings.configure(
        DJANGO_LEDGER_USE_DEPRECATED_BEHAVIOR=False,
        SECRET_KEY="bench",
        USE_TZ=True,
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django_ledger"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": folder / "django.db",
                "OPTIONS": {
                    "transaction_mode": "IMMEDIATE",
                    "init_command": f"PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous};",
                },
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        ROOT_URLCONF="django_ledger.urls",
    )
    django.setup()
    logging.disable(logging.WARNING)
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


class Books:
    """One entity with its default chart, and a ledger to post to."""

    def __init__(self) -> None:
        from django.contrib.auth import get_user_model
        from django_ledger.models.entity import EntityModel

        user = get_user_model().objects.create_user("bench")
        entity = EntityModel.create_entity(
            name="Bench", use_accrual_method=True, admin=user, fy_start_month=1
        )
        chart = entity.create_chart_of_accounts(
            assign_as_default=True, commit=True, coa_name="Bench"
        )
        entity.populate_default_coa(coa_model=chart, activate_accounts=True)
        accounts = entity.get_coa_accounts(active=True).order_by("code")
        self.accounts = [account for account in accounts if account.can_transact()][:10]
        self.ledger = entity.create_ledger(name="Bench", posted=True)
        self.posted = 0

    def post(self, count: int) -> None:
        """Post so many balanced entries of two lines, each in a transaction of its own."""
        first = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
        for i in range(self.posted, self.posted + count):
            amount = Decimal(10_000 + i * 37 % 90_000) / 100
            sides = ((self.accounts[i % 10], "debit"), (self.accounts[(i + 3) % 10], "credit"))
            entry, _ = self.ledger.commit_txs(
                je_timestamp=first + datetime.timedelta(days=i % 365),
                je_txs=[
                    {"account": account, "amount": amount, "tx_type": side, "description": "goods"}
                    for account, side in sides
                ],
                je_posted=True,
                je_desc=f"Sale of goods, {i}",
            )
            assert entry.is_posted()
        self.posted += count


def main() -> None:
    """Post as asked until the input ends."""
    set_up(Path(sys.argv[1]), sys.argv[2])
    books = Books()
    print("ready", flush=True)
    for line in sys.stdin:
        begin = time.perf_counter()
        books.post(int(line))
        print(time.perf_counter() - begin, flush=True)


if __name__ == "__main__":
    main()
