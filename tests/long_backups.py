"""Backups under load: each is fetched and compared with what was acknowledged while it was made.

`python -m tests.long_backups --backups 200` posts from several threads while backups are made, and holds each against
a tally that the posting threads keep themselves. Rounds of PER_ROUND backups are installations of their own; what was
done is kept in a file, so that the next call goes on where this one ended. A round that finds something names itself,
and `--round N` does just that one again.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

from kept_state import read_state, write_state
from ledgers import BY, day
from models import backing_up
from models.accounts import find_account
from models.chain import chain_hash
from models.companies import create_company
from models.inputs import LineInput, VoucherInput
from models.journals import find_book
from models.posting import post_input
from models.settings import GENESIS
from tenants import BackupManager, Router, sqlite
from tenants.backups import keys
from tenants.backups.backup import Backup
from tenants.life import steps

PER_ROUND = 20
THREADS = 4
STATE = Path(".cache/backups.json")
SEED = 2026

ACCOUNTS = ("1110", "1120", "1130", "4100")
"""Of the general chart, between which the threads post."""

_VOUCHERS = (
    "SELECT id, number, book_stid, fiscal_year, serial, date, text, reference, closing, reverses_id, key, digest, "
    "chain_no, posted_by, posted_by_name, posted_at, chain_hash FROM vouchers ORDER BY chain_no"
)
_LINES = (
    "SELECT n, account_stid, amount, text, quantity, quantity_decimals, commodity, register, register_stid "
    "FROM lines WHERE voucher_id = ? ORDER BY n"
)


class Tally:
    """What was acknowledged: the lines of each voucher by its place in the chain. Kept by those who post."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.lines: dict[int, list[tuple[int, int]]] = {}
        self.numbers: dict[int, str] = {}
        self.failed = ""

    def give_up(self, why: str) -> None:
        """Say that a thread can't post any more: whoever waits needn't."""
        with self.changed:
            self.failed = why
            self.changed.notify_all()

    def _wait(self, is_there: Callable[[], bool]) -> None:
        assert self.changed.wait_for(lambda: self.failed or is_there(), 120), (
            "posting takes too long"
        )
        assert not self.failed, self.failed

    def add(self, chain_no: int, number: str, lines: list[tuple[int, int]]) -> None:
        """Note a voucher that was just acknowledged."""
        with self.changed:
            self.lines[chain_no], self.numbers[chain_no] = lines, number
            self.changed.notify_all()

    def count(self) -> int:
        """How many are acknowledged."""
        with self.changed:
            return len(self.lines)

    def known(self) -> set[int]:
        """Which are acknowledged."""
        with self.changed:
            return set(self.lines)

    def wait_for(self, count: int) -> None:
        """Wait until so many more are acknowledged."""
        with self.changed:
            self._wait(lambda: len(self.lines) >= count)

    def balances(self, count: int) -> dict[int, int]:
        """What the first vouchers of the chain sum up to, by account, once all of them are acknowledged."""
        with self.changed:
            first = range(1, count + 1)
            self._wait(lambda: all(no in self.lines for no in first))
            sums: defaultdict[int, int] = defaultdict(int)
            for no in first:
                for stid, amount in self.lines[no]:
                    sums[stid] += amount
            return dict(sums)


class Moment(NamedTuple):
    """What was acknowledged when the books' state was fixed for a copy: just before, and just after."""

    before: set[int]
    after: int


class Load:
    """An installation with a company to which threads post, and its backups.

    Args:
        folder: an empty one.
        seed: decides what is posted.
        encrypted: whether the backups are.
    """

    def __init__(self, folder: Path, seed: str, encrypted: bool) -> None:
        self.folder, self.seed = folder, seed
        self.router = Router(folder / "data")
        create_company(self.router, slug="acme", name="Acme", template="general")
        key_file = folder / "key" if encrypted else None
        keys.make(folder / "key")
        self.manager = BackupManager(
            self.router,
            folder / "backups",
            checks=[backing_up.faults],
            describe=backing_up.facts,
            key_file=key_file,
            most_increments=7,
        )
        self.tally = Tally()
        self.stopping = threading.Event()
        self._moment = Moment(set(), 0)

    @contextmanager
    def posting(self) -> Iterator[None]:
        """Have threads post in the block."""
        threads = [
            self.router.start_thread(self._post, number, tenant="acme", name=f"poster-{number}")
            for number in range(THREADS)
        ]
        try:
            yield
        finally:
            self.stopping.set()
            for thread in threads:
                thread.join()

    def _post(self, number: int) -> None:
        chance = random.Random(f"{self.seed}-{number}")
        stids = [find_account(code).stid for code in ACCOUNTS]
        book = find_book("GJ").stid
        try:
            while not self.stopping.is_set():
                debit, credit = chance.sample(stids, 2)
                amount = chance.randrange(1, 10**7)
                lines = [(debit, amount), (credit, -amount)]
                date = day(f"2026-{chance.randrange(1, 13):02d}-{chance.randrange(1, 28):02d}")
                given = VoucherInput(book, date, "Sale", [LineInput(*line) for line in lines])
                posted = post_input(given, by=BY)
                self.tally.add(posted.chain_no, posted.number, lines)
        except Exception as error:  # noqa: BLE001 - told by whoever takes the backups
            self.tally.give_up(f"{type(error).__name__}: {error}")

    def back_up(self) -> tuple[Backup, Moment]:
        """Make a backup, and say what was acknowledged around the moment of its copy."""
        seen: list[Moment] = []

        def reached(name: str) -> None:
            if name == "copying for a backup":
                seen.append(Moment(self.tally.known(), 0))
            elif name == "store fixed for a backup" and not seen[-1].after:
                seen[-1] = Moment(
                    seen[-1].before, self.tally.count()
                )  # of the books, which come first

        steps.reached = reached
        try:
            report = self.manager.backup_now("acme", even_unchanged=True).require_good()
        finally:
            steps.reached = None
        backup = report.made[0].backup
        assert backup is not None
        return backup, seen[0]

    def faults(self, backup: Backup, moment: Moment) -> Iterator[str]:
        """Yield in what a backup differs from what was acknowledged."""
        manifest = self.manager.manifest(backup)
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            path = self.manager.fetch(backup, folder)["books"]
            with closing(sqlite.driver.connect(f"file:{path}?mode=rw", uri=True)) as books:
                yield from self._faults(books, moment, manifest.facts)

    def _faults(self, books: Any, moment: Moment, facts: dict[str, Any]) -> Iterator[str]:
        found = books.execute("PRAGMA integrity_check").fetchall()
        if found != [("ok",)]:
            yield f"integrity: {found}"
        numbers: dict[int, str] = {}
        head = GENESIS
        for *voucher, kept in books.execute(_VOUCHERS).fetchall():
            numbers[voucher[12]] = voucher[1]
            voucher[8] = int(voucher[8])
            if chain_hash(head, voucher, books.execute(_LINES, voucher[:1]).fetchall()) != kept:
                yield f"the chain breaks at {voucher[1]}"
            head = kept
        count = len(numbers)
        if sorted(numbers) != list(range(1, count + 1)):
            yield f"the chain has gaps: {sorted(numbers)}"
        if books.execute("SELECT count, head FROM ledger_state").fetchone() != (count, head):
            yield "the ledger says otherwise how long the chain is"
        if (facts["chain_count"], facts["chain_head"]) != (count, head):
            yield "the manifest says otherwise how long the chain is"
        # What is committed and not yet acknowledged is at most one voucher of each thread.
        if not len(moment.before) <= count <= moment.after + THREADS:
            yield f"{count} vouchers, acknowledged were {len(moment.before)} before and {moment.after} after"
        if missing := moment.before - numbers.keys():
            yield f"acknowledged before the copy and not in it: {sorted(missing)}"
        sums = dict(
            books.execute("SELECT account_stid, SUM(amount) FROM lines GROUP BY 1").fetchall()
        )
        if sums != self.tally.balances(count):
            yield f"the trial balance is {sums}, acknowledged were {self.tally.balances(count)}"
        if any(self.tally.numbers[no] != number for no, number in numbers.items()):
            yield "a voucher has another number than was acknowledged"

    def close(self) -> None:
        self.router.close()


class Taken(NamedTuple):
    """What came of one round."""

    number: int
    backups: int
    increments: int
    vouchers: int
    findings: list[str]


def one_round(seed: int, number: int, backups: int = PER_ROUND) -> Taken:
    """Take so many backups of a fresh installation under load, and hold each against the tally."""
    findings: list[str] = []
    increments = 0
    with tempfile.TemporaryDirectory() as folder:
        load = Load(Path(folder), f"{seed}-{number}", encrypted=number % 2 == 1)
        try:
            with load.posting():
                for _ in range(backups):
                    load.tally.wait_for(load.tally.count() + 2 * THREADS)
                    backup, moment = load.back_up()
                    increments += bool(load.manager.manifest(backup).bases)
                    findings += load.faults(backup, moment)
            vouchers = load.tally.count()
        finally:
            load.close()
    told = [f"round {number} of seed {seed}: {finding}" for finding in findings]
    return Taken(number, backups, increments, vouchers, told)


def main(arguments: list[str] | None = None) -> int:
    """Go on until so many backups are taken in all; 1 if one of them differed."""
    parser = argparse.ArgumentParser(prog="python -m tests.long_backups", description=__doc__)
    parser.add_argument("--backups", type=int, default=200, help="in all, earlier pieces too")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--state", type=Path, default=STATE)
    parser.add_argument("--seconds", type=float, help="stop after so long; the next call goes on")
    parser.add_argument("--round", type=int, help="do this one again, and keep nothing")
    given = parser.parse_args(arguments)
    if given.round is not None:
        findings = one_round(given.seed, given.round).findings
        print(*findings or ["all equal"], sep="\n")
        return 1 if findings else 0
    fresh: dict[str, Any] = {
        "seed": given.seed, "rounds": 0, "counts": {}, "seconds": 0.0, "findings": [],
    }  # fmt: skip
    state = read_state(given.state, fresh)
    begun = at = time.monotonic()
    for number in range(state["rounds"], -(-given.backups // PER_ROUND)):
        done = one_round(given.seed, number)
        counted = Counter(state["counts"])
        counted.update(backups=done.backups, increments=done.increments, vouchers=done.vouchers)
        now = time.monotonic()
        state["rounds"], state["counts"] = done.number + 1, dict(counted)
        state["findings"] += done.findings
        state["seconds"] = round(state["seconds"] + now - at, 2)
        at = now
        write_state(given.state, state)
        print(f"{counted['backups']} backups, {len(state['findings'])} findings", flush=True)
        if given.seconds and now - begun > given.seconds:
            break
    print(*state["findings"], sep="\n")
    return 1 if state["findings"] else 0


if __name__ == "__main__":
    sys.exit(main())
