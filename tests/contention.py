"""Threads of several processes that post to the same companies: what they were told, and what the books then hold."""

from __future__ import annotations

import datetime
import json
import logging
import multiprocessing
import random
import sys
import threading
import time
from collections import Counter
from dataclasses import asdict
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

from models.actors import Actor
from models.check import check_company
from models.companies import create_company
from models.inputs import LineInput, VoucherInput
from models.people import MODELS as PEOPLE
from models.posting import post_input
from tenants import Router
from tenants.sqlite import driver

BY = Actor.system("contention")
PATIENCE = 300
"""Seconds that a process waits for the others before it begins."""


class Load(NamedTuple):
    """How many threads of each of how many processes work at once, on how many companies."""

    threads: int = 32
    processes: int = 4
    companies: int = 8

    def slugs(self) -> list[str]:
        """The companies."""
        return [f"company-{n}" for n in range(self.companies)]


class Piece(NamedTuple):
    """What came of so many postings to each company.

    Attributes:
        latencies: seconds that each posting took, from entering the company to the acknowledgement.
        seconds: from the first posting's beginning to the last one's end.
        errors: what was raised to whoever posted, and how often.
        told: what was logged as a warning or worse, likewise.
        counted: what `router.contention` counted in all processes.
        findings: in what the books differ from what was acknowledged.
    """

    latencies: list[float]
    seconds: float
    errors: Counter[str]
    told: Counter[str]
    counted: Counter[str]
    findings: list[str]


def found(folder: Path, load: Load) -> None:
    """Make the companies, where they aren't there yet."""
    router = Router(folder)
    router.universal.create_tables(PEOPLE)
    there = {tenant.slug for tenant in router.tenants()}
    for slug in load.slugs():
        if slug not in there:
            create_company(router, slug=slug, name=slug.title(), template="general")
    router.close()


def post_piece(
    folder: Path, load: Load, first: int, last: int, seed: int, checked: bool = True
) -> Piece:
    """Post the vouchers `first` up to before `last` to each company, all processes at once; then look at the books.

    A piece that was cut short may be done again: each voucher has its key.

    Args:
        seed: says which thread posts what, and when.
        checked: look with `check` too, and not by SQL of our own alone.
    """
    found(folder, load)
    spawning = multiprocessing.get_context("spawn")
    start = spawning.Barrier(load.processes + 1)
    outcomes = [folder / f"outcome-{n}.json" for n in range(load.processes)]
    workers = [
        spawning.Process(target=_work, args=(folder, load, n, first, last, seed, start, path))
        for n, path in enumerate(outcomes)
    ]
    for worker in workers:
        worker.start()
    start.wait(PATIENCE)
    begun = time.monotonic()
    for worker in workers:
        worker.join()
    piece = Piece([], time.monotonic() - begun, Counter(), Counter(), Counter(), [])
    acknowledged = _gather(piece, outcomes, load)
    for n, worker in enumerate(workers):
        if worker.exitcode:
            piece.findings.append(f"process {n} ended with {worker.exitcode}")
    for slug, acks in acknowledged.items():
        wrong = compare(folder, slug, first, last, acks, checked)
        piece.findings.extend(f"{slug}: {what}" for what in wrong)
    return piece


def _gather(piece: Piece, outcomes: list[Path], load: Load) -> dict[str, list[list[Any]]]:
    """Add what each process was told to the piece; return what was acknowledged, by company."""
    acknowledged: dict[str, list[list[Any]]] = {slug: [] for slug in load.slugs()}
    for path in outcomes:
        if not path.exists():
            continue
        outcome = json.loads(path.read_text("utf-8"))
        path.unlink()
        piece.latencies.extend(outcome["latencies"])
        for name in ("errors", "told", "counted"):
            getattr(piece, name).update(outcome[name])
        for slug, acks in outcome["acknowledged"].items():
            acknowledged[slug].extend(acks)
    return acknowledged


# The processes


class _Told(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.counts: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        self.counts[str(record.msg)] += 1


def _work(
    folder: Path,
    load: Load,
    own: int,
    first: int,
    last: int,
    seed: int,
    start: Barrier,
    outcome: Path,
) -> None:
    told = _Told()
    logging.getLogger().addHandler(told)
    router = Router(folder)
    plan = [(slug, n) for n in range(first, last) for slug in load.slugs()]
    random.Random(f"{seed}-{first}").shuffle(plan)
    threads = [
        _Poster(router, plan[own * load.threads + n :: load.processes * load.threads])
        for n in range(load.threads)
    ]
    accounts = {slug: _accounts(router, slug) for slug in load.slugs()}
    start.wait(PATIENCE)
    for thread in threads:
        thread.accounts = accounts
        thread.start()
    for thread in threads:
        thread.join()
    acknowledged: dict[str, list[Any]] = {slug: [] for slug in load.slugs()}
    errors: Counter[str] = Counter()
    for thread in threads:
        errors.update(thread.errors)
        for slug, ack in thread.acknowledged:
            acknowledged[slug].append(ack)
    router.close()
    done = {
        "latencies": [seconds for thread in threads for seconds in thread.latencies],
        "acknowledged": acknowledged,
        "errors": errors,
        "told": told.counts,
        "counted": asdict(router.contention.status()),
    }
    outcome.write_text(json.dumps(done), "utf-8")


def _accounts(router: Router, slug: str) -> tuple[list[int], list[int]]:
    with router.using(slug) as entry:
        books = entry.tenant.store("books")
        leaves = books.execute_sql(
            "SELECT stid FROM accounts WHERE NOT is_group ORDER BY stid LIMIT 10"
        )
        journals = books.execute_sql("SELECT stid FROM journal_books ORDER BY stid LIMIT 2")
        return [row[0] for row in leaves], [row[0] for row in journals]


def voucher(n: int, accounts: list[int], journals: list[int]) -> VoucherInput:
    """The nth voucher of a company: of either of two books, and of either of two years."""
    amount = 100 + n * 37 % 90_000
    lines = [
        LineInput(accounts[n % 10], amount, "goods"),
        LineInput(accounts[(n + 3) % 10], -amount),
    ]
    date = datetime.date(2026 + n // 2 % 2, 1, 1) + datetime.timedelta(days=n % 365)
    return VoucherInput(journals[n % 2], date, f"Sale {n}", lines, f"R{n}")


class _Poster(threading.Thread):
    """Posts, each voucher in an entry of its own, as a request does."""

    accounts: dict[str, tuple[list[int], list[int]]]

    def __init__(self, router: Router, plan: list[tuple[str, int]]) -> None:
        super().__init__()
        self.router = router
        self.plan = plan
        self.latencies: list[float] = []
        self.acknowledged: list[tuple[str, list[Any]]] = []
        self.errors: Counter[str] = Counter()

    def run(self) -> None:
        for slug, n in self.plan:
            given = voucher(n, *self.accounts[slug])
            begun = time.perf_counter()
            try:
                with self.router.using(slug):
                    posted = post_input(given, by=BY, key=f"key-{n}")
            except Exception as error:  # noqa: BLE001 - what anybody was shown is what is counted
                self.errors[f"{type(error).__name__}: {error}"] += 1
                continue
            finally:
                self.latencies.append(time.perf_counter() - begun)
            self.acknowledged.append(
                (slug, [n, posted.number, posted.id, posted.chain_no, posted.chain_hash])
            )


# The books


def compare(
    folder: Path, slug: str, first: int, last: int, acknowledged: list[list[Any]], checked: bool
) -> list[str]:
    """In what a company's books differ from what was acknowledged; read by SQL of our own, then by `check`."""
    router = Router(folder)
    try:
        path = router.tenant(slug).store("books").path
        found = [finding.message for finding in check_company(router, slug)] if checked else []
    finally:
        router.close()
    connection = driver.connect(f"file:{path}?mode=ro", uri=True)
    try:
        rows = connection.execute(
            "SELECT key, number, id, chain_no, chain_hash FROM vouchers ORDER BY chain_no"
        ).fetchall()
        series = connection.execute(
            "SELECT book_stid, fiscal_year, serial FROM vouchers"
        ).fetchall()
        lines = connection.execute("SELECT count(*), sum(amount) FROM lines").fetchone()
    finally:
        connection.close()
    return found + differences(rows, series, lines, first, last, acknowledged)


def differences(
    rows: list[Any],
    series: list[Any],
    lines: Any,
    first: int,
    last: int,
    acknowledged: list[list[Any]],
) -> list[str]:
    """What is lost, doubled or missing."""
    found = []
    kept = {key: tuple(rest) for key, *rest in rows}
    if len(kept) != len(rows):
        found.append("a key was posted twice")
    for n, *told in acknowledged:
        if kept.get(f"key-{n}") != tuple(told):
            found.append(
                f"voucher {n} was acknowledged as {told[0]}, and is {kept.get(f'key-{n}')}"
            )
    posted = {f"key-{n}" for n in range(last)}
    sure = {f"key-{n}" for n in range(first)} | {f"key-{n}" for n, *_ in acknowledged}
    if not sure <= kept.keys() <= posted:
        found.append(
            f"{len(kept)} vouchers are there, and {len(sure)} of {len(posted)} were acknowledged"
        )
    if len(kept) > len(sure):
        found.append(f"{len(kept) - len(sure)} vouchers are there that nobody was told of")
    for at, name in ((1, "number"), (2, "id"), (3, "place in the chain")):
        if len({row[at] for row in rows}) != len(rows):
            found.append(f"a {name} was given twice")
    for book in {row[:2] for row in series}:
        serials = sorted(serial for *of, serial in series if tuple(of) == book)
        if serials != list(range(1, len(serials) + 1)):
            found.append(f"the numbers of book {book[0]} in {book[1]} have a gap or a double")
    if tuple(lines) != (2 * len(rows), 0 if rows else None):
        found.append(f"{len(rows)} vouchers have {lines[0]} lines, which sum up to {lines[1]}")
    return found
