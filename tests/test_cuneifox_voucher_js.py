from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect, sync_playwright

from cuneifox_site import PASSWORD
from ledger_site import NEW, LedgerSite
from serving import serving

CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="module")
def form(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the form on a server with one company."""
    folder = tmp_path_factory.mktemp("script") / "data"
    LedgerSite(folder).close()
    with serving(folder) as address:
        yield address + NEW


@pytest.fixture(scope="module")
def browser(form: str) -> Iterator[Page]:
    """A browser in which somebody is signed in who may post."""
    if CHROMIUM is None:
        reason = "Chromium isn't installed here: `apt-get install chromium` brings it."
        print(reason)
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = chromium.new_page(locale="en-GB")
        page.set_default_timeout(10_000)
        page.goto(form)
        page.get_by_label("User", exact=True).fill("keeper")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/vouchers/new")
        yield page
        chromium.close()


@pytest.fixture
def page(browser: Page, form: str) -> Iterator[Page]:
    """The form, empty; complaints of the script or of the security policy fail the test."""
    complaints: list[str] = []
    browser.on("pageerror", lambda error: complaints.append(str(error)))
    browser.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    browser.goto(form)
    yield browser
    assert complaints == []


def line(page: Page, n: int) -> Locator:
    """The nth line, from 0."""
    return page.locator("[data-lines] [data-line]").nth(n)


def total(page: Page, name: str) -> Locator:
    """The total of a column, or the difference."""
    return page.locator(f'[data-total="{name}"]')


def test_the_balance_runs_along(page: Page) -> None:
    """Totals are exact also where floats aren't, Thai digits count, and what is no amount is a ?."""
    line(page, 0).get_by_label("Debit").fill("0.10")
    line(page, 1).get_by_label("Debit").fill("๐.๒๐")
    line(page, 2).get_by_label("Credit").fill("0.30")
    expect(total(page, "debit")).to_have_text("0.30")
    expect(total(page, "difference")).to_have_text("0.00")
    line(page, 2).get_by_label("Credit").fill("9,007,199,254,740,993.05")
    expect(total(page, "credit")).to_have_text("9,007,199,254,740,993.05")
    line(page, 2).get_by_label("Credit").fill("1.234")
    expect(total(page, "credit")).to_have_text("?")
    expect(page.locator("tfoot[data-balance]")).to_have_attribute("data-balance", "off")


def test_the_key_fills_in_what_is_lacking(page: Page) -> None:
    """= in the other column balances the voucher; where nothing lacks, it leaves the field empty."""
    line(page, 0).get_by_label("Debit").fill("1234.5")
    line(page, 1).get_by_label("Credit").press("=")
    expect(line(page, 1).get_by_label("Credit")).to_have_value("1,234.50")
    expect(total(page, "difference")).to_have_text("0.00")
    line(page, 2).get_by_label("Debit").press("=")
    expect(line(page, 2).get_by_label("Debit")).to_have_value("")


def test_a_line_has_one_side(page: Page) -> None:
    """Typing a credit takes the line's debit away."""
    line(page, 0).get_by_label("Debit").fill("5")
    line(page, 0).get_by_label("Credit").fill("7")
    expect(line(page, 0).get_by_label("Debit")).to_have_value("")
    expect(total(page, "difference")).to_have_text("-7.00")


def test_lines_come_and_go(page: Page) -> None:
    """Typing in the last line brings one more, the button too, and lines can be taken out."""
    lines = page.locator("[data-lines] [data-line]")
    expect(lines).to_have_count(4)
    line(page, 3).get_by_label("Debit").fill("5")
    expect(lines).to_have_count(5)
    page.get_by_role("button", name="Add lines").click()
    expect(lines).to_have_count(6)
    line(page, 3).get_by_role("button", name="Remove this line").click()
    expect(lines).to_have_count(5)
    expect(total(page, "debit")).to_have_text("0.00")


def test_enter_saves_and_never_posts(page: Page) -> None:
    """The enter key in a field keeps a draft: a voucher that is posted can't be taken out again."""
    line(page, 0).get_by_label("Account").fill("1111")
    line(page, 0).get_by_label("Debit").fill("5")
    line(page, 0).get_by_label("Debit").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Draft 1")
