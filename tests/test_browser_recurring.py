"""Recurring vouchers in a real browser, by the forms as they are, on a desk and on a phone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from cuneifox_site import PASSWORD
from ledger_site import HOME, LedgerSite
from serving import serving

CHROMIUM = shutil.which("chromium")
PHONE = 375
"""Pixels; what isn't wider is as wide on every phone."""


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """The browser of somebody who has signed in and may do anything in the books."""
    if CHROMIUM is None:
        reason = "Chromium isn't installed here: `apt-get install chromium` brings it."
        print(reason)
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    LedgerSite(tmp_path / "data").close()
    with serving(tmp_path / "data") as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = chromium.new_page(locale="en-GB", base_url=address)
        page.set_default_timeout(10_000)
        page.goto("/sign-in")
        page.get_by_label("User", exact=True).fill("keeper")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/companies")
        yield page
        chromium.close()


def test_one_is_made_looked_at_and_fits_on_a_phone(page: Page) -> None:
    """Shown ahead, saved, made by hand; no script complains, and no page is wider than a phone in either language."""
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    main = page.get_by_role("main")
    page.goto(f"{HOME}/recurring")
    page.get_by_role("link", name="New recurring voucher").click()
    page.get_by_label("Name").fill("Office rent")
    page.get_by_label("What is made").select_option("A voucher that is posted at once")
    page.get_by_label("Description").fill("Rent for {month_name}")
    page.get_by_label("Every three months").check()
    page.get_by_label("Day of the month").nth(1).select_option("the last day")
    lines = page.locator("[data-line]")
    lines.nth(0).get_by_label("Account").fill("5420")
    lines.nth(0).get_by_label("Debit").fill("20,000 * (1 + 7%)")
    lines.nth(1).get_by_label("Account").fill("1113")
    lines.nth(1).get_by_label("Credit").fill("rest")

    page.get_by_role("button", name="Show what it makes").last.click()
    expect(main).to_contain_text(
        "on the last day of the month, only in January, April, July, and October"
    )
    expect(page.locator("#previews")).to_contain_text("21,400.00")
    page.get_by_role("button", name="Save").click()
    expect(main).to_contain_text("Office rent was saved.")
    shown = page.url
    page.get_by_role("button", name="Make it now").click()
    expect(main).to_contain_text("Posted as GJ-")

    page.set_viewport_size({"width": PHONE, "height": 700})
    for language in ("en", "th"):
        lang = {"name": "lang", "value": language, "domain": "127.0.0.1", "path": "/"}
        page.context.add_cookies([lang])
        for path in (f"{HOME}/recurring", f"{HOME}/recurring/new", shown, f"{shown}/edit"):
            page.goto(path)
            expect(page.locator("html")).to_have_attribute("lang", language)
            assert page.evaluate("document.documentElement.scrollWidth") == PHONE, (language, path)
    assert complaints == []
