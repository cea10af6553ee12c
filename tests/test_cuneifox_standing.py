"""Whatever page of an archived company one comes to: it opens, says so, and offers nothing that writes."""

from __future__ import annotations

import re
from datetime import date
from html import unescape

import pytest

from cuneifox_site import Browser, every_route
from ledger_site import CASH, HOME, SALES, LedgerSite
from models.actors import Actor
from models.drafts import save_draft
from models.inputs import LineInput, VoucherInput
from models.journals import find_book
from models.registers import Customer
from tenants import ReadOnlyStore, Router

MOST = 120
"""Pages to look at; a company of one voucher has fewer kinds."""

FILES = re.compile(r'action="[^"]*/(whole-ledger|ledger|journal|statements)["?]')
"""Forms that ask for a file, for which nothing is written in the company."""


@pytest.fixture
def archived(ledger: LedgerSite) -> LedgerSite:
    """A company with a voucher, a draft and a customer, archived; `keeper` administers the installation too."""
    ledger.post("2026-02-03", (CASH, 1000), (SALES, -1000))
    with ledger.books():
        Customer.add(code="C1", name="Somchai")
        lines = [LineInput(1, 500), LineInput(2, -400)]
        given = VoucherInput(find_book("GJ").stid, date(2026, 2, 28), "Draft", lines)
        save_draft(given, by=Actor.system("test"))
    with ledger.site.app.app_context():
        ledger.keeper.set_standing(active=True, administers=True)
    ledger.site.router.archive("acme")
    return ledger


def test_no_page_of_an_archived_company_offers_to_write(archived: LedgerSite) -> None:
    """Followed are all links within it; forms lead out of it, and what can't be shown is told in words."""
    browser = archived.browser()
    waiting, seen = [f"{HOME}/"], set()
    while waiting and len(seen) < MOST:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        shown = browser.get(path)
        assert shown.status_code in (200, 302, 409), path
        if shown.mimetype != "text/html" or shown.status_code == 302:
            continue
        assert "read only" in shown.text, path
        main = shown.text.partition("<main")[2]
        for form in re.findall(r"<form[^>]*>", main):
            if not FILES.search(form):
                assert 'method="post"' not in form, f"{path}: {form}"
        links = re.findall(rf'href="({HOME}/[^"#]*)"', shown.text)
        waiting += [unescape(link) for link in links if unescape(link) not in seen]
    assert len(seen) > 20
    assert browser.get(f"{HOME}/settings").status_code == 409


def test_an_archived_company_is_printed(archived: LedgerSite) -> None:
    """Files that are made beside the page only read; what is asked for wrongly is told as ever."""
    browser = archived.browser()
    for path in ("/reports/whole-ledger", "/reports/ledger", "/journal", "/statements"):
        sent = browser.post(f"{HOME}{path}", "/companies/new", form="pdf", preset="all")
        assert sent.status_code in (303, 422), path


def test_every_route_that_changes_something_is_refused(archived: LedgerSite) -> None:
    """409 or 404 for whatever is sent to any of a company's routes, and the books are as they were."""
    browser = archived.browser()
    token = browser.token("/companies/new")
    with archived.books():
        before = _count()
    for method, path, view in every_route(archived.site.app):
        if (
            method != "GET"
            and path.startswith(f"{HOME}/")
            and not getattr(view, "is_public", False)
            and not getattr(view, "only_reads", False)
        ):
            sent = browser.client.open(path, method=method, data={"csrf_token": token})
            assert sent.status_code in (404, 409), path
    with archived.books():
        assert _count() == before


def test_what_slips_through_is_told_in_words(
    ledger: LedgerSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A company archived between the check and the write: 503 and a text, not a page for programmers."""

    def refuse(*_: object, **__: object) -> None:
        raise ReadOnlyStore("acme/books belongs to a tenant that is archived")

    monkeypatch.setattr("cuneifox.pages.accounts.add_account", refuse)
    browser: Browser = ledger.browser()
    new = f"{HOME}/accounts/new"
    answer = browser.post(new, new, code="1", name="x", type="asset")
    assert answer.status_code == 503
    assert "nothing can be written" in answer.text


def test_members_of_a_company_in_quarantine_keep_what_still_works(ledger: LedgerSite) -> None:
    """With the registers in quarantine vouchers can be posted, and customers can't be added."""
    router: Router = ledger.site.router
    store = router.tenant("acme").store("registers")
    with ledger.site.app.app_context(), router.notice.changing():
        router.universal_store.write(
            lambda: router.universal_store.execute_sql(
                "UPDATE store SET trouble = 'migration 2 failed' WHERE id = ?", (store.id,)
            )
        )
    browser = ledger.browser()
    assert browser.get(f"{HOME}/vouchers/new").status_code == 200
    assert browser.get(f"{HOME}/registers/customers").status_code == 200
    refused = browser.get(f"{HOME}/registers/customers/new")
    assert refused.status_code == 409
    assert "In quarantine: the registers" in refused.text


def _count() -> list[object]:
    from ledgers import everything

    return [everything(), [row.__data__ for row in Customer.select()]]
