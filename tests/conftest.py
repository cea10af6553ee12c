"""What every test stands on: a router in a folder of its own, a site with books, a detector of what was left behind.

A test that ends with a live entry, an open router, a thread or an open database file fails, although all its
assertions held: whatever it exercised would bleed a server that does the same thing all day.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engines import ENGINES
from tenants import Router

pytest_plugins = ["tenants.testing"]

# A shell that starts the tests in the background has them ignore Ctrl-C, and so would each program that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

if TYPE_CHECKING:
    from cuneifox_site import Browser
    from ledger_site import LedgerSite


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    """Fails in CI what is skipped elsewhere: there a missing program is a fault, and not a reason.

    What a test has logged reaches us from another process also where it is no text that UTF-8 knows.
    """
    report = yield
    report.sections = [
        (name, text.encode("utf-8", "replace").decode()) for name, text in report.sections
    ]
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome, report.longrepr = "failed", f"CI skips nothing. {reason}"
    return report


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs what is marked with `each_engine` on each of them, but for what is marked with `of_files`."""
    marks = {mark.name for mark in metafunc.definition.iter_markers()}
    if "each_engine" in marks and "of_files" not in marks and "router" in metafunc.fixturenames:
        metafunc.parametrize("router", ENGINES, ids=str, indirect=True)


@pytest.fixture(autouse=True)
def always_nothing_left_behind(nothing_left_behind: None) -> None:
    """Has the detector of `tenants.testing` look after every test."""


@pytest.fixture
def router(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Router]:
    """A router on an empty data folder, closed when the test ends; on an engine of `engines.py` where one is given."""
    open_one = request.param.open if hasattr(request, "param") else Router
    router = open_one(tmp_path / "data")
    yield router
    router.close()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[LedgerSite]:
    """A site with one company, whose books a test may also reach from behind the pages."""
    from ledger_site import LedgerSite  # tests of tenants alone don't need the pages

    ledger = LedgerSite(tmp_path / "data")
    yield ledger
    ledger.close()


@pytest.fixture
def keeper(ledger: LedgerSite) -> Browser:
    """The browser of somebody who may do anything in that company's books."""
    return ledger.browser()
