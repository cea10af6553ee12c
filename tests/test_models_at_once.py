"""Books that many work in at once, also from several processes, and also when those are killed, stay sound."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from ledgers import BY, TODAY, books, day, post_sale, rows, sale
from models.check import check_company
from models.drafts import delete_draft, list_drafts, save_draft
from models.errors import BooksError
from models.importing import ImportAccount, ImportBatch, ImportEntry, ImportLine, import_batch
from models.months import close_month, freeze_month, open_month
from models.posting import post
from models.reversing import reverse
from models.years import close_year, reopen_year
from tenants import Router

CHILD = """
import itertools, sys
sys.path.insert(0, sys.argv[4])
from ledgers import BY, sale
from models.posting import post_input
from tenants import Router

folder, name, count = sys.argv[1:4]
with Router(folder).using("acme"):
    for n in range(int(count)) if int(count) else itertools.count():
        posted = post_input(sale(amount=n + 1), by=BY, key=f"{name}-{n}")
        print(posted.number, posted.id, posted.chain_hash, flush=True)
"""
"""Posts, and prints each voucher once it is told that it is posted; without end if the count is 0."""

KILLS = 10


def child(router: Router, name: str, count: int) -> subprocess.Popen[str]:
    here = Path(__file__).parent
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(router.folder), name, str(count), str(here)],
        cwd=here.parent,
        stdout=subprocess.PIPE,
        text=True,
    )


def a_month(chance: random.Random) -> int:
    return 202600 + chance.randint(1, 12)


def a_sale(chance: random.Random) -> None:
    date = f"2026-{chance.randint(1, 12):02d}-10"
    post_sale(date, chance.randint(1, 99), book=chance.choice(["GJ", "SJ"]))


def a_draft(chance: random.Random) -> None:
    draft = save_draft(
        sale(f"2026-{chance.randint(1, 12):02d}-10"), by=BY, key=f"k{a_month(chance)}"
    )
    post(draft.id, by=BY)


def a_reversal(chance: random.Random) -> None:
    for (id,) in rows(
        "SELECT id FROM vouchers ORDER BY id DESC LIMIT 1 OFFSET ?", chance.randint(0, 9)
    ):
        reverse(id, date=day("2026-12-15"), by=BY, reason="Wrong")


def a_deletion(chance: random.Random) -> None:
    for draft in list_drafts(limit=1):
        delete_draft(draft.id, by=BY)


ACTS: dict[str, Callable[[random.Random], object]] = {
    "post": a_sale,
    "post more": a_sale,
    "draft": a_draft,
    "reverse": a_reversal,
    "delete": a_deletion,
    "freeze": lambda chance: freeze_month(a_month(chance), by=BY),
    "open": lambda chance: open_month(a_month(chance), by=BY),
    "close month": lambda chance: close_month(202600 + chance.randint(1, 2), by=BY, today=TODAY),
    "close year": lambda chance: close_year(2026, by=BY),
    "reopen year": lambda chance: reopen_year(2026, by=BY, reason="Late bill"),
}


def test_whatever_threads_do_at_once_the_books_agree(router: Router) -> None:
    """Eight threads post, reverse, freeze, close and open at random: refusals have names, and a check finds nothing."""
    start = threading.Barrier(8)
    done: Counter[str] = Counter()

    def work(seed: int) -> None:
        chance = random.Random(seed)
        start.wait(timeout=30)
        for _ in range(40):
            name = chance.choice(list(ACTS))
            try:
                ACTS[name](chance)
                done[name] += 1
            except BooksError:
                done["refused"] += 1

    with books(router):
        threads = [router.start_thread(work, seed, tenant="acme") for seed in range(8)]
        for thread in threads:
            thread.join(timeout=120)
        assert sum(done.values()) == 8 * 40  # no thread fell over anything else
        assert done["post"]
        assert done["refused"]
    assert check_company(router, "acme") == []


def test_one_batch_imported_at_once_is_posted_once(router: Router) -> None:
    """Of four imports of the same file at the same moment one posts, and three find all of it there."""
    accounts = [
        ImportAccount("Assets:Cash", "asset", day("2020-01-01"), 1),
        ImportAccount("Income:Sales", "income", day("2020-01-01"), 2),
    ]
    lines = [
        ImportLine("Assets:Cash", Decimal("1.005")),
        ImportLine("Income:Sales", Decimal("-1.005")),
    ]
    entries = [ImportEntry(day("2026-01-05"), n, "", "Sale", f"f{n}", lines) for n in range(3, 33)]
    batch = ImportBatch("THB", accounts, entries)
    start = threading.Barrier(4)
    outcomes: list[tuple[int, int]] = []

    def work() -> None:
        start.wait(timeout=30)
        result = import_batch(batch, by=BY)
        outcomes.append((result.posted, result.present))

    with books(router):
        threads = [router.start_thread(work, tenant="acme") for _ in range(4)]
        for thread in threads:
            thread.join(timeout=120)
        close_year(2026, by=BY)
        again = import_batch(
            batch, by=BY
        )  # what is there is passed over, though its year is closed
        assert (again.posted, again.present) == (0, 30)
    assert sorted(outcomes) == [(0, 30), (0, 30), (0, 30), (30, 0)]
    assert check_company(router, "acme") == []


def test_processes_that_post_at_once_share_one_series(router: Router) -> None:
    """Three processes post to one company: no number twice, none missing, one chain."""
    with books(router):
        pass
    children = [child(router, f"p{n}", 40) for n in range(3)]
    said = [process.communicate(timeout=120)[0].split("\n") for process in children]
    numbers = sorted(line.split()[0] for lines in said for line in lines if line)
    assert numbers == [f"GJ-2026-{n:06d}" for n in range(1, 121)]
    assert check_company(router, "acme") == []


def test_what_was_acknowledged_survives_a_kill(router: Router) -> None:
    """A process killed at whatever it is doing leaves whole vouchers, and all that it said were posted."""
    with books(router):
        pass
    chance = random.Random(1)
    said: list[list[str]] = []
    for n in range(KILLS):
        process = child(router, f"k{n}", 0)
        assert process.stdout is not None
        said += [process.stdout.readline().split() for _ in range(chance.randint(1, 20))]
        process.kill()
        said += [line.split() for line in process.stdout.read().split("\n")[:-1]]
        process.stdout.close()
        process.wait(timeout=60)
        assert check_company(router, "acme") == []
    with router.using("acme"):
        kept = {
            number: [number, str(id), digest]
            for number, id, digest in rows("SELECT number, id, chain_hash FROM vouchers")
        }
        assert all(kept[line[0]] == line for line in said)
        assert post_sale().number == f"GJ-2026-{len(kept) + 1:06d}"
    assert check_company(router, "acme") == []
