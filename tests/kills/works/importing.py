"""Imports: batches of entries, all of each or none; and `cuneifox import` of files, with its reader."""

from __future__ import annotations

import datetime
import os
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from cuneifox.cli import main
from kills.children import Child
from kills.ground import Company
from kills.works.books import BY
from models.importing import ImportAccount, ImportBatch, ImportEntry, ImportLine, import_batch
from tenants import Router

THREADS = 2
CASH, SALES = "Assets:Cash", "Income:Sales"


def run(child: Child) -> None:
    """Import batch after batch."""
    router = child.ground.open()
    router.recover()
    child.work(*(Importer(child, router, n).turn for n in range(THREADS)))


class Importer:
    """What one thread does."""

    def __init__(self, child: Child, router: Router, number: int) -> None:
        self.child = child
        self.router = router
        self.name = f"{child.name}-{number}"
        self.count = 0

    def turn(self, chance: random.Random) -> None:
        """Import one batch, now and then one that was imported already."""
        company = chance.choice(self.child.ground.companies)
        self.count += 1
        what = a_batch(company, f"{self.name}-{self.count}", chance)
        with self.router.using(company.id):
            for _ in range(chance.choice((1, 1, 2))):
                with self.child.doing("import", **what) as told:
                    told["posted"] = import_batch(batch_of(what), by=BY).posted


def a_batch(company: Company, name: str, chance: random.Random) -> dict[str, Any]:
    """Return what is to be imported."""
    keys = [f"{name}-{n}" for n in range(chance.randint(2, 25))]
    date = f"2026-{chance.randint(1, 10):02d}-11"
    text = f"{company.mark} imported"
    return {"company": company.id, "keys": keys, "date": date, "text": text}


def batch_of(what: dict[str, Any]) -> ImportBatch:
    """Return the batch of that: an entry per key."""
    date = datetime.date.fromisoformat(what["date"])
    accounts = [ImportAccount(CASH, "asset", date, 1), ImportAccount(SALES, "income", date, 2)]
    entries = [
        ImportEntry(
            date, n + 3, "", what["text"], key,
            [ImportLine(CASH, Decimal(n + 1)), ImportLine(SALES, Decimal(-n - 1))],
        )
        for n, key in enumerate(what["keys"])
    ]  # fmt: skip
    return ImportBatch("THB", accounts, entries)


def run_command(child: Child) -> None:
    """Import files by the command, whose reader is a process of its own."""
    os.setpgid(0, 0)  # the reader goes with it

    def turn(chance: random.Random) -> None:
        company = chance.choice(child.ground.companies)
        entries = chance.randint(2, 25)
        texts = [
            f"{company.mark} {child.name}-{chance.getrandbits(40):x}-{n}" for n in range(entries)
        ]
        file = Path(child.orders.folder) / f"{child.name}.beancount"
        file.write_text(a_file(texts))
        what = {"company": company.id, "texts": texts, "file": str(file)}
        with child.doing("import file", **what):
            done = CliRunner().invoke(
                main, ["--data", str(child.ground.data), "import", company.slug, str(file)]
            )
            if done.exit_code:
                child.fault(f"the import answers {done.exit_code}: {done.output}")

    child.work(turn)


def a_file(texts: list[str]) -> str:
    """Return a beancount file with an entry for each text."""
    head = 'option "operating_currency" "THB"\n'
    head += f"2026-01-01 open {CASH} THB\n2026-01-01 open {SALES} THB\n"
    return head + "".join(
        f'2026-11-04 * "{text}"\n  {CASH}  {n}.25 THB\n  {SALES}\n'
        for n, text in enumerate(texts, 1)
    )
