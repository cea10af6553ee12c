"""Two companies in one process, thousands of mixed requests on several threads: each sees its own and nothing else."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cuneifox_site import Browser, Site
from models.posted import Voucher
from tenants.testing import open_database_files

THREADS = 6
REQUESTS = 350
CANARIES = {"acme": "canary-of-acme", "globex": "canary-of-globex"}
PAGES = (
    "", "accounts", "journal", "journal.json", "journal.csv", "months", "registers/customers",
    "reports/trial-balance", "reports/trial-balance.csv", "reports/profit-loss.json",
    "reports/balance-sheet", "reports/ledger", "vouchers/new",
)  # fmt: skip


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Two companies, and a user of each who is no member of the other."""
    site = Site(tmp_path / "data")
    for slug in CANARIES:
        site.company(slug, site.user(f"user-of-{slug}"))
    yield site
    site.close()


class Visitor:
    """One thread's session on one company: asks for pages at random, posts now and then, and tries the other's door."""

    def __init__(self, site: Site, seed: int) -> None:
        self.random = random.Random(seed)
        self.slug, self.other = self.random.sample(sorted(CANARIES), 2)
        self.browser: Browser = site.signed_in(f"user-of-{self.slug}")
        self.home = f"/c/{self.slug}/"
        self.posted = 0
        self.wrong: list[str] = []
        form = self.browser.get(f"{self.home}vouchers/new").text
        self.token = re.search(r'name="csrf_token" value="(\w+)"', form)[1]  # type: ignore[index]
        self.accounts = re.findall(
            r'<option value="(\d\S*) ',
            form.partition('id="accounts"')[2].partition("</datalist>")[0],
        )

    def __call__(self) -> None:
        for _ in range(REQUESTS):
            step = self.random.choices((self.look, self.post, self.trespass), (80, 10, 10))[0]
            try:
                step()
            except Exception as error:  # noqa: BLE001 - whatever a thread meets is told by the test
                self.wrong.append(repr(error))

    def look(self) -> None:
        page = self.random.choice(PAGES)
        response = self.browser.get(self.home + page)
        if response.status_code != 200:
            self.wrong.append(f"{page}: {response.status_code}")
        if CANARIES[self.other] in response.text:
            self.wrong.append(f"{page} shows the other company")

    def post(self) -> None:
        debit, credit = self.random.sample(self.accounts, 2)
        response = self.browser.client.post(
            f"{self.home}vouchers/new",
            data={
                "csrf_token": self.token,
                "action": "post",
                "key": f"{self.random.random()}",
                "date": f"2026-{self.random.randint(1, 12):02}-15",
                "book": self.book(),
                "text": CANARIES[self.slug],
                "line-account": [debit, credit],
                "line-text": ["", ""],
                "line-party": ["", ""],
                "line-debit": ["12.50", ""],
                "line-credit": ["", "12.50"],
            },
        )
        if response.status_code == 303:
            self.posted += 1
        else:
            self.wrong.append(f"posting: {response.status_code} {response.text[-3000:]}")

    def book(self) -> str:
        form = self.browser.get(f"{self.home}vouchers/new").text
        chosen = re.search(r'<select[^>]*name="book".*?<option value="(\d+)"', form, re.DOTALL)
        assert chosen is not None
        return chosen[1]

    def trespass(self) -> None:
        page = self.random.choice(PAGES)
        response = self.browser.get(f"/c/{self.other}/{page}")
        if response.status_code != 404 or CANARIES[self.other] in response.text:
            self.wrong.append(f"the other company's {page}: {response.status_code}")


def test_each_sees_its_own(site: Site) -> None:
    """No page shows a row of the other company, no entry is left, and the books hold what was acknowledged."""
    visitors = [Visitor(site, seed) for seed in range(THREADS)]
    assert {visitor.slug for visitor in visitors} == set(CANARIES)
    threads = [threading.Thread(target=visitor) for visitor in visitors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [wrong for visitor in visitors for wrong in visitor.wrong] == []
    assert list(site.app.db_dict) == [("universal", None)]  # type: ignore[attr-defined]
    for slug, canary in CANARIES.items():
        acknowledged = sum(v.posted for v in visitors if v.slug == slug)
        with site.router.using(slug):
            texts = [voucher.text for voucher in Voucher.select(Voucher.text)]
        assert texts == [canary] * acknowledged
        assert acknowledged > 50

    site.router.close()
    folder = str(site.config.data_path)
    assert [path for path in open_database_files() if path.startswith(folder)] == []
