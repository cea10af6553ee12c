"""Long files are asked for on the page of a report, and shown on it as soon as they are ready."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import date

import pytest
from openpyxl import load_workbook

from cuneifox_site import Browser
from job_site import jobs, work_off
from ledger_site import BANK, CASH, HOME, SALES, SYSTEM, LedgerSite, errors_of
from models.accounts import find_account
from models.inputs import LineInput, VoucherInput
from models.journals import find_book
from models.posting import post_input
from models.registers import Customer
from pdf_text import needs_poppler, pages_of

OWED = "1121"
"""Code of trade receivables."""

DAYS = {"first": "2026-01-01", "last": "2026-12-31"}
YEAR = "2026-01-01-2026-12-31"


def sold(ledger: LedgerSite) -> None:
    """Three vouchers by hand: cash 100.00 and 250.00, of which 40.00 went to the bank."""
    ledger.post("2026-01-15", (CASH, 10000), (SALES, -10000), text="First sale")
    ledger.post("2026-02-20", (CASH, 25000), (SALES, -25000), text="=cmd|' /C calc'!A0")
    ledger.post("2026-03-02", (BANK, 4000), (CASH, -4000), text="To the bank")


def result(keeper: Browser, page: str) -> bytes:
    """Fetch what the job on a page has made."""
    found = re.search(r'href="(/jobs/\w+/result)"', page)
    assert found, page
    answer = keeper.get(found[1])
    content = answer.get_data()
    answer.close()
    return content


def test_whole_ledger_from_the_form_to_the_file(ledger: LedgerSite, keeper: Browser) -> None:
    """It goes back to its form, which shows how far it is, and the file once it is there; with its figures."""
    sold(ledger)
    page = f"{HOME}/reports/whole-ledger"
    answer = keeper.post(f"{HOME}/reports/whole-ledger", page, form="csv", **DAYS)
    assert answer.status_code == 303, answer.text
    back = answer.headers["Location"]
    assert back.startswith(page)
    page = keeper.get(back).text
    assert "waits" in page
    assert "1 Jan 2026 – 31 Dec 2026" in page  # which of several it is
    (job,) = work_off(ledger.site)
    assert job.state == "done", job.trace
    rows = list(csv.reader(io.StringIO(result(keeper, keeper.get(back).text).decode("utf-8-sig"))))
    cash = [row for row in rows if "First sale" in row or "To the bank" in row]
    assert len(cash) == 4  # each voucher stands on both of its accounts
    assert any("140.00" in cell or "310.00" in cell for row in rows for cell in row)
    # A formula stays text in a spreadsheet.
    assert not any(cell.startswith("=") for row in rows for cell in row)


@needs_poppler
def test_a_ledger_as_pdf(ledger: LedgerSite, keeper: Browser) -> None:
    """The button on the page of an account asks for that account and those days."""
    sold(ledger)
    page = f"{HOME}/reports/ledger?account={CASH}&first=2026-01-01&last=2026-02-28"
    assert f"{HOME}/reports/ledger" in keeper.get(page).text
    answer = keeper.post(
        f"{HOME}/reports/ledger",
        page,
        form="pdf",
        account=CASH,
        first="2026-01-01",
        last="2026-02-28",
    )
    (job,) = work_off(ledger.site)
    assert job.state == "done", job.trace
    text = "".join(pages_of(result(keeper, keeper.get(answer.headers["Location"]).text)))
    assert "First sale" in text
    assert "350.00" in text
    assert "To the bank" not in text


@needs_poppler
def test_vouchers_of_the_journal(ledger: LedgerSite, keeper: Browser) -> None:
    """All that its filter shows, each on a page of its own."""
    sold(ledger)
    answer = keeper.post(
        f"{HOME}/journal",
        f"{HOME}/journal",
        what="vouchers",
        first="2026-02-01",
        last="2026-12-31",
        form="pdf",
    )
    assert answer.status_code == 303, answer.text
    (job,) = work_off(ledger.site)
    assert job.state == "done", job.trace
    pages = pages_of(result(keeper, keeper.get(answer.headers["Location"]).text))
    assert len(pages) == 2
    assert "To the bank" in pages[1]
    assert "First sale" not in "".join(pages)


def owing(ledger: LedgerSite) -> list[int]:
    """Two customers who bought on credit for 300.00 and 70.00, by stid."""
    made = []
    with ledger.books():
        for code, name, amount in (("C1", "Somchai", 30000), ("C2", "สมหญิง", 7000)):
            stid = Customer.add(code=code, name=name).stid
            owed = LineInput(
                find_account(OWED).stid, amount, register="customer", register_stid=stid
            )
            lines = [owed, LineInput(find_account(SALES).stid, -amount)]
            day = date.fromisoformat("2026-02-10")
            post_input(VoucherInput(find_book("GJ").stid, day, "On credit", lines), by=SYSTEM)
            made.append(stid)
    return made


@needs_poppler
def test_statements_of_all_and_of_some(ledger: LedgerSite, keeper: Browser) -> None:
    """One PDF with all, or a zip with one PDF for each of those that were chosen."""
    somchai, _somying = owing(ledger)
    page = f"{HOME}/statements"
    assert "Somchai" in keeper.get(page).text
    answer = keeper.post(page, page, form="pdf", **DAYS)
    assert answer.status_code == 303, answer.text
    (job,) = work_off(ledger.site)
    assert job.state == "done", job.trace
    text = "".join(pages_of(result(keeper, keeper.get(answer.headers["Location"]).text)))
    assert "Somchai" in text
    assert "สมหญิง" in text
    assert "300.00" in text
    assert "70.00" in text
    answer = keeper.post(page, page, form="zip", customers=[str(somchai)], **DAYS)
    work_off(ledger.site)
    with zipfile.ZipFile(
        io.BytesIO(result(keeper, keeper.get(answer.headers["Location"]).text))
    ) as held:
        (name,) = held.namelist()
        only = "".join(pages_of(held.read(name)))
    assert "Somchai" in only
    assert "สมหญิง" not in only


def test_no_statements_to_make(ledger: LedgerSite, keeper: Browser) -> None:
    """Told on the form: nobody owes anything, or the customer isn't one."""
    page = f"{HOME}/statements"
    nobody = keeper.post(page, page, form="pdf", **DAYS)
    assert nobody.status_code == 422
    unknown = keeper.post(page, page, form="pdf", customers=["99999"], **DAYS)
    assert unknown.status_code == 422
    nonsense = keeper.post(page, page, form="pdf", customers=["one"], **DAYS)
    assert nonsense.status_code == 422
    form = keeper.post(page, page, form="docx", **DAYS)
    assert form.status_code == 422
    assert jobs(ledger.site) == []


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"first": "2026-12-31", "last": "2026-01-01"}, "last"),
        ({"first": "1900-01-01", "last": "2026-01-01"}, "first"),
        ({"first": "31 February"}, "first"),
        ({"last": "x" * 10000}, "last"),
    ],
)
def test_a_scope_that_is_wrong(
    ledger: LedgerSite, keeper: Browser, form: dict[str, str], field: str
) -> None:
    """It is told on the form, by the field; no job is asked for."""
    sold(ledger)
    for path in ("/reports/whole-ledger", "/statements"):
        page = keeper.post(f"{HOME}{path}", f"{HOME}/journal", **{"form": "pdf", **DAYS, **form})
        assert page.status_code == 422, (path, page.text)
        assert field in errors_of(page) or "first" in errors_of(page), errors_of(page)
    answer = keeper.post(
        f"{HOME}/reports/ledger",
        f"{HOME}/journal",
        **{"form": "pdf", "account": CASH, **DAYS, **form},
    )
    if answer.status_code == 303:  # back to the form, which says so
        assert keeper.get(answer.headers["Location"]).status_code == 422
    assert jobs(ledger.site) == []


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/reports/whole-ledger", {"form": "pdf", "first": "2026-12-31", "last": "2026-01-01"}),
        ("/reports/whole-ledger", {"form": "docx"}),
        ("/reports/ledger", {"form": "pdf", "account": "9999"}),
        ("/journal", {"form": "pdf", "what": "vouchers", "text": "nothing like that"}),
        ("/journal", {"form": "xlsx", "text": "nothing like that"}),
        ("/journal", {"form": "docx"}),
        ("/statements", {"form": "docx"}),
    ],
)
def test_a_refused_form_can_be_loaded_anew(
    ledger: LedgerSite, keeper: Browser, path: str, form: dict[str, str]
) -> None:
    """It stands at the address of its page: a reload or a bookmark of it opens the form again."""
    sold(ledger)
    page = keeper.post(f"{HOME}{path}", f"{HOME}/journal", **form)
    while page.status_code == 303:
        page = keeper.get(page.headers["Location"])
    assert page.status_code == 422
    assert errors_of(page), page.text
    again = keeper.get(page.request.full_path)
    assert again.status_code in (200, 422)
    assert 'class="scope card"' in again.text
    assert jobs(ledger.site) == []


@pytest.mark.parametrize(
    ("path", "given", "name"),
    [
        ("/reports/whole-ledger", {"form": "csv"}, f"acme-whole-ledger-{YEAR}.csv"),
        ("/reports/ledger", {"form": "xlsx", "account": CASH}, f"acme-ledger-{CASH}-{YEAR}.xlsx"),
        ("/journal", {"form": "csv"}, f"acme-journal-{YEAR}.csv"),
        ("/journal", {"form": "pdf", "what": "vouchers"}, f"acme-vouchers-{YEAR}.pdf"),
        ("/statements", {"form": "pdf"}, f"acme-statements-{YEAR}.pdf"),
    ],
)
def test_results_are_named_by_company_report_and_days(
    ledger: LedgerSite, keeper: Browser, path: str, given: dict[str, str], name: str
) -> None:
    """So that two of them in one folder can be told apart."""
    sold(ledger)
    owing(ledger)
    assert keeper.post(f"{HOME}{path}", f"{HOME}/journal", **given, **DAYS).status_code == 303
    (job,) = work_off(ledger.site)
    answer = keeper.get(f"/jobs/{job.id}/result")
    assert answer.headers["Content-Disposition"] == f"attachment; filename={name}", job.trace
    answer.close()


@pytest.mark.parametrize(
    ("language", "name"), [("en", "Whole ledger"), ("th", "บัญชีแยกประเภททุกบัญชี")]
)
def test_the_whole_ledger_has_one_name(
    ledger: LedgerSite, keeper: Browser, language: str, name: str
) -> None:
    """In the menu, on its page, as a job, and in the file."""
    sold(ledger)
    spoken = {"headers": {"Accept-Language": language}}
    token = keeper.token(f"{HOME}/journal")
    form = {"csrf_token": token, "form": "xlsx", **DAYS}
    keeper.client.post(f"{HOME}/reports/whole-ledger", data=form, **spoken)
    (job,) = work_off(ledger.site)
    page = keeper.get(f"{HOME}/reports/whole-ledger?job={job.id}", **spoken).text
    assert re.search(rf"<h1[^>]*>\s*{name}\s*</h1>", page)
    assert re.search(rf'href="{HOME}/reports/whole-ledger"[^>]*>\s*{name}\s*<', page)
    assert f"{name} (XLSX)" in page
    sheet = load_workbook(io.BytesIO(result(keeper, page))).active
    assert sheet["A1"].value == name


def test_an_empty_ledger(keeper: Browser, ledger: LedgerSite) -> None:
    page = keeper.post(f"{HOME}/reports/whole-ledger", f"{HOME}/journal", form="pdf", **DAYS)
    assert page.status_code == 422
    assert "the ledger is empty" in page.text
    assert jobs(ledger.site) == []


def test_only_who_may_read(ledger: LedgerSite) -> None:
    """Reports want the right to read the ledger; statements that of receivables."""
    ledger.grant("guest", "none")
    guest = ledger.browser("guest")
    for path in ("/reports/whole-ledger", "/journal", "/statements"):
        assert guest.post(f"{HOME}{path}", "/companies", form="pdf").status_code == 403, path
    assert guest.get(f"{HOME}/statements").status_code == 403
    assert jobs(ledger.site) == []
