"""A site with one company's books, and what its pages are sent and say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

from werkzeug.test import TestResponse

from cuneifox_site import Browser, Site
from models.accounts import find_account
from models.actors import Actor
from models.inputs import LineInput, VoucherInput
from models.journals import find_book
from models.people import Membership
from models.posting import Posted, post_input

SLUG = "acme"
HOME = f"/c/{SLUG}"
NEW = f"{HOME}/vouchers/new"
CASH, SALES, BANK = "1111", "4110", "1113"
"""Codes of the Thai chart."""

SYSTEM = Actor.system("test")


class LedgerSite:
    """The company `acme` with the Thai chart; `keeper` has all rights in it."""

    def __init__(self, folder: Path) -> None:
        self.site = Site(folder)
        self.keeper = self.site.user("keeper")
        self.company = self.site.company(SLUG, self.keeper)
        self.grant("keeper", "delete", may_freeze=True, may_close=True)

    def grant(self, name: str, level: str, **rights: bool) -> None:
        """Give a user (made if there is none) a level in every module, and special rights."""
        user = self.keeper if name == "keeper" else self.site.user(name)
        levels = dict.fromkeys(("ledger", "receivables", "inventory", "wages"), level)
        with self.site.app.app_context():
            Membership.grant(user, self.company.tenant_id, levels, **rights)

    def browser(self, name: str = "keeper") -> Browser:
        """A browser in which that user has signed in."""
        return self.site.signed_in(name)

    @contextmanager
    def books(self) -> Iterator[None]:
        """Look into the books as the server itself."""
        with self.site.app.app_context(), self.site.router.using(SLUG):
            yield

    def post(self, day: str, *lines: tuple[str, int], text: str = "Sale") -> Posted:
        """Post a voucher of (account's code, amount in satang) lines."""
        with self.books():
            given = VoucherInput(
                find_book("GJ").stid,
                date.fromisoformat(day),
                text,
                [LineInput(find_account(code).stid, amount) for code, amount in lines],
            )
            return post_input(given, by=SYSTEM)

    def book(self, code: str = "GJ") -> str:
        """The value by which forms name a journal book."""
        with self.books():
            return str(find_book(code).stid)

    def close(self) -> None:
        self.site.close()


def voucher_form(book: str, /, *lines: tuple[str, str, str], **given: Any) -> dict[str, Any]:
    """A voucher form as a browser sends it; lines are (account, debit, credit) as typed."""
    form: dict[str, Any] = {
        "action": "post",
        "key": "key-1",
        "version": "0",
        "date": "2026-02-28",
        "book": book,
        "reference": "",
        "text": "Sale",
    }
    form |= {
        "line-account": [line[0] for line in lines],
        "line-debit": [line[1] for line in lines],
        "line-credit": [line[2] for line in lines],
        "line-text": ["" for _line in lines],
        "line-party": ["" for _line in lines],
        "line-quantity": ["" for _line in lines],
        "line-commodity": ["" for _line in lines],
    }
    return form | given


def balanced(book: str, amount: str = "1,234.50", /, **given: Any) -> dict[str, Any]:
    """A voucher form that posts: cash to sales."""
    return voucher_form(book, (CASH, amount, ""), (SALES, "", amount), **given)


def errors_of(page: TestResponse) -> dict[str, str]:
    """What a page says is wrong, by the place that it says it at; "" is above the form."""
    told = re.findall(r'<p class="error" id="e-([\w-]+)">(.*?)</p>', page.text, re.S)
    errors = {place: unescape(text) for place, text in told}
    if above := re.search(r'role="alert"[^>]*>\s*(?:<p>)?(.*?)<', page.text, re.S):
        errors[""] = unescape(above[1])
    return errors


def value_of(page: TestResponse, name: str) -> list[str]:
    """What the fields of a name hold on a page."""
    fields = re.findall(rf'<input[^>]*\bname="{name}"[^>]*>', page.text)
    return [unescape(m[1]) if (m := re.search(r'value="([^"]*)"', f)) else "" for f in fields]
