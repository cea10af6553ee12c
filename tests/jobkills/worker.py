"""What is killed: `cuneifox worker`, with a kind of work more, and points at which it may kill itself.

Killed from outside it dies anywhere; a point makes sure that it also dies between two certain steps.
"""

from __future__ import annotations

import datetime
import functools
import json
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from jobkills.ground import KIND, Ground

POINTS = {
    "there": "the worker has said that it is there, on its file, and not in the catalogue yet",
    "delivered": "a message was taken from the queue, no job yet",
    "taken": "a job was taken, and not begun",
    "begun": "its function was called",
    "amid": "in the transaction that posts, before the commit",
    "posted": "a commit in the books, and 'done' isn't written",
    "kept": "the result is on the disk, and 'done' isn't written",
    "done": "'done' is written, and what other attempts left isn't removed",
    "handing back": "before a job is handed back",
    "handed back": "after that",
    "taking over": "a dead worker's jobs are about to be given back, one of them",
    "took over": "one was, of several it may be",
    "forgetting": "all were, and the dead worker's file is still there",
}
"""Between which steps a worker may kill itself."""


class Orders(msgspec.Struct):
    """What a worker is to do.

    Attributes:
        folder: of the round.
        threads: how many jobs it does at a time.
        log: the file that its log goes to.
        point: where it kills itself; "" for nowhere. `passes`: after it was there so often.
        without: the guard that is taken out, to see that its lack is found.
    """

    folder: str
    threads: int
    log: str
    point: str = ""
    passes: int = 0
    without: str = ""


class Fate:
    """Kills the process at its point, and leaves a word of that."""

    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        self._lock = threading.Lock()
        self._left = orders.passes

    def at(self, point: str) -> None:
        """Be at a point."""
        if point != self.orders.point:
            return
        with self._lock:
            self._left -= 1
            if self._left < 0:
                _tell(self.orders, "point")
                os.kill(os.getpid(), signal.SIGKILL)


def _tell(orders: Orders, what: str) -> None:
    Path(f"{orders.log}.{what}").touch()


def prepare() -> None:
    """Import all that a worker needs, once, for all of them."""
    import cuneifox.app
    import cuneifox.jobs.process
    import cuneifox.jobs.workers
    import models.posting
    from cuneifox.jobs import works

    works.load()
    assert cuneifox.app
    assert cuneifox.jobs.process
    assert cuneifox.jobs.workers
    assert models.posting


def live(given: dict[str, Any], ready: Callable[[bool], None]) -> None:
    """Do jobs until the end."""
    from cuneifox.jobs.process import work_until_stopped

    orders = msgspec.convert(given, Orders)
    logging.basicConfig(filename=orders.log, level=logging.INFO, force=True)
    fate = Fate(orders)
    ground = Ground.read(Path(orders.folder))
    _register(ground, fate)
    _arm(fate)
    _take_out(orders.without)
    work_until_stopped(
        ground.config, orders.threads, announce=lambda text: _tell(orders, text.split()[0])
    )


def _register(ground: Ground, fate: Fate) -> None:
    """The kind of work: so many vouchers, in as many transactions or one, and a file that says which they are."""
    from cuneifox.jobs.kinds import kind
    from cuneifox.jobs.work import Work
    from models.inputs import LineInput, VoucherInput
    from models.posting import post_input, post_many

    marks = {company.id: company.mark for company in ground.companies}

    def voucher(work: Work, n: int, amount: int) -> tuple[VoucherInput, str]:
        assert work.tenant is not None
        lines = [LineInput(ground.cash, amount), LineInput(ground.sales, -amount)]
        text = f"{marks[work.tenant.id]} sale {n}"
        day = datetime.date(2026, 3, 4)
        key = work.once(str(n))
        if fate.orders.without == "once":
            key += work.job.lease[-12:]
        return VoucherInput(ground.book, day, text, lines), key

    @kind(KIND, lambda given: KIND, needs=(("ledger", "add"),))
    def post_vouchers(work: Work) -> str:
        fate.at("begun")
        given = work.arguments
        vouchers = [voucher(work, n, amount) for n, amount in enumerate(given["amounts"])]
        if given["together"]:
            posted = [each.id for each in post_many(vouchers, by=work.actor)]
            fate.at("posted")
        else:
            posted = []
            for n, (each, key) in enumerate(vouchers):
                work.progress(n / len(vouchers))
                posted.append(post_input(each, by=work.actor, key=key).id)
                fate.at("posted")
                time.sleep(given["pause"])
        if given["file"]:
            assert work.tenant is not None
            with work.file(f"{work.job.id}.json", "application/json") as path:
                told = {"job": work.job.id, "company": work.tenant.id, "vouchers": posted}
                path.write_text(json.dumps(told), encoding="utf-8")
        return f"{len(posted)} vouchers"


def _arm(fate: Fate) -> None:
    """Let it pass its points."""
    from cuneifox.jobs import presence, queue, results
    from models import posting
    from models.jobs import ending, leases, taking

    def after(place: Any, name: str, point: str) -> None:
        plain = getattr(place, name)

        @functools.wraps(plain)
        def armed(*args: Any, **kwargs: Any) -> Any:
            done = plain(*args, **kwargs)
            if done is not None:
                fate.at(point)
            return done

        setattr(place, name, armed)

    def before(place: Any, name: str, point: str) -> None:
        plain = getattr(place, name)

        @functools.wraps(plain)
        def armed(*args: Any, **kwargs: Any) -> Any:
            fate.at(point)
            return plain(*args, **kwargs)

        setattr(place, name, armed)

    after(presence.Presence, "_claimed", "there")
    before(queue.Deliveries, "execute", "delivered")
    after(taking, "take", "taken")
    after(posting, "record", "amid")
    after(results.Results, "keep", "kept")
    after(ending, "succeed", "done")
    before(ending, "hand_back", "handing back")
    after(ending, "hand_back", "handed back")
    before(ending, "lose", "taking over")
    after(ending, "lose", "took over")
    after(leases, "lose_worker", "forgetting")


def _take_out(guard: str) -> None:
    """Leave out what keeps the jobs, to see that it would be found."""
    from models.jobs import leases

    if guard == "taking over":
        leases.lose_worker = lambda worker_id, *, now: 0
        leases.take_over = lambda *, now: 0
