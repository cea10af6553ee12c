from __future__ import annotations

import pytest

from cuneifox.voucher_form import MOST_LINES
from cuneifox_site import Browser
from ledger_site import (
    CASH,
    HOME,
    NEW,
    SALES,
    SYSTEM,
    LedgerSite,
    balanced,
    errors_of,
    value_of,
    voucher_form,
)
from models.accounts import change_account, find_account
from models.drafts import Draft
from models.months import close_month, freeze_month
from models.posted import Line, Voucher
from models.registers import Customer, Supplier


def counts(ledger: LedgerSite) -> tuple[int, int]:
    """How many vouchers and drafts the books hold."""
    with ledger.books():
        return Voucher.select().count(), Draft.select().count()


def test_a_voucher_posts_and_shows_itself(ledger: LedgerSite, keeper: Browser) -> None:
    """The form leads to the page of the posted voucher, with its number and both sides."""
    sent = keeper.post(NEW, NEW, **balanced(ledger.book()))
    assert sent.status_code == 303
    page = keeper.get(sent.location)
    assert page.status_code == 200
    assert "GJ-2569-000001" in page.text
    assert page.text.count("1,234.50") == 4
    with ledger.books():
        lines = [(line.account.code, line.amount) for line in Line.select().order_by(Line.n)]
    assert lines == [(CASH, 123450), (SALES, -123450)]


@pytest.mark.parametrize(
    ("date", "amount"),
    [("28/2/2569", "๑,๒๓๔.๕๐"), ("๒๘/๒/๒๕๖๙", " 1234.5 "), ("2026-02-28", "1234.50")],
)
def test_what_thai_bookkeepers_type_is_understood(
    ledger: LedgerSite, keeper: Browser, date: str, amount: str
) -> None:
    """Thai digits, grouped or not, and dates of either era mean the same voucher."""
    assert keeper.post(NEW, NEW, **balanced(ledger.book(), amount, date=date)).status_code == 303
    with ledger.books():
        assert Voucher.get().date.isoformat() == "2026-02-28"
        assert Line.select().where(Line.n == 1).get().amount == 123450


@pytest.mark.parametrize(
    "typed", ["1111", "1111 Cash on hand", "cash on hand", "เงินสดในมือ", "1111 anything"]
)
def test_accounts_are_found_by_code_or_name(
    ledger: LedgerSite, keeper: Browser, typed: str
) -> None:
    """A code, a code with what the list put behind it, or a name in either language."""
    form = voucher_form(ledger.book(), (typed, "5", ""), (SALES, "", "5"))
    assert keeper.post(NEW, NEW, **form).status_code == 303


@pytest.mark.parametrize(
    ("lines", "given", "place", "says"),
    [
        ([("9999", "5", ""), (SALES, "", "5")], {}, "lines-1-account", "no account 9999"),
        ([("cash", "5", ""), (SALES, "", "5")], {}, "lines-1-account", "1111 Cash on hand"),
        ([("1100", "5", ""), (SALES, "", "5")], {}, "lines-1-account", "group"),
        ([("", "5", ""), (SALES, "", "5")], {}, "lines-1-account", "Choose the account"),
        ([(CASH, "5.001", ""), (SALES, "", "5")], {}, "lines-1-debit", "decimals"),
        ([(CASH, "5", ""), (SALES, "", "NaN")], {}, "lines-2-credit", "not an amount"),
        ([(CASH, "1" + "0" * 18, ""), (SALES, "", "5")], {}, "lines-1-debit", "too large"),
        ([(CASH, "1e3", ""), (SALES, "", "5")], {}, "lines-1-debit", "not an amount"),
        ([(CASH, "-5", ""), (SALES, "", "5")], {}, "lines-1-debit", "other column"),
        ([(CASH, "5", "5"), (SALES, "", "5")], {}, "lines-1-credit", "not both"),
        ([(CASH, "", ""), (SALES, "", "5")], {}, "lines-1-debit", "debit or a credit"),
        ([(CASH, "5", ""), (SALES, "", "4")], {}, "lines", "1.00"),
        ([(CASH, "5", "")], {}, "lines", "two lines"),
        ([], {}, "lines", "two lines"),
        ([(CASH, "5", ""), (SALES, "", "5")], {"date": "2026-02-30"}, "date", "calendar"),
        ([(CASH, "5", ""), (SALES, "", "5")], {"date": "30/2/2569"}, "date", "calendar"),
        ([(CASH, "5", ""), (SALES, "", "5")], {"date": ""}, "date", "2026-02-28"),
        ([(CASH, "5", ""), (SALES, "", "5")], {"book": "x"}, "book", "journal book"),
        ([(CASH, "5", ""), (SALES, "", "5")], {"book": "99"}, "book", "journal book"),
        ([(CASH, "5", ""), (SALES, "", "5")], {"line-party": ["C9", ""]}, "lines-1-party", "C9"),
        ([(CASH, "5", ""), (SALES, "", "5")], {"text": "a\x00b"}, "text", "control"),
        (
            [(CASH, "5", ""), (SALES, "", "5")],
            {"line-quantity": ["x", ""], "line-commodity": ["USD", ""]},
            "lines-1-quantity",
            "not a quantity",
        ),
        (
            [(CASH, "5", ""), (SALES, "", "5")],
            {"line-quantity": ["9" * 19, ""], "line-commodity": ["USD", ""]},
            "lines-1-quantity",
            "18 digits",
        ),
        (
            [(CASH, "5", ""), (SALES, "", "5")],
            {"line-quantity": ["5", ""]},
            "lines-1-commodity",
            "Give the commodity",
        ),
        (
            [(CASH, "5", ""), (SALES, "", "5")],
            {"line-commodity": ["", "USD"]},
            "lines-2-quantity",
            "Give the quantity",
        ),
    ],
)
def test_bad_input_is_told_at_its_field_and_kept(
    ledger: LedgerSite,
    keeper: Browser,
    lines: list[tuple[str, str, str]],
    given: dict[str, object],
    place: str,
    says: str,
) -> None:
    """422, the error at the field with what to do, everything typed still there, nothing changed."""
    form = voucher_form(ledger.book(), *lines, **{"reference": "INV-7"} | given)
    page = keeper.post(NEW, NEW, **form)
    assert page.status_code == 422
    errors = errors_of(page)
    assert says in errors.get(place, ""), errors
    assert value_of(page, "reference") == ["INV-7"]
    assert value_of(page, "line-account")[: len(lines)] == [line[0] for line in lines]
    assert value_of(page, "line-debit")[: len(lines)] == [line[1] for line in lines]
    assert counts(ledger) == (0, 0)


def test_a_posting_sent_twice_posts_once(ledger: LedgerSite, keeper: Browser) -> None:
    """The hidden key makes the second sending lead to the first one's voucher."""
    form = balanced(ledger.book())
    first, second = keeper.post(NEW, NEW, **form), keeper.post(NEW, NEW, **form)
    assert first.location == second.location
    assert counts(ledger) == (1, 0)


def test_a_key_with_other_content_is_a_conflict(ledger: LedgerSite, keeper: Browser) -> None:
    """Going back and sending another voucher under the same key is told, not posted, not dropped."""
    keeper.post(NEW, NEW, **balanced(ledger.book()))
    page = keeper.post(NEW, NEW, **balanced(ledger.book(), "99"))
    assert page.status_code == 409
    assert "GJ-2569-000001" in errors_of(page)[""]
    assert counts(ledger) == (1, 0)


def test_a_draft_sent_twice_is_one_draft(ledger: LedgerSite, keeper: Browser) -> None:
    """The hidden key tells a form sent twice from two drafts of the same content."""
    form = balanced(ledger.book(), action="save")
    assert keeper.post(NEW, NEW, **form).location == keeper.post(NEW, NEW, **form).location
    assert counts(ledger) == (0, 1)
    keeper.post(NEW, NEW, **form | {"key": "another"})
    assert counts(ledger) == (0, 2)


def test_a_draft_s_key_with_other_content_is_a_conflict(
    ledger: LedgerSite, keeper: Browser
) -> None:
    """Going back and saving something else under the same key is told, and names the draft."""
    draft = keeper.post(NEW, NEW, **balanced(ledger.book(), action="save")).location
    page = keeper.post(NEW, NEW, **balanced(ledger.book(), "7", action="save"))
    assert page.status_code == 409
    assert f"draft {draft.rpartition('/')[2]};" in errors_of(page)[""]
    assert counts(ledger) == (0, 1)


def test_a_draft_may_be_lopsided_and_is_saved_changed_posted(
    ledger: LedgerSite, keeper: Browser
) -> None:
    """A draft's way: saved lopsided, opened again as it was, mended, posted under its own id."""
    form = voucher_form(ledger.book(), (CASH, "5", ""), action="save")
    draft = keeper.post(NEW, NEW, **form).location
    page = keeper.get(draft)
    assert value_of(page, "line-account")[0] == "1111 Cash on hand"
    assert value_of(page, "line-debit")[0] == "5.00"
    version = value_of(page, "version")[0]
    sent = keeper.post(draft, NEW, **balanced(ledger.book(), "5", version=version))
    assert sent.status_code == 303
    assert sent.location == draft
    assert "GJ-2569-000001" in keeper.get(draft).text
    assert counts(ledger) == (1, 0)


def test_posting_a_draft_twice_posts_once(ledger: LedgerSite, keeper: Browser) -> None:
    """The second click of a double click finds the voucher posted under its own key."""
    draft = keeper.post(NEW, NEW, **balanced(ledger.book(), action="save")).location
    form = balanced(ledger.book(), version="1", key="click")
    first, second = keeper.post(draft, NEW, **form), keeper.post(draft, NEW, **form)
    assert (first.status_code, second.status_code) == (303, 303)
    assert counts(ledger) == (1, 0)
    other = keeper.post(draft, NEW, **form | {"key": "another"})
    assert other.status_code == 409


def test_a_draft_that_can_t_be_posted_is_saved(ledger: LedgerSite, keeper: Browser) -> None:
    """What was typed isn't lost: the page says that it is saved, and what keeps it from posting."""
    draft = keeper.post(NEW, NEW, **balanced(ledger.book(), action="save")).location
    lopsided = voucher_form(ledger.book(), (CASH, "5", ""), (SALES, "", "4"), version="1")
    page = keeper.post(draft, NEW, **lopsided)
    assert page.status_code == 422
    assert "1.00" in errors_of(page)["lines"]
    assert "The draft is saved" in page.text
    assert value_of(page, "version") == ["2"]
    with ledger.books():
        assert Draft.get().version == 2


def test_two_editors_are_told_of_each_other(ledger: LedgerSite, keeper: Browser) -> None:
    """The slower one gets 409 with the name, keeps what they typed, and may then save it on purpose."""
    ledger.grant("malee", "edit")
    malee = ledger.browser("malee")
    draft = keeper.post(NEW, NEW, **balanced(ledger.book(), action="save")).location
    keeper.post(draft, NEW, **balanced(ledger.book(), "7", action="save", version="1"))
    page = malee.post(draft, NEW, **balanced(ledger.book(), "9", action="save", version="1"))
    assert page.status_code == 409
    assert "keeper" in errors_of(page)[""]
    assert value_of(page, "line-debit")[0] == "9"
    version = value_of(page, "version")[0]
    again = malee.post(draft, NEW, **balanced(ledger.book(), "9", action="save", version=version))
    assert again.status_code == 303
    with ledger.books():
        assert Draft.get().as_input().lines[0].amount == 900


def test_a_draft_saved_twice_by_a_double_click_is_no_conflict(
    ledger: LedgerSite, keeper: Browser
) -> None:
    """The second sending of one's own form, at the old version, is content with what it finds."""
    draft = keeper.post(NEW, NEW, **balanced(ledger.book(), action="save")).location
    form = balanced(ledger.book(), "7", action="save", version="1")
    assert keeper.post(draft, NEW, **form).status_code == 303
    assert keeper.post(draft, NEW, **form).status_code == 303
    with ledger.books():
        assert Draft.get().version == 2


def test_drafts_are_deleted_once(ledger: LedgerSite, keeper: Browser) -> None:
    """Deleting leaves nothing, and a second click says that it is gone already."""
    draft = keeper.post(NEW, NEW, **balanced(ledger.book(), action="save")).location
    for _click in range(2):
        assert keeper.post(draft, NEW, action="delete", version="1").status_code == 303
    assert counts(ledger) == (0, 0)


def test_more_lines_come_without_javascript(ledger: LedgerSite, keeper: Browser) -> None:
    """ "Add lines" gives the form back as typed with more empty lines, and saves nothing."""
    page = keeper.post(NEW, NEW, **balanced(ledger.book(), action="lines"))
    assert page.status_code == 200
    assert len(value_of(page, "line-account")) == 2 + 2 + 4 + 1  # the last is the script's template
    assert value_of(page, "line-debit")[0] == "1,234.50"
    assert counts(ledger) == (0, 0)


def test_any_number_of_lines(ledger: LedgerSite, keeper: Browser) -> None:
    """Fifteen hundred lines in Thai post like two; empty ones in between don't count."""
    lines = [("1111 เงินสดในมือ", "1", "")] * (MOST_LINES - 1) + [("", "", "")]
    lines.append((SALES, "", str(MOST_LINES - 1)))
    texts = ["รับชำระค่าสินค้าเป็นเงินสดหน้าร้านประจำวัน"] * len(lines)
    texts[-2] = ""
    form = voucher_form(ledger.book(), *lines, **{"line-text": texts})
    assert keeper.post(NEW, NEW, **form).status_code == 303
    with ledger.books():
        assert Line.select().count() == MOST_LINES
    form = voucher_form(ledger.book(), *lines, (CASH, "1", ""), key="2")
    page = keeper.post(NEW, NEW, **form)
    assert page.status_code == 422
    assert "import" in errors_of(page)["lines"]
    assert value_of(page, "line-account")[0] == "1111 เงินสดในมือ"
    form = voucher_form(ledger.book(), *([("", "", "")] * 9), *(lines[:1] * 9000), key="3")
    page = keeper.post(NEW, NEW, **form)
    assert page.status_code == 422
    assert len(value_of(page, "line-account")) < MOST_LINES + 10  # what can't be is not sent back


def test_a_chart_of_thousands_is_offered_in_part(
    ledger: LedgerSite, keeper: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forms stay small, and what isn't offered is found by its code all the same."""
    monkeypatch.setattr("cuneifox.lookups.ACCOUNTS_OFFERED", 3)
    for path in (NEW, f"{HOME}/reports/ledger"):
        page = keeper.get(path).text
        offered = page.partition('<datalist id="accounts">')[2].partition("</datalist>")[0]
        assert offered.count("<option") == 3, path
    assert keeper.post(NEW, NEW, **balanced(ledger.book())).status_code == 303


def test_locked_months_are_told_at_the_date(ledger: LedgerSite, keeper: Browser) -> None:
    """A frozen month keeps out who lacks the right, a closed one everybody: 409 at the date."""
    ledger.grant("malee", "add")
    with ledger.books():
        freeze_month(202602, by=SYSTEM)
    page = ledger.browser("malee").post(NEW, NEW, **balanced(ledger.book()))
    assert page.status_code == 409
    assert "frozen" in errors_of(page)["date"]
    with ledger.books():
        close_month(202602, by=SYSTEM)
    page = keeper.post(NEW, NEW, **balanced(ledger.book()))
    assert page.status_code == 409
    assert "closed" in errors_of(page)["date"]
    assert counts(ledger) == (0, 0)


def test_a_reversal_takes_a_voucher_back_once(ledger: LedgerSite, keeper: Browser) -> None:
    """Both vouchers stay and lead to each other; a second reversal is a conflict."""
    posted = keeper.post(NEW, NEW, **balanced(ledger.book())).location
    form = {"date": "2026-03-01", "reason": "Wrong customer", "key": "r"}
    sent = keeper.post(f"{posted}/reverse", NEW, **form)
    assert sent.status_code == 303
    assert keeper.post(f"{posted}/reverse", NEW, **form).location == sent.location
    assert "GJ-2569-000001" in keeper.get(sent.location).text
    assert "GJ-2569-000002" in keeper.get(posted).text
    again = keeper.post(f"{posted}/reverse", NEW, **form | {"key": "s"})
    assert again.status_code == 409
    assert "reversed already" in again.text
    assert counts(ledger) == (2, 0)


@pytest.mark.parametrize(
    ("given", "place"),
    [({"reason": ""}, "reason"), ({"date": "x"}, "date"), ({"date": "2026-02-27"}, "date")],
)
def test_a_reversal_needs_a_reason_and_a_fit_date(
    ledger: LedgerSite, keeper: Browser, given: dict[str, str], place: str
) -> None:
    """Told at the field with 422; what was typed stays."""
    posted = keeper.post(NEW, NEW, **balanced(ledger.book())).location
    form = {"date": "2026-03-01", "reason": "Wrong", "key": "r"} | given
    page = keeper.post(f"{posted}/reverse", NEW, **form)
    assert page.status_code == 422
    assert errors_of(page)[place]
    assert counts(ledger) == (1, 0)


def test_parties_are_named_by_code(ledger: LedgerSite, keeper: Browser) -> None:
    """A code that one register has is enough; one of several has to say which; both come back."""
    with ledger.books():
        Customer.add(code="C1", name="Somchai")
        Customer.add(code="X", name="Buyer")
        Supplier.add(code="X", name="Seller")
    form = balanced(ledger.book(), **{"line-party": ["C1 Somchai", "supplier:X"]})
    posted = keeper.post(NEW, NEW, **form)
    assert posted.status_code == 303
    page = keeper.get(posted.location).text
    assert "Somchai" in page
    assert "Seller" in page
    assert "Buyer" not in page
    unclear = keeper.post(NEW, NEW, **form | {"line-party": ["X", ""], "key": "2"})
    assert unclear.status_code == 422
    assert "customer:X or supplier:X" in errors_of(unclear)["lines-1-party"]


def test_quantities_survive_the_form(ledger: LedgerSite, keeper: Browser) -> None:
    """They come back as typed, digit by digit, and are posted so; a credit's goes out."""
    typed = {"line-quantity": ["1,012.50", "๓"], "line-commodity": ["USD", "shares"]}
    form = balanced(ledger.book(), action="save", **typed)
    draft = keeper.post(NEW, NEW, **form).location
    page = keeper.get(draft)
    assert value_of(page, "line-quantity")[:3] == ["1012.50", "3", ""]
    assert value_of(page, "line-commodity")[:3] == ["USD", "shares", ""]
    typed = {name: value_of(page, name)[:2] for name in typed}
    keeper.post(draft, NEW, **form | {"action": "post", "version": "1"} | typed)
    with ledger.books():
        lines = Line.select().order_by(Line.n)
        found = [(line.quantity, line.quantity_decimals, line.commodity) for line in lines]
    assert found == [(101250, 2, "USD"), (-3, 0, "shares")]


def test_an_account_s_commodity_goes_without_saying(ledger: LedgerSite, keeper: Browser) -> None:
    """Of an account kept in one commodity only the quantity is typed, and the fields are open."""
    closed = keeper.get(NEW).text
    assert 'name="quantities" value="1">' in closed
    with ledger.books():
        change_account(find_account(CASH).stid, by=SYSTEM, commodity="USD")
    assert 'name="quantities" value="1" checked>' in keeper.get(NEW).text
    form = balanced(ledger.book(), **{"line-quantity": ["-35", ""]})
    assert keeper.post(NEW, NEW, **form).status_code == 303
    with ledger.books():
        line = Line.select().where(Line.n == 1).get()
        assert (line.quantity, line.commodity) == (-35, "USD")
        change_account(find_account(CASH).stid, by=SYSTEM, commodity="")
    again = keeper.get(NEW).text
    assert 'name="quantities" value="1" checked>' in again  # for it was used of late
    assert '<option value="USD">' in again


def test_a_voucher_is_copied_to_a_new_form(ledger: LedgerSite, keeper: Browser) -> None:
    """Posted ones and drafts fill a new form with their lines, and stay as they are."""
    posted = keeper.post(NEW, NEW, **balanced(ledger.book())).location
    page = keeper.get(f"{NEW}?copy={posted.rsplit('/', 1)[1]}")
    assert value_of(page, "line-debit")[0] == "1,234.50"
    assert value_of(page, "version") == ["0"]
    assert keeper.get(f"{NEW}?copy=999").status_code == 404


def test_inactive_accounts_take_no_postings(ledger: LedgerSite, keeper: Browser) -> None:
    """One that went inactive meanwhile is told at its line."""
    with ledger.books():
        change_account(find_account(CASH).stid, by=SYSTEM, active=False)
    page = keeper.post(NEW, NEW, **balanced(ledger.book()))
    assert page.status_code == 422
    assert "inactive" in errors_of(page)["lines-1-account"]
    assert '<option value="1111' not in page.text


@pytest.mark.parametrize("id", ["0", "999", str(2**63), "99999999999999999999"])
def test_unknown_vouchers_are_not_found(keeper: Browser, id: str) -> None:
    """An id that these books never gave is 404 for reading, sending and reversing."""
    assert keeper.get(f"{HOME}/vouchers/{id}").status_code == 404
    assert keeper.post(f"{HOME}/vouchers/{id}", NEW, action="save").status_code == 404
    assert keeper.post(f"{HOME}/vouchers/{id}/reverse", NEW).status_code == 404


def test_another_company_s_ids_mean_nothing_here(ledger: LedgerSite, keeper: Browser) -> None:
    """Account, book and voucher ids are looked up in the company of the address alone."""
    ledger.site.company("globex", ledger.keeper)
    posted = ledger.post("2026-02-01", (CASH, 100), (SALES, -100))
    assert keeper.get(f"{HOME}/vouchers/{posted.id}").status_code == 200
    assert keeper.get(f"/c/globex/vouchers/{posted.id}").status_code == 404


def test_an_unknown_action_is_a_bad_request(ledger: LedgerSite, keeper: Browser) -> None:
    """The form's buttons are the only actions."""
    assert keeper.post(NEW, NEW, **balanced(ledger.book(), action="steal")).status_code == 400


def test_what_the_level_doesn_t_allow_is_neither_shown_nor_done(ledger: LedgerSite) -> None:
    """read sees and does nothing; add writes and posts; edit changes and reverses; delete deletes."""
    posted = ledger.post("2026-02-01", (CASH, 100), (SALES, -100))
    book, page = ledger.book(), f"{HOME}/vouchers/{posted.id}"
    for name in ("read", "add", "edit"):
        ledger.grant(name, name)
    reader, adder, editor = (ledger.browser(name) for name in ("read", "add", "edit"))
    draft = adder.post(NEW, NEW, **balanced(book, action="save")).location

    shown = reader.get(page).text
    assert "/reverse" not in shown
    assert "copy=" not in shown
    assert NEW not in reader.get(f"{HOME}/journal").text
    assert reader.get(NEW).status_code == 403
    account = "/account"
    for path, form in ((NEW, balanced(book)), (draft, balanced(book)), (f"{page}/reverse", {})):
        assert reader.post(path, account, **form).status_code == 403

    assert "/reverse" not in adder.get(page).text
    assert adder.post(f"{page}/reverse", account, date="2026-02-02", reason="x").status_code == 403
    assert 'name="line-account"' not in adder.get(draft).text
    assert 'value="delete"' not in editor.get(draft).text
    assert editor.post(draft, account, action="delete", version="1").status_code == 403
    assert "/reverse" in editor.get(page).text

    assert counts(ledger) == (1, 1)
    # What the adder sends along is ignored: the draft is posted as it is.
    adder.post(draft, account, **balanced(book, "99,999", version="1", key="a"))
    with ledger.books():
        assert Line.select().order_by(Line.voucher.desc()).first().amount in (123450, -123450)
    assert counts(ledger) == (2, 0)


def test_a_voucher_typed_while_the_session_ran_out_is_not_lost(
    ledger: LedgerSite, keeper: Browser
) -> None:
    """It is refused until somebody signs in, then shown again under a new token, then it posts."""
    draft = keeper.post(NEW, NEW, **balanced(ledger.book(), action="save")).location
    for n, path in enumerate((NEW, draft)):
        form = balanced(ledger.book(), key=f"late-{n}", version="1", csrf_token=keeper.token(NEW))
        keeper.post("/sign-out", NEW)
        refused = keeper.client.post(path, data=form)
        assert refused.status_code == 401
        assert "come back and reload" in refused.text
        keeper.sign_in("keeper")
        for action in ("post", "save", "delete"):
            page = keeper.client.post(path, data=form | {"action": action})
            assert page.status_code == 400
            assert value_of(page, "line-debit")[0] == "1,234.50"
            assert value_of(page, "key") == [f"late-{n}"]
        assert counts(ledger) == (n, 1)
        token = value_of(page, "csrf_token")[-1]
        assert keeper.client.post(path, data=form | {"csrf_token": token}).status_code == 303
    assert counts(ledger) == (2, 0)


def test_a_form_from_another_site_is_not_even_shown(ledger: LedgerSite, keeper: Browser) -> None:
    """What the browser calls cross-site fills in nothing here."""
    form = balanced(ledger.book(), csrf_token="0" * 64, text="From elsewhere")
    sent = keeper.client.post(NEW, data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert sent.status_code == 400
    assert "From elsewhere" not in sent.text
