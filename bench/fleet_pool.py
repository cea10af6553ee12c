"""Ten thousand companies in one process: what requests spread by a Zipf law cost in memory, files and time."""

from __future__ import annotations

import argparse
import itertools
import os
import random
import re
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec
from werkzeug.test import EnvironBuilder, run_wsgi_app

from cuneifox import create_app
from cuneifox.config import Config
from cuneifox.identify import COOKIE
from cuneifox.memory import share_arenas
from models.people import Session, User
from tenants.store import Store

from . import fleet
from .big_books import ROOT, USER
from .figures import Figure, main, quartiles, seconds

COMPANIES = 10_000
ROUNDS = 7
REQUESTS = 3_000  # a round, beside the companies that are visited for the first time
ALONE = 1_000  # a round, one at a time: none waits for another's turn on the processor
DESCRIPTORS = 1_000
PAGE = "/c/{}/reports/trial-balance?first=2026-01-01&last=2026-12-31"


class Round(msgspec.Struct):
    """Requests of one round: seconds that the 99th of a hundred took, and how many opened a file."""

    cold: float
    warm: float
    opened: int
    requests: int


class Served(msgspec.Struct):
    """What serving came to: memory in bytes, most descriptors at a time, answers that weren't 200, the pool's work."""

    rounds: list[Round]
    alone: list[Round]
    peak: int
    descriptors: int
    errors: list[str]
    threads: int
    budget: int
    evictions: int
    waits: int


def measure() -> list[Figure]:
    """Serve ten thousand companies."""
    return measured(COMPANIES)


def measured(companies: int) -> list[Figure]:
    """Serve so many in a process of its own, which has made none of them."""
    folder = fleet.made(companies)
    command = [
        sys.executable,
        "-m",
        "bench.fleet_pool",
        "--serve",
        str(folder),
        "--companies",
        str(companies),
    ]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    served = msgspec.json.decode(done.stdout, type=Served)
    requests = sum(one.requests for one in served.rounds + served.alone)
    opened = sum(one.opened for one in served.rounds + served.alone)
    load = (
        f"{requests:,} requests for the trial balance page of {companies:,} companies, each visited, the rest by a "
        f"Zipf law; {opened:,} had to open a file"
    )
    pool = (
        f"The process may have no more. The databases' share is {served.budget:,}: {served.evictions:,} idle "
        f"connections were closed to make room, {served.waits:,} requests had to wait for it"
    )
    failed = ", ".join(sorted(set(served.errors))[:3])
    many = f"{companies:,} companies in one process"
    return [
        counted(f"Memory, {many}", served.peak / 1e6, 300, "MB", f"The most at any time. {load}"),
        counted(f"Descriptors, {many}", served.descriptors, DESCRIPTORS, "", pool),
        counted(f"Requests that failed, {many}", len(served.errors), 0, "", failed or "None did"),
        compared(served.rounds, f"{served.threads} threads that never rest"),
        compared(served.alone, "one request at a time"),
    ]


def compared(rounds: list[Round], how: str) -> Figure:
    """Make the figure of what a request costs more that finds its company's file closed."""
    ratios = quartiles([one.cold / one.warm for one in rounds])
    cold, warm = (quartiles([getattr(one, kind) for one in rounds])[0] for kind in ("cold", "warm"))
    what = f"p99 of a request that opens a company's file ÷ p99 of one that finds it open, {how}"
    note = f"{seconds(cold)} against {seconds(warm)}; {len(rounds)} rounds of one run"
    return Figure(what, "≤ 5", ratios[0] <= 5, *ratios, "×", note)


def counted(what: str, count: float, limit: int, unit: str, note: str) -> Figure:
    """Make a figure of something that was counted once."""
    bound = f"≤ {limit:,} {unit}".rstrip()
    return Figure(what, bound, count <= limit, count, count, count, unit, note)


class Requests:
    """Threads that ask the application for pages, and how long each took.

    Args:
        app: the WSGI application.
        cookie: of a session that may visit every company.
    """

    def __init__(self, app: object, cookie: str) -> None:
        self.app = app
        self.cookie = cookie
        self.here = threading.local()
        self.descriptors = 0
        self.errors: list[str] = []
        plain = Store.open

        def noted(store: Store, *args: object, **kwargs: object) -> object:
            self.here.opened = True
            return plain(store, *args, **kwargs)

        Store.open = noted  # type: ignore[method-assign]

    def round(self, slugs: list[str], threads: int) -> Round:
        """Visit each, several at a time."""
        cold: list[float] = []
        warm: list[float] = []
        turns = iter(slugs)
        mutex = threading.Lock()

        def visit() -> None:
            while True:
                with mutex:
                    slug = next(turns, None)
                if slug is None:
                    return
                took = self.ask(slug)
                (cold if self.here.opened else warm).append(took)

        workers = [threading.Thread(target=visit) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.descriptors = max(self.descriptors, len(os.listdir("/proc/self/fd")))
        return Round(p99(cold), p99(warm), len(cold), len(slugs))

    def ask(self, slug: str) -> float:
        """Return how many seconds a page took, from the request to its last byte."""
        environ = EnvironBuilder(PAGE.format(slug), headers={"Cookie": self.cookie}).get_environ()
        self.here.opened = False
        begin = time.perf_counter()
        body, status, _ = run_wsgi_app(self.app, environ, buffered=True)  # type: ignore[arg-type]
        page = b"".join(body)
        took = time.perf_counter() - begin
        if not status.startswith("200") or b"Total" not in page:
            self.errors.append(status)
        return took


def p99(values: list[float]) -> float:
    """Return what 99 of 100 values don't exceed."""
    return sorted(values)[int(len(values) * 0.99)] if values else 0.0


def serve(folder: Path, companies: int) -> Served:
    """Serve rounds of requests in this process, which may open no more than DESCRIPTORS files."""
    share_arenas()  # as `cuneifox serve` does
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    app = create_app(Config(data_folder=str(folder)))
    services = app.extensions["cuneifox"]
    with app.app_context():
        token = Session.start(User.get(User.name == USER), now=time.time(), lifetime=36_000)
    requests = Requests(app.wsgi_app, f"{COOKIE}={token}")
    dice = random.Random(2026)
    slugs = [f"c{i}" for i in range(companies)]
    dice.shuffle(slugs)
    weights = list(itertools.accumulate(1 / rank for rank in range(1, companies + 1)))
    threads = services.config.server.threads
    requests.round(slugs[:20] * 5, threads)  # templates and code, not counted
    rounds, alone = [], []
    for turn in range(ROUNDS):
        visits = slugs[turn::ROUNDS] + dice.choices(slugs, cum_weights=weights, k=REQUESTS)
        dice.shuffle(visits)
        rounds.append(requests.round(visits, threads))
        alone.append(requests.round(dice.choices(slugs, cum_weights=weights, k=ALONE), 1))
    services.router.universal.release()
    pool = services.router.pool.status()
    return Served(
        rounds, alone, memory(), requests.descriptors, requests.errors, threads, pool.budget,
        pool.evictions, pool.waits,
    )  # fmt: skip


def memory() -> int:
    """Return the most bytes of memory that this process has had at any time since its program began."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    kilobytes = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    assert kilobytes is not None
    return int(kilobytes[1]) * 1024


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--companies", type=int, default=COMPANIES)
    parser.add_argument("--serve", type=Path)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    if chosen.serve:
        sys.stdout.buffer.write(msgspec.json.encode(serve(chosen.serve, chosen.companies)))
    else:
        main(lambda: measured(chosen.companies))
