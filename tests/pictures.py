"""Takes the documents' pictures of the demo companies: `make pictures` runs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from cuneifox.demo.people import NAME, PASSWORD
from serving import ROOT, serving

PICTURES = {
    "trial-balance": "/c/baansuan/reports/trial-balance",
}


def main() -> None:
    """Make the demo, sign in, and take each picture."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "cuneifox", "demo"],
            cwd=ROOT,
            env={**os.environ, "CUNEIFOX_DATA": folder},
            check=True,
        )
        with serving(Path(folder)) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            page = browser.new_page(locale="en-GB", viewport={"width": 1280, "height": 800})
            sign_in(page, address)
            for name, path in PICTURES.items():
                page.goto(address + path)
                page.screenshot(path=ROOT / "docs" / "images" / f"{name}.png")
            browser.close()


def sign_in(page: Page, address: str) -> None:
    """Sign in as the demo's user."""
    page.goto(address)
    page.get_by_label("User", exact=True).fill(NAME)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/c*")


if __name__ == "__main__":
    main()
