from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from cuneifox_site import PASSWORD
from ledger_site import CASH, HOME, SALES, SLUG, LedgerSite
from serving import serving

CHROMIUM = shutil.which("chromium")

A4 = 718
"""Pixels that browsers print on a page within its margins."""


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """A member's browser that shows how pages look on paper."""
    if CHROMIUM is None:
        reason = "Chromium isn't installed here: `apt-get install chromium` brings it."
        print(reason)
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    ledger = LedgerSite(tmp_path / "data")
    ledger.post("2026-01-10", (CASH, 123_456_789), (SALES, -123_456_789))
    ledger.close()
    with serving(tmp_path / "data") as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = chromium.new_page(locale="en-GB", base_url=address)
        page.goto("/sign-in")
        page.get_by_label("User", exact=True).fill("keeper")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/companies")
        page.emulate_media(media="print")
        yield page
        chromium.close()


def test_what_is_printed_fills_the_paper_and_names_the_company(page: Page) -> None:
    """Upright or across, nothing of the frame but the name, tables as tables and no wider than the page."""
    for width in (A4, 1040):
        page.set_viewport_size({"width": width, "height": 1000})
        for path in ("reports/trial-balance", "reports/balance-sheet", "journal", "vouchers/1"):
            page.goto(f"{HOME}/{path}")
            expect(page.get_by_role("link", name=f"The {SLUG} company")).to_be_visible()
            expect(page.get_by_role("navigation")).to_have_count(0)
            box = page.locator("main").bounding_box()
            assert box is not None
            assert (box["x"], box["width"]) == (0, width), path
            assert page.evaluate("document.documentElement.scrollWidth") == width, path
            table = page.get_by_role("table").first
            assert table.evaluate("element => getComputedStyle(element).display") == "table", path
