"""A site with a group of companies, and what their consolidated trial balance says."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from pathlib import Path
from typing import Any

from cuneifox_site import Browser, Site
from ledger_site import CASH, SALES, SYSTEM
from models.accounts import find_account
from models.companies import create_company
from models.inputs import LineInput, VoucherInput
from models.journals import find_book
from models.people import Activity, Membership
from models.posting import post_input

PAGE = "/consolidated/trial-balance"
DAYS = "first=2026-01-01&last=2026-12-31"
BOOKS = {"north": ("THB", 10000), "south": ("THB", 2500), "east": ("USD", 700)}
"""Sales for cash in February, by company."""


class Group:
    """Three companies of `malee`, and `foreign`, which is somebody else's."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.site = Site(folder, **settings)
        self.malee = self.site.user("malee")
        self.site.user("chief", administers=True)
        for slug, (currency, amount) in {**BOOKS, "foreign": ("THB", 999)}.items():
            self.make(slug, currency, amount)
            if slug != "foreign":
                self.grant(slug)

    def make(self, slug: str, currency: str, amount: int) -> None:
        """A company with one sale."""
        with self.site.app.app_context():
            create_company(
                self.site.router, slug=slug, name=f"{slug.title()} Co", currency=currency
            )
        with self.site.router.using(slug):
            lines = [
                LineInput(find_account(CASH).stid, amount),
                LineInput(find_account(SALES).stid, -amount),
            ]
            given = VoucherInput(find_book("GJ").stid, date(2026, 2, 10), "Sale", lines)
            post_input(given, by=SYSTEM)

    def grant(self, slug: str, **levels: str) -> None:
        with self.site.app.app_context():
            tenant = self.site.router.tenant(slug)
            Membership.grant(self.malee, tenant.id, levels or {"ledger": "read"})

    def revoke(self, slug: str) -> None:
        with self.site.app.app_context():
            Membership.revoke(self.malee, self.site.router.tenant(slug).id)

    def log(self) -> list[tuple[str, str, str]]:
        """Who read what where, by the activity log."""
        with self.site.app.app_context():
            return sorted(
                (row.user_name, row.company_name, row.subject)
                for row in Activity.select().where(Activity.action == "consolidated.trial_balance")
            )


def address(*slugs: str, ending: str = "", more: str = DAYS) -> str:
    return f"{PAGE}{ending}?" + "&".join([*(f"company={slug}" for slug in slugs), more])


def table(browser: Browser, path: str) -> list[list[str]]:
    answer = browser.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "text/csv"
    return list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline="")))


def cells(page: str, code: str) -> list[str]:
    """What the figures of an account's row say, one after the other."""
    row = re.search(rf'<span class="code">{code}</span>.*?</tr>', page, re.S)
    assert row, f"no row {code}"
    found = re.findall(r"<td[^>]*>(.*?)</td>", row[0], re.S)
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in found]


def broken(group: Group, slug: str, how: str) -> None:
    """Make a company one that can't be read."""
    tenant = group.site.router.tenant(slug)
    books = tenant.store("books")
    group.site.router.pool.close()
    if how == "file":
        Path(books.path).unlink()
    elif how == "quarantined":
        change(group, "UPDATE store SET trouble = 'it failed' WHERE id = ?", books.id)
    elif how == "suspended":
        group.site.router.suspend(tenant, "it failed to pay")


def change(group: Group, sql: str, *params: Any) -> None:
    """Change the catalogue behind the router's back, and let it notice."""
    router = group.site.router
    with router.notice.changing():
        router.universal_store.execute_write_with_retry(sql, params)
