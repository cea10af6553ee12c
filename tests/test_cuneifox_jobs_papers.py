"""Jobs write papers with the figures of the books, tell how far they are, and leave nothing half done."""

from __future__ import annotations

import csv
import io
import re
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from cuneifox import report_requests
from cuneifox.i18n import speaking
from cuneifox.jobs import work as work_module
from cuneifox.jobs.kinds import KINDS, title_of
from cuneifox.papers import pdf_form, statements, typesetting, vouchers
from cuneifox.report_requests import REPORTS
from customers import customer, receive, sell
from job_site import do as done
from ledger_site import BANK, CASH, SALES, LedgerSite
from models.settings import LedgerState
from paper_jobs import IDENTITY, asked, left_behind, made
from pdf_text import needs_poppler, pages_of
from tenants import current_store

LONG = "#for i in range(99999) { for j in range(99999) { let n = i * j } }"
"""What takes minutes to set."""

YEAR = {"first": "2026-01-01", "last": "2026-12-31"}
FORMS = ("csv", "xlsx", "pdf")


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerSite]:
    """Cash sales, an overdrawn bank, and three customers, one of whom has a code that is no name for a file."""
    ledger = LedgerSite(tmp_path_factory.mktemp("jobs") / "data")
    ledger.post("2025-12-10", (CASH, 123_456), (SALES, -123_456), text="Last year's")
    ledger.post("2026-01-10", (CASH, 10_000), (SALES, -10_000), text="First #panic()")
    ledger.post("2026-03-10", (CASH, 6_000), (BANK, -6_000), text="เบิกเงินสด")
    somsri = customer(ledger, "C1", "Somsri", local_name="สมศรี ผู้ให้กู้", address="9 ถนนสุขุมวิท\nกรุงเทพ")
    other = customer(ledger, "../C:2", "Other & Sons")
    sell(ledger, somsri, "2025-11-01", 70_000)
    for n in range(1, 13):
        sell(ledger, somsri, f"2026-{n:02}-02", 1_000 * n + n, text="ค่าน้ำมัน", ref=f"INV-{n}")
    receive(ledger, somsri, "2026-06-30", 55_555)
    sell(ledger, other, "2026-02-03", 99_900)
    customer(ledger, "C3", "Nothing bought")
    yield ledger
    ledger.close()


def text_of(path: Path) -> str:
    return "\f".join(pages_of(path)).replace("\u0e4d\u0e32", "\u0e33")


def arguments(name: str, form: str) -> dict[str, str]:
    account = {"account": CASH} if name == "ledger" else {}
    return {"report": name, "form": form, **YEAR, **account}


@needs_poppler
@pytest.mark.parametrize("name", REPORTS)
def test_each_form_of_a_report_has_the_same_figures(ledger: LedgerSite, name: str) -> None:
    """Each figure of the CSV stands in the PDF, and each of its rows in the XLSX."""
    plain, sheets, pdf = (made(ledger.site, "report", arguments(name, form)) for form in FORMS)
    rows = list(csv.reader(plain.read_text("utf-8-sig").splitlines()))[1:]
    figures = [[each for each in row if re.fullmatch(r"-?\d+\.\d\d", each)] for row in rows]
    text = text_of(pdf)
    for figure in {each for row in figures for each in row} - {"0.00"}:
        assert f"{float(figure):,.2f}".replace("-", "\u2212") in text, figure
    values = load_workbook(io.BytesIO(sheets.read_bytes()), data_only=True).active.values
    shown = iter([[each for each in row if isinstance(each, float | int)] for row in values])
    for row in figures:
        assert [float(each) for each in row] in shown, row  # in the same order
    assert sum(map(len, figures)) > 3


@needs_poppler
def test_a_paper_says_whose_when_by_whom_and_of_which_state(ledger: LedgerSite) -> None:
    """On each page of a report, of statements and of vouchers."""
    with ledger.books():
        state = LedgerState.get_by_id(1)
    for kind, given, title in (
        ("report", arguments("whole-ledger", "pdf"), "Whole ledger"),
        ("statements", {"form": "pdf", **YEAR}, "Statement of account"),
        ("vouchers", {"first": "2026-06-01"}, "Vouchers"),
    ):
        for page in pages_of(made(ledger.site, kind, given)):
            assert f"The acme company · {title}" in page
            assert re.search(rf"Made \d+ \w+ \d{{4}} \d\d:\d\d by {IDENTITY}", page)
            assert f"Books of {state.count} vouchers, chain {state.head}" in page
            if kind != "vouchers":
                assert "1 January 2026 to 31 December 2026" in page


@needs_poppler
def test_the_whole_ledger_adds_up(ledger: LedgerSite) -> None:
    """Opening, lines, closing and totals of an account as counted by hand: 1,234.56 + 100.00 + 60.00 + 555.55."""
    text = text_of(made(ledger.site, "report", arguments("whole-ledger", "pdf"), "th"))
    assert re.search(r"1111 +1 ม.ค. 2569 +ยอดยกมา +1,234.56\n", text)
    assert re.search(r"1111 +10 มี.ค. 2569 +GJ-2569-\d+ +เบิกเงินสด +60.00 +– +1,394.56\n", text)
    assert re.search(r"1111 +31 ธ.ค. 2569 +\S+ +1,950.11\n", text)
    assert re.search(r"1111 +รวม +715.55 +0.00\n".replace("0.00", "–"), text)
    assert re.search(r"รวมทุกบัญชี +(\S+) +\1\n", text)
    assert re.search(r"1111 +เงินสดในมือ\n", text)


@needs_poppler
def test_statements_in_one_pdf(ledger: LedgerSite) -> None:
    """Each customer with lines, by code, on pages of its own: 700.00 owed, 780.78 bought, 555.55 paid, 925.23 owed."""
    first, second = pages_of(made(ledger.site, "statements", {"form": "pdf", **YEAR}))
    assert "../C:2" in first
    assert "Other & Sons" in first
    assert "999.00" in first
    assert "Somsri" in second
    assert re.search(r"1 Jan 2026 +Opening balance +700.00\n", second)
    assert re.search(r"2 Dec 2026 +GJ-2569-\d+ +ค่าน้ำมัน +INV-12 +120.12 +925.23\n", second)
    assert re.search(r"31 Dec 2026 +Closing balance +780.78 +555.55 +925.23\n", second)
    assert "Page 1 of 1" in second
    assert "Nothing bought" not in first + second


@needs_poppler
def test_statements_in_thai_as_a_zip(ledger: LedgerSite) -> None:
    """A PDF each, under names that any system takes; chosen customers alone, in the reader's language."""
    path = made(ledger.site, "statements", {"form": "zip", **YEAR}, "th")
    with zipfile.ZipFile(path) as whole:
        assert whole.namelist() == ["C-2.pdf", "C1.pdf"]
        assert whole.testzip() is None
        (page,) = pages_of(whole.read("C1.pdf"))
    page = page.replace("\u0e4d\u0e32", "\u0e33")
    for text in ("ใบแจ้งยอดบัญชี", "สมศรี ผู้ให้กู้", "9 ถนนสุขุมวิท", "925.23", "(เก้าร้อยยี่สิบห้าบาทยี่สิบสามสตางค์)"):
        assert text in page, text
    with zipfile.ZipFile(
        made(ledger.site, "statements", {"form": "zip", **YEAR, "customers": [1]})
    ) as one:
        assert one.namelist() == ["C1.pdf"]


@needs_poppler
def test_a_long_statement_says_on_each_page_whose_it_is(
    ledger: LedgerSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also behind another's; pages are counted within it."""
    long = customer(ledger, "Z9", "Long & Winding")
    for n in range(70):
        sell(ledger, long, f"2024-02-{1 + n % 28:02}", n + 1)
    sell(ledger, 1, "2024-02-01", 5)
    given = {"form": "pdf", "first": "2024-02-01", "last": "2024-02-29"}
    somsri, *pages = pages_of(made(ledger.site, "statements", given))
    assert "Somsri" in somsri
    assert len(pages) == 2
    for number, page in enumerate(pages, 1):
        assert "Z9" in page
        assert "Long & Winding" in page
        assert f"Page {number} of 2" in page
    assert "24.85" in pages[1]  # 0.01 + 0.02 + … + 0.70


@needs_poppler
def test_vouchers_in_many_parts(ledger: LedgerSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of the filter, the oldest first, one a page, whichever parts they were set in."""
    monkeypatch.setattr(vouchers, "LINES_OF_PART", 30)
    pages = pages_of(made(ledger.site, "vouchers", {"first": "2026-02-01", "last": "2026-12-31"}))
    dates = [re.search(r"Date +(\d+ \w+ 2026)", page) for page in pages]
    days = [time.strptime(found[1], "%d %B %Y") for found in dates if found]
    assert len(days) == len(pages) == 14
    assert days == sorted(days)


@pytest.mark.parametrize(
    ("kind", "given", "says"),
    [
        ("report", {"report": "trial-balance", "form": "doc"}, "Choose CSV"),
        ("report", {"report": "sales", "form": "csv"}, "no report sales"),
        ("report", {"report": "ledger", "form": "csv", "account": "nobody"}, "no account nobody"),
        ("statements", {"form": "xlsx", **YEAR}, "Choose one PDF"),
        ("statements", {"form": "pdf", "first": "2030-01-01", "last": "2030-01-31"}, "No customer"),
        ("vouchers", {"first": "2030-01-01"}, "nothing to print"),
        ("vouchers", {"status": "draft"}, "post them first"),
        ("vouchers", {"first": "1900-01-01", "last": "2026-01-01"}, "century"),
    ],
)
def test_what_cant_be_made_fails_and_says_why(
    ledger: LedgerSite, kind: str, given: dict[str, str], says: str
) -> None:
    """At the first attempt, with the text that its page would have on its form."""
    job = done(ledger.site, asked(ledger.site, kind, given))
    assert (job.state, job.attempts) == ("failed", 1)
    assert says in job.error
    assert not left_behind(ledger.site, job)


def test_it_is_told_how_far_it_is(ledger: LedgerSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """First what is read, then what is set, never backwards, and in words: 14 lines of two statements."""
    told: list[tuple[int, str]] = []
    monkeypatch.setattr(work_module, "WRITE_EVERY", 0.0)
    monkeypatch.setattr(
        work_module.ending, "report", lambda job, progress, line: told.append((progress, line))
    )
    monkeypatch.setattr(statements, "ROWS_OF_PART", 5)
    made(ledger.site, "statements", {"form": "pdf", **YEAR})
    assert told[0] == (0, "Reading: 0 of 16")
    assert (told[-1][0], told[-1][1]) == (999, "16 of 16")
    assert [progress for progress, _ in told] == sorted(progress for progress, _ in told)
    assert {(213, "2 of 16"), (888, "14 of 16")} & set(told)  # either may be done first


def test_the_books_are_not_held_while_pages_are_set(
    ledger: LedgerSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Setting takes minutes: by then the snapshot is over, and its store free for maintenance."""
    held: list[int] = []
    _on_start(monkeypatch, lambda process: held.append(ledger.site.router.snapshots.status().open))
    for kind, given in (
        ("report", arguments("whole-ledger", "pdf")),
        ("statements", {"form": "zip", **YEAR}),
        ("vouchers", YEAR),
    ):
        made(ledger.site, kind, given)
    assert held == [0, 0, 0]


def _on_start(monkeypatch: pytest.MonkeyPatch, told: Callable[[Any], None]) -> None:
    """Have each process that the typesetter starts told of."""
    popen = typesetting.subprocess.Popen

    def noted(*given: Any, **options: Any) -> Any:
        process = popen(*given, **options)
        told(process)
        return process

    monkeypatch.setattr(typesetting.subprocess, "Popen", noted)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("report", arguments("whole-ledger", "pdf")),
        ("statements", {"form": "pdf", **YEAR}),
        ("vouchers", YEAR),
    ],
)
def test_cancelled_while_a_part_is_set(
    ledger: LedgerSite, monkeypatch: pytest.MonkeyPatch, kind: str, given: dict[str, str]
) -> None:
    """Within a second the processes are ended, and nothing is left of what they made."""
    processes: list[Any] = []
    began: list[float] = []
    monkeypatch.setattr(
        typesetting.shutil, "copyfile", lambda source, target: Path(target).write_text(LONG)
    )
    work = asked(ledger.site, kind, given)

    def stop(process: Any) -> None:
        processes.append(process)
        began.append(time.monotonic())
        work.stop("asked")

    _on_start(monkeypatch, stop)
    job = done(ledger.site, work)
    assert (job.state, job.reason) == ("cancelled", "asked")
    assert time.monotonic() - began[0] < 1
    assert all(process.returncode == -9 for process in processes)
    assert not left_behind(ledger.site, job)


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


def test_cancelled_while_a_query_runs(ledger: LedgerSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A query that would never end is interrupted within a second."""
    begins = threading.Event()

    def endless(*days: Any, **options: Any) -> None:
        begins.set()
        current_store("books").execute_sql(ENDLESS).fetchall()

    monkeypatch.setattr(report_requests, "whole_ledger", endless)
    work = asked(ledger.site, "report", arguments("whole-ledger", "csv"))
    stopped: list[float] = []

    def stop() -> None:
        begins.wait()
        stopped.append(time.monotonic())
        work.stop("asked")

    thread = threading.Thread(target=stop)
    thread.start()
    job = done(ledger.site, work)
    thread.join()
    assert (job.state, job.reason) == ("cancelled", "asked")
    assert time.monotonic() - stopped[0] < 1


@pytest.mark.parametrize("form", FORMS)
def test_a_full_disk_fails_the_job_and_leaves_no_half_file(
    ledger: LedgerSite, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """Whatever is written finds no room: the job says so, and isn't tried again."""
    plain = Path.open

    def full(path: Path, mode: str = "r", *given: Any, **options: Any) -> Any:
        writes = ".paper-" in str(path) and mode[0] == "w"
        return plain(Path("/dev/full") if writes else path, mode, *given, **options)

    monkeypatch.setattr(Path, "open", full)
    job = done(ledger.site, asked(ledger.site, "report", arguments("whole-ledger", form)))
    assert (job.state, job.attempts) == ("failed", 1)
    assert "disk is full" in job.error
    assert not left_behind(ledger.site, job)


def test_a_full_disk_that_the_typesetter_finds(
    ledger: LedgerSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own text, likewise."""
    failure = typesetting._failure
    monkeypatch.setattr(
        typesetting, "_failure", lambda status, said: failure(1, "failed to write (os error 28)")
    )
    monkeypatch.setattr(typesetting, "CPU_SECONDS", 0)
    job = done(ledger.site, asked(ledger.site, "vouchers", YEAR))
    assert job.state == "failed"
    assert "disk is full" in job.error
    assert not left_behind(ledger.site, job)


def test_parts_are_joined_over_all(ledger: LedgerSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger of several parts is one document, with nothing lost."""
    monkeypatch.setattr(pdf_form, "ROWS_OF_PART", 7)
    pages = pages_of(made(ledger.site, "report", arguments("whole-ledger", "pdf")))
    assert [f"Page {n} of {len(pages)}" in page for n, page in enumerate(pages, 1)] == [True] * len(
        pages
    )
    text = "".join(pages)
    assert len(set(re.findall(r"INV-\d+", text))) == 12


def test_titles_and_rights(ledger: LedgerSite) -> None:
    """Jobs are called by what they make; statements name customers, and need the right to read those too."""
    with speaking("en"):
        assert title_of("report", arguments("ledger", "pdf")) == "General ledger (PDF)"
        assert title_of("report", {}) == "report"
        assert title_of("statements", {"form": "zip"}) == "Statements of account (ZIP)"
        assert title_of("vouchers", {}) == "Vouchers as PDF"
    assert KINDS["statements"].needs == (("ledger", "read"), ("receivables", "read"))
    assert KINDS["report"].needs == KINDS["vouchers"].needs == (("ledger", "read"),)
