"""Pages, downloads, commands and checks tell of one state of the books, and say so where that took too long."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cuneifox import report_requests
from cuneifox.cli import main
from cuneifox.cli.exits import REFUSED
from cuneifox.config import Config, SnapshotLimits
from cuneifox.data_folder import open_folder
from cuneifox.pages import journal as journal_page
from cuneifox.pages import reports as reports_page
from cuneifox_site import Browser
from ledger_site import CASH, SALES, LedgerSite
from models import check
from models.check import check_company
from models.reports.trial_balance import trial_balance
from tenants import SnapshotTooOld, TenantError, current_store

ADDRESSES = [
    f"/c/acme/{page}{form}"
    for page in ("reports/trial-balance", "reports/ledger", "reports/profit-loss", "journal")
    for form in ("", ".json", ".csv")
]
"""All but those in which a single function reads."""


@pytest.fixture
def posting_meanwhile(ledger: LedgerSite, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Posts a sale once before each report is read, and again after its first statement; returns what was seen."""
    seen: list[str] = []

    def between(read: Callable[..., Any]) -> Callable[..., Any]:
        def shown(*given: Any, **named: Any) -> Any:
            before = count()
            post(ledger)
            made = read(*given, **named)
            seen.append("one state" if count() == before else "another state")
            return made

        return shown

    for module, name in [
        (report_requests, "trial_balance"), (report_requests, "profit_loss"), (report_requests, "whole_ledger"),
        (reports_page, "ledger"), (journal_page, "journal"),
    ]:  # fmt: skip
        monkeypatch.setattr(module, name, between(getattr(module, name)))
    return seen


def post(ledger: LedgerSite) -> None:
    """Post a sale, in an entry of its own."""
    ledger.post("2026-02-03", (CASH, 100), (SALES, -100))


def count() -> int:
    """How many vouchers there are, to whoever asks here."""
    found: int = current_store("books").execute_sql("SELECT count(*) FROM vouchers").fetchone()[0]
    return found


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_is_of_one_state(
    ledger: LedgerSite, keeper: Browser, posting_meanwhile: list[str], address: str
) -> None:
    """Whatever is posted between two of its statements."""
    answer = keeper.get(address, query_string={"account": CASH} if "ledger" in address else {})
    assert answer.status_code == 200
    assert posting_meanwhile
    assert set(posting_meanwhile) == {"one state"}


def too_old(*args: Any, **named: Any) -> Any:
    """What a snapshot raises that was ended."""
    raise SnapshotTooOld("The snapshot of acme was ended: acme/books has grown.")


def test_a_download_that_takes_too_long_is_503(
    ledger: LedgerSite, keeper: Browser, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    """In words for whoever waited for it, without a trace in the log; the next request is answered."""
    monkeypatch.setattr(report_requests, "trial_balance", too_old)
    answer = keeper.get("/c/acme/reports/trial-balance.csv")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "took longer than it may" in answer.text
    assert "has grown" not in answer.text
    assert not [record for record in caplog.records if record.exc_info]
    problem = keeper.get("/c/acme/reports/trial-balance.json")
    assert (problem.status_code, problem.json["code"]) == (503, "snapshot-too-old")
    monkeypatch.undo()
    assert keeper.get("/c/acme/reports/trial-balance.csv").status_code == 200


def test_a_download_is_ended_in_time(
    ledger: LedgerSite, keeper: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in a snapshot of the router's bound, and its request's own entry is as it was."""
    snapshots = ledger.site.router.snapshots
    now = snapshots.clock()
    built = report_requests.trial_balance

    def slow(*given: Any, **named: Any) -> Any:
        snapshots.clock.now += 601
        return built(*given, **named)

    class Clock:
        def __init__(self) -> None:
            self.now = now

        def __call__(self) -> float:
            return self.now

    snapshots.clock = Clock()
    monkeypatch.setattr(report_requests, "trial_balance", slow)
    assert keeper.get("/c/acme/reports/trial-balance.csv").status_code == 503
    assert keeper.get("/c/acme/reports/trial-balance").status_code == 200
    assert snapshots.status().too_old == 1


def test_the_settings_reach_the_router(tmp_path: Path) -> None:
    """What [snapshots] says is what snapshots go by."""
    limits = SnapshotLimits(max_age_seconds=7.0, largest_wal_mb=3)
    router = open_folder(Config(data_folder=str(tmp_path / "data"), snapshots=limits))
    assert router.snapshots.max_age == 7
    assert router.snapshots.largest_log == 3 * 1024 * 1024
    router.close()


def test_the_shell_says_so_too(ledger: LedgerSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report that was ended is refused in its own words, with the exit code of what can't be done as things stand."""
    data = str(ledger.site.router.folder)
    arguments = ["--data", data, "report", "acme", "trial-balance"]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    monkeypatch.setattr("models.reports.trial_balance.trial_balance", too_old)
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == REFUSED
    assert "snapshot of acme was ended" in done.output


def test_a_check_reads_one_state(ledger: LedgerSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that goes by rows is looked at in the same one, whatever is posted from one check to the next."""
    counts: list[int] = []

    def counting() -> Any:
        counts.append(count())
        post(ledger)
        return iter(())

    monkeypatch.setattr(check, "CHECKS", [(("books",), counting)] * 3)
    assert check_company(ledger.site.router, "acme") == []
    assert len(counts) == 3
    assert len(set(counts)) == 1


def test_a_check_that_takes_too_long_says_so(
    ledger: LedgerSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a finding, lest anybody take the company for sound, and no damage."""
    monkeypatch.setattr(check, "CHECKS", [(("books",), too_old)])
    (finding,) = check_company(ledger.site.router, "acme")
    assert (finding.code, finding.company) == ("unfinished", "acme")
    assert "was ended" in finding.message


def test_a_report_in_a_snapshot_is_the_report(ledger: LedgerSite) -> None:
    """The same figures, read either way."""
    days = datetime.date(2026, 1, 1), datetime.date(2026, 12, 31)
    post(ledger)
    with ledger.site.router.using("acme"):
        plain = trial_balance(*days)
    with ledger.site.router.tenant("acme").snapshot(roles=("books",)):
        assert trial_balance(*days) == plain
        with pytest.raises(TenantError):
            current_store("registers")
