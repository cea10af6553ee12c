"""A trial balance as PDF, and 500 vouchers in one PDF asked for over HTTP, with what other requests notice of it."""

from __future__ import annotations

import datetime
import json
import re
import statistics
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path

from cuneifox.papers import write
from cuneifox.report_tables import trial_balance_table
from models.reports.figures import AccountRow, Figures, Scope
from models.reports.trial_balance import Sides, TrialBalance

from .big_books import made
from .browser import Client, signed_in
from .figures import PAIRS, Figure, absolute, main, quartiles, seconds, timed

ROUNDS = 5
LOOK_EVERY = 0.1
"""Seconds between two looks whether the file is ready."""

PAGE = "/c/large/reports/trial-balance?first=2026-01-01&last=2026-12-31"
JOURNAL = "/c/small/journal?first=2026-05-31&last=2026-12-06"
"""Of the small company's vouchers, which are dated one after the other, two or three a day: 500."""


def measure() -> list[Figure]:
    """Measure 21 trial balances and 5 times 500 vouchers."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trial-balance.pdf"

        def set_one() -> None:
            write("pdf", trial_balance_table(_accounts(100)), path, lambda done: None)

        set_one()
        each = [timed(set_one) for _ in range(PAIRS)]
    balance = "Trial balance, 100 accounts, to PDF"
    return [
        absolute(balance, each, 0.5, 1, "s", "The process that sets it included"),
        *_vouchers(),
    ]


def _accounts(count: int) -> TrialBalance:
    """Accounts with figures of the usual length."""
    rows = []
    for n in range(count):
        own = Figures(n * 1_234_567, n * 2_345_678, n * 3_456_789)
        rows.append(
            AccountRow(n, f"{1000 + n}", f"ลูกหนี้การค้า {n}", "", "asset", None, 0, False, own, own)
        )
    total = sum((row.own for row in rows), Figures())
    scope = Scope("THB", 2, datetime.date(2026, 1, 1), datetime.date(2026, 12, 31))
    return TrialBalance(scope, rows, total, Sides(0, 0), Sides(0, 0))


def _vouchers() -> list[Figure]:
    took, alone, beside = [], [], []
    with signed_in(made()) as client:
        host, port = client.connection.host, client.connection.port
        printer = Client(host, port)
        printer.cookies = dict(client.cookies)
        _print(printer)
        for _ in range(ROUNDS):
            alone.append(_p95(client, lambda begin: time.perf_counter() - begin > 3))
            done: list[float] = []
            thread = threading.Thread(target=lambda: done.append(_print(printer)))  # noqa: B023
            thread.start()
            beside.append(_p95(client, lambda _begin: not thread.is_alive()))  # noqa: B023
            thread.join()
            assert done, "the vouchers were not printed"
            took += done
        printer.connection.close()
    quick, slow = statistics.median(alone), statistics.median(beside)
    median, low, high = quartiles([b / a for a, b in zip(alone, beside, strict=True)])
    what = "p95 of other requests while 500 vouchers are printed ÷ without"
    note = f"{seconds(slow)} against {seconds(quick)}; {ROUNDS} rounds. A client that asks for the trial balance"
    return [
        absolute(
            "500 voucher print-outs in one PDF",
            took,
            6,
            1,
            "s",
            "Over HTTP, from asking for the job to having the file, while another client asks for pages",
        ),
        Figure(what, "≤ 2", median <= 2, median, low, high, "×", note),
    ]


def _print(client: Client) -> float:
    """Return how many seconds 500 vouchers took."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(JOURNAL))
    assert token is not None
    form = {"csrf_token": token[1], "what": "vouchers", "form": "pdf"}
    begin = time.perf_counter()
    status, _, headers = client.ask("POST", JOURNAL, urllib.parse.urlencode(form))
    job = re.search(r"[?&]job=(\w+)", headers["Location"] or "")
    assert job is not None, status
    while json.loads(client.get("/jobs/state.json"))["under_way"]:
        time.sleep(LOOK_EVERY)
    _, content, _ = client.ask("GET", f"/jobs/{job[1]}/result")
    took = time.perf_counter() - begin
    assert content.startswith(b"%PDF"), content[:500]
    return took


def _p95(client: Client, is_over: Callable[[float], bool]) -> float:
    """Return the 95th percentile of the durations of requests, until it is over, twenty at least."""
    begin, durations = time.perf_counter(), []
    while not is_over(begin) or len(durations) < 20:
        durations.append(timed(lambda: client.get(PAGE), sweep=False))
        time.sleep(0.1)
    return statistics.quantiles(durations, n=20)[-1]


if __name__ == "__main__":
    main(measure)
