from __future__ import annotations

from collections.abc import Iterator

import pytest

from cuneifox_site import Browser, every_route
from ledger_site import CASH, HOME, NEW, SALES, LedgerSite, balanced

NAMES = tuple(
    """
    account action active after before book bom code copy country currency date decimals empty era
    fiscal_start_month first inactive is_group key kind last line-account line-credit line-debit
    line-commodity line-party line-quantity line-text local_name month name parent preset reason reference
    retained_earnings status tax_id text type unit vat version
    """.split()  # noqa: SIM905 - a list of words reads better
)
"""Every name that a form or an address of the company's pages reads."""

VALUES = (
    "",
    " ",
    "\x00",
    "-1",
    "²",
    "๙" * 30,
    "9" * 400,
    "1e999",
    "NaN",
    "2026-02-30",
    "9999-99-99",
    "0000-00-00",
    "'; DROP TABLE vouchers; --",
    "%(name)s %s %",
    "{{ 7919 * 7919 }}",
    "<script>alert(1)</script>",
    "\u202e\ufeff\U0010ffff",
    "x" * 100_000,
    "../../etc/passwd",
    "file:x?mode=memory",
)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerSite]:
    """One posted voucher, 1, and one draft, 2."""
    ledger = LedgerSite(tmp_path_factory.mktemp("hostile") / "data")
    ledger.post("2026-01-10", (CASH, 100), (SALES, -100))
    keeper = ledger.browser()
    keeper.post(NEW, NEW, **balanced(ledger.book(), action="save"))
    yield ledger
    ledger.close()


@pytest.fixture(scope="module")
def keeper(ledger: LedgerSite) -> Browser:
    return ledger.browser()


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_no_input_costs_a_500(ledger: LedgerSite, keeper: Browser, value: str) -> None:
    """The same hostile value in every field of every page of a company: an answer, and never markup."""
    given = dict.fromkeys(NAMES, value)
    token = keeper.token(NEW)
    routes = [(m, path) for m, path, _view in every_route(ledger.site.app) if path.startswith(HOME)]
    assert len(routes) > 40
    for method, path in routes:
        if method == "GET":
            answer = keeper.get(path, query_string={k: v[:2000] for k, v in given.items()})
        else:
            answer = keeper.client.open(path, method=method, data=given | {"csrf_token": token})
        assert answer.status_code < 500, (method, path)
        if answer.mimetype == "text/html":
            assert "<script>alert" not in answer.text, (method, path)
            assert "62710561" not in answer.text, (method, path)


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_no_line_of_a_voucher_costs_a_500(ledger: LedgerSite, keeper: Browser, value: str) -> None:
    """One bad field in an otherwise good voucher, each in turn, while saving and while posting."""
    good = balanced(ledger.book())
    token = keeper.token(NEW)
    draft = keeper.post(NEW, NEW, **good | {"action": "save", "text": value[:20]}).location
    draft = draft or keeper.post(NEW, NEW, **good | {"action": "save"}).location
    for name in (*good, "line-account", "line-debit", "line-credit", "line-text", "line-party"):
        for action in ("save", "post"):
            lines = name.startswith("line-")
            form = good | {"action": action, "csrf_token": token}
            form[name] = [value, *good[name][1:]] if lines else value
            for path in (NEW, draft):
                answer = keeper.client.post(path, data=form)
                assert answer.status_code < 500, (name, action, path)
