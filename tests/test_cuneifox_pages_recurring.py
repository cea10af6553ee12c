"""Recurring vouchers in the pages: made, looked at ahead, changed, paused, made by hand, and made by the server."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from werkzeug.test import TestResponse

from cuneifox.i18n import speaking
from cuneifox.jobs import works
from cuneifox.recurring_timing import TimingForm
from cuneifox_site import Browser, Site
from ledger_site import HOME, NEW, LedgerSite, errors_of, value_of
from ledgers import BY
from models.accounts import change_account, find_account
from models.check import check_company
from models.cloning import clone_company
from models.drafts import list_drafts
from models.jobs.asking import Asker, ask
from models.jobs.job import Job
from models.jobs.schedules import Schedule, take_due
from models.months import freeze_month
from models.people import Activity, Membership
from models.posted import Line, Voucher
from models.recurring.scheduling import Timing
from models.recurring.template import list_templates
from recurring import do, do_what_is_due, utc

PAGE = f"{HOME}/recurring"
RENT, BANK, CASH = "5420", "1113", "1111"


def form(book: str, *lines: tuple[str, str, str], **given: str) -> dict[str, Any]:
    """A form as a browser sends it; lines are (account, debit, credit). The rent of every month, unless given."""
    wanted = lines or ((RENT, "20,000", ""), (BANK, "", "rest"))
    sent: dict[str, Any] = {
        "action": "save", "version": "0", "name": "Office rent", "book": book, "date_rule": "same_day",
        "language": "en", "posts": "1", "text": "Rent for {month_name} {year}", "reference": "R{month}",
        "every": "month", "month_day": "1", "week_day": "1", "quarter_month": "1", "quarter_day": "1",
        "year_month": "1", "year_day": "1", "cron": "", "time": "08:00", "zone": "Asia/Bangkok", "missed": "each",
    }  # fmt: skip
    sent |= {
        "line-account": [line[0] for line in wanted],
        "line-text": ["" for _line in wanted],
        "line-party": ["" for _line in wanted],
        "line-debit": [line[1] for line in wanted],
        "line-credit": [line[2] for line in wanted],
    }
    return sent | given


@pytest.fixture
def made(ledger: LedgerSite, keeper: Browser) -> str:
    """The address of the rent of every month, made on 15 January 2027."""
    response = keeper.post(f"{PAGE}/new", NEW, **form(ledger.book()))
    assert response.status_code == 303, errors_of(response)
    return response.location


def words(page: TestResponse) -> str:
    """The text of a page."""
    return " ".join(unescape(re.sub("<[^>]*>", " ", page.text)).split())


def turn_to(ledger: LedgerSite, when: str) -> list[Job]:
    """Let time pass until then, and have the server do what is due."""
    ledger.site.clock.at = utc(when)
    return do_what_is_due(ledger.site)


def vouchers(ledger: LedgerSite) -> list[Voucher]:
    with ledger.books():
        return list(Voucher.select().order_by(Voucher.id))


# Made and looked at


def test_a_recurring_voucher_is_made_and_shown_with_the_next_ones(
    keeper: Browser, made: str
) -> None:
    """In words, with dates, texts and amounts of the next three; the list says when it is due next."""
    page = words(keeper.get(made))
    assert "At 08:00, on day 1 of the month" in page
    for date, text, reference in (
        ("1 February 2027", "Rent for February 2027", "R02"),
        ("1 March 2027", "Rent for March 2027", "R03"),
        ("1 April 2027", "Rent for April 2027", "R04"),
    ):
        assert f"{date} {text} {reference}" in page
    assert page.count("20,000.00") == 6
    assert "Next 1 Feb 2027" in words(keeper.get(PAGE))


def test_a_preview_keeps_nothing(ledger: LedgerSite, keeper: Browser) -> None:
    """It shows what would be made, as it stands in the form, and the form with it."""
    sent = form(
        ledger.book(), (RENT, "12,000 / 365 * days_in_month", ""), (BANK, "", "rest"), date_rule="month_end"
    )  # fmt: skip
    page = keeper.post(f"{PAGE}/new", NEW, **sent | {"action": "preview"})
    assert page.status_code == 200
    # 12,000 / 365 is 32.8767…, times 28, 31 and 30 days: 920.55, 1,019.18 and 986.30.
    assert re.findall(r"[0-9,]+\.[0-9]{2}(?= )", words(page).split("as they would be now")[1])[::2] == [
        "920.55", "1,019.18", "986.30",
    ]  # fmt: skip
    assert "28 February 2027 Due on 1 Feb 2027" in words(page)
    assert value_of(page, "line-debit")[0] == "12,000 / 365 * days_in_month"
    with ledger.books():
        assert list_templates() == []
        assert Schedule.select().where(Schedule.kind == "recurring").count() == 0


def test_a_preview_says_what_would_be_in_the_way(ledger: LedgerSite, keeper: Browser) -> None:
    """Slot by slot: February is frozen, and in March 31 days don't balance 28."""
    with ledger.books():
        freeze_month(202702, by=BY)
    sent = form(ledger.book(), (RENT, "30", ""), (BANK, "", "days_in_month"), action="preview")
    page = words(keeper.post(f"{PAGE}/new", NEW, **sent))
    assert "1 February 2027 The month February 2027 is frozen" in page
    assert "1 March 2027 Credits are 1.00 more than debits" in page
    assert "1 April 2027 Rent for April 2027" in page


def test_thai_readers_are_shown_thai(ledger: LedgerSite, keeper: Browser) -> None:
    """The schedule in words, months by their names, and years of the Buddhist era, in pages and in texts."""
    sent = form(
        ledger.book(),
        language="th",
        text="ค่าเช่าเดือน{month_name} {year}",
        time="๐๘:๓๐",
        month_day="L",
    )
    keeper.client.set_cookie("lang", "th")
    response = keeper.post(f"{PAGE}/new", NEW, **sent)
    page = words(keeper.get(response.location))
    assert "เวลา 08:30 วันสุดท้ายของเดือน" in page
    assert "31 มกราคม 2570 ค่าเช่าเดือนมกราคม 2570" in page
    (job,) = turn_to(ledger, "2027-01-31T09:00+07:00")
    assert job.line == "ลงบัญชีแล้ว เลขที่ GJ-2570-000001"
    assert [voucher.text for voucher in vouchers(ledger)] == ["ค่าเช่าเดือนมกราคม 2570"]


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"name": ""}, "name", "missing"),
    ({"book": "x"}, "book", "Choose the journal book"),
    ({"date_rule": "never"}, "date_rule", "which date"),
    ({"language": "xx"}, "language", "language of the texts"),
    ({"text": "{monat}"}, "text", "no placeholder"),
    ({"every": "month", "month_day": "31"}, "", ""),
    ({"every": "sometimes"}, "", ""),
    ({"time": "25:00"}, "time", "time of day"),
    ({"time": "x"}, "time", "time of day"),
    ({"zone": "Mars"}, "zone", "no time zone Mars"),
    ({"missed": "x"}, "missed", "missed"),
    ({"every": "cron", "cron": "0 8 1 *"}, "cron", "five fields"),
    ({"every": "cron", "cron": "*/5 * * * *"}, "cron", "once a day at most"),
    ({"line-debit": ["1 +", ""]}, "lines-1-debit", "ends where"),
    ({"line-debit": ["", ""]}, "lines-1-debit", "an amount, a formula, or rest"),
    ({"line-debit": ["1", "1"]}, "lines-2-credit", "not both"),
    ({"line-account": ["9999", BANK]}, "lines-1-account", "no account 9999"),
    ({"line-party": ["nobody", ""]}, "lines-1-party", "nobody"),
    ({"line-text": ["{x}", ""]}, "lines-1-text", "no placeholder"),
    ({"line-credit": ["", "19,999.99"]}, "lines", "0.01 more than credits"),
    ({"line-account": [RENT], "line-debit": ["1"], "line-credit": []}, "lines", "from 2 to 200"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "place", "said"), WRONG, ids=[str(given) for given, _, _ in WRONG]
)
def test_bad_input_is_told_at_its_field_and_kept(
    ledger: LedgerSite, keeper: Browser, given: dict[str, Any], place: str, said: str
) -> None:
    """Nothing is stored, neither template nor schedule, and what was typed is there to be mended."""
    page = keeper.post(f"{PAGE}/new", NEW, **form(ledger.book(), reference="keep me") | given)
    assert page.status_code == 422
    if place:
        assert said in errors_of(page).get(place, ""), errors_of(page)
    assert value_of(page, "reference") == ["keep me"]
    with ledger.books():
        assert list_templates() == []
        assert Schedule.select().where(Schedule.kind == "recurring").count() == 0


@pytest.mark.parametrize(
    ("given", "cron"),
    [
        ({"every": "month", "month_day": "L"}, "0 8 L * *"),
        ({"every": "week", "week_day": "5", "time": "9.30"}, "30 9 * * 5"),
        ({"every": "quarter", "quarter_month": "3", "quarter_day": "L"}, "0 8 L 3,6,9,12 *"),
        ({"every": "year", "year_month": "12", "year_day": "28", "time": "23:59"}, "59 23 28 12 *"),
        ({"every": "cron", "cron": "15  7 LW * *"}, "15 7 LW * *"),
    ],
)
def test_offers_become_cron_lines_and_are_recognized_again(
    ledger: LedgerSite, keeper: Browser, given: dict[str, str], cron: str
) -> None:
    """Changed later, the form shows the same offer."""
    response = keeper.post(f"{PAGE}/new", NEW, **form(ledger.book()) | given)
    with ledger.books():
        assert [each.cron for each in Schedule.select().where(Schedule.kind == "recurring")] == [
            cron
        ]
    page = keeper.get(f"{response.location}/edit").text
    (every,) = re.findall(r'value="(\w+)" checked', page)
    assert every == given["every"]
    shown = TimingForm.of(Timing(cron, "Asia/Bangkok"))
    for name, value in given.items():
        wanted = {"9.30": "09:30", "15  7 LW * *": "15 7 LW * *"}.get(value, value)
        assert getattr(shown, name) == wanted


def test_a_form_whose_token_is_over_is_shown_again(
    ledger: LedgerSite, keeper: Browser, made: str
) -> None:
    """Nothing is saved, and nothing that was typed is lost; for one that isn't there it is refused."""
    old = keeper.token(NEW)
    keeper = ledger.browser()
    sent = form(ledger.book(), name="Other", version="1")
    for path in (f"{PAGE}/new", f"{made}/edit"):
        page = keeper.post(path, NEW, **sent, csrf_token=old)
        assert (page.status_code, value_of(page, "name")) == (400, ["Other"])
        assert "You signed in again meanwhile" in errors_of(page)[""]
    assert keeper.post(f"{PAGE}/99/edit", NEW, **sent, csrf_token=old).status_code == 400
    with ledger.books():
        assert [template.name for template in list_templates()] == ["Office rent"]


# Made by the server


def test_the_server_makes_what_is_due_under_its_own_name(
    ledger: LedgerSite, keeper: Browser, made: str
) -> None:
    """Once a month, as schedule:recurring in the books and in the log, never as a person."""
    assert turn_to(ledger, "2027-02-01T07:59+07:00") == []
    (job,) = turn_to(ledger, "2027-02-01T08:00:30+07:00")
    assert (job.state, job.line, job.identity, job.user_id) == (
        "done", "Posted as GJ-2570-000001.", "schedule:recurring", "",
    )  # fmt: skip
    (voucher,) = vouchers(ledger)
    assert (voucher.posted_by, voucher.posted_by_name) == (
        "system:schedule:recurring",
        "schedule:recurring",
    )
    assert (str(voucher.date), voucher.text, voucher.reference) == (
        "2027-02-01",
        "Rent for February 2027",
        "R02",
    )
    with ledger.site.app.app_context():
        noted = Activity.get(Activity.action == "recurring.make")
        assert (noted.user_name, noted.subject) == ("schedule:recurring", "GJ-2570-000001")
    assert turn_to(ledger, "2027-02-01T08:01+07:00") == []
    page = words(ledger.browser().get(f"{HOME}/vouchers/{voucher.id}"))
    assert "Posted by schedule:recurring" in page


def test_slots_that_were_missed_are_made_up_for(ledger: LedgerSite, made: str) -> None:
    """Three months without a server, three vouchers, each of its own month."""
    jobs = turn_to(ledger, "2027-04-20T12:00+07:00")
    assert [job.state for job in jobs] == ["done"] * 3
    assert [str(voucher.date) for voucher in vouchers(ledger)] == [
        "2027-02-01",
        "2027-03-01",
        "2027-04-01",
    ]


def test_a_slot_that_is_asked_for_again_is_one_voucher(ledger: LedgerSite, made: str) -> None:
    """The same job anew, under another id; then its template with other amounts; then by hand."""
    (job,) = turn_to(ledger, "2027-02-01T08:00:30+07:00")
    for _again in range(2):
        with ledger.site.app.app_context():
            ask(
                job.kind,
                job.given,
                Asker(identity=job.identity),
                now=ledger.site.clock.at,
                tenant_id=job.tenant_id,
            )
        assert (
            do(ledger.site).line == "The voucher for 1 Feb 2027 was there already: GJ-2570-000001."
        )
        changed = form(ledger.book(), (RENT, "25,000", ""), (BANK, "", "rest"), version="1")
        ledger.browser().post(f"{made}/edit", f"{PAGE}/new", **changed)
    response = ledger.browser().post(f"{made}/run", f"{PAGE}/new", slot="2027-02-01")
    assert response.status_code == 303
    assert len(vouchers(ledger)) == 1


def at_once(site: Site, act: Callable[[], Any]) -> list[Any]:
    """What comes of doing something in two threads at the same moment."""
    barrier, found = threading.Barrier(2), []

    def run() -> None:
        barrier.wait(10)
        found.append(act())
        site.router.universal.release(wholly=True)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_servers_that_find_a_slot_due_at_once_make_one_voucher(
    ledger: LedgerSite, made: str
) -> None:
    """Two ask for it, and one gets to; then it is asked for once more, and both jobs are done side by side."""
    site = ledger.site
    site.clock.at = utc("2027-02-01T08:00:30+07:00")
    works.load()

    def ask_for_it() -> list[str]:
        with site.app.app_context():
            return take_due(Schedule.get(Schedule.kind == "recurring"), now=site.clock.at)

    ((first,),) = [asked for asked in at_once(site, ask_for_it) if asked]
    with site.app.app_context():
        job = Job.get_by_id(first)
        asker = Asker(identity=job.identity)
        ask(job.kind, job.given, asker, now=site.clock.at, tenant_id=job.tenant_id)
    ended = at_once(site, lambda: do(site))
    assert [job.state for job in ended] == ["done", "done"], [job.trace for job in ended]
    assert len({job.id for job in ended}) == 2
    assert len(vouchers(ledger)) == 1


def test_what_was_missed_is_made_in_order_though_jobs_are_taken_in_any(
    ledger: LedgerSite, keeper: Browser
) -> None:
    """100.00, and twice as much each month; April's job is done first, and finds the others undone."""
    keeper.post(
        f"{PAGE}/new",
        NEW,
        **form(ledger.book(), (RENT, "previous(50) * 2", ""), (BANK, "", "rest")),
    )
    site = ledger.site
    site.clock.at = utc("2027-04-20T12:00+07:00")
    works.load()
    with site.app.app_context():
        asked = take_due(Schedule.get(Schedule.kind == "recurring"), now=site.clock.at)
        Job.update(priority=0).where(Job.id == asked[-1]).execute()
    assert do(site).line == "Posted as GJ-2570-000003."
    assert [do(site).state for _rest in asked[1:]] == ["done", "done"]
    found = vouchers(ledger)
    assert [str(voucher.date) for voucher in found] == ["2027-02-01", "2027-03-01", "2027-04-01"]
    with ledger.books():
        debits = [voucher.lines.where(Line.amount > 0).get().amount for voucher in found]
    assert debits == [10000, 20000, 40000]


def test_drafts_wait_for_somebody_to_post_them(ledger: LedgerSite, keeper: Browser) -> None:
    """Where the template says so."""
    keeper.post(f"{PAGE}/new", NEW, **form(ledger.book(), posts=""))
    (job,) = turn_to(ledger, "2027-02-01T08:00:30+07:00")
    with ledger.books():
        (draft,) = list_drafts()
    assert job.line == f"Draft {draft.id} was made."
    assert (draft.created_by_name, vouchers(ledger)) == ("schedule:recurring", [])


def test_what_is_in_the_way_fails_at_once_and_is_told(ledger: LedgerSite, made: str) -> None:
    """Not tried again, nothing changed, and said on the list and the page; put right, it is made by hand."""
    with ledger.books():
        change_account(find_account(RENT).stid, by=BY, active=False)
    (job,) = turn_to(ledger, "2027-02-01T08:00:30+07:00")
    assert (job.state, job.attempts) == ("failed", 1)
    assert job.error == f"Line 1 names {RENT}, which is inactive; choose another account."
    keeper = ledger.browser()
    for page in (PAGE, made):
        assert f"The last time it failed: {job.error}" in words(keeper.get(page))
    assert vouchers(ledger) == []
    with ledger.books():
        change_account(find_account(RENT).stid, by=BY, active=True)
    keeper.post(f"{made}/run", f"{PAGE}/new", slot="2027-02-01")
    assert len(vouchers(ledger)) == 1
    for page in (PAGE, made):
        assert "it failed" not in words(keeper.get(page))


def test_the_server_may_not_work_in_frozen_months(ledger: LedgerSite, made: str) -> None:
    """It has the right to add and no other; who may work there makes it by hand."""
    with ledger.books():
        freeze_month(202702, by=BY)
    (job,) = turn_to(ledger, "2027-02-01T08:00:30+07:00")
    assert (job.state, "is frozen" in job.error) == ("failed", True)
    assert vouchers(ledger) == []
    ledger.browser().post(f"{made}/run", f"{PAGE}/new", slot="2027-02-01")
    assert [voucher.posted_by_name for voucher in vouchers(ledger)] == ["keeper"]


def test_a_schedule_without_its_template_fails_in_words(ledger: LedgerSite, made: str) -> None:
    """As after the books were set back to a time before it."""
    with ledger.books():
        list_templates()[0].delete_instance()
    (job,) = turn_to(ledger, "2027-02-01T08:00:30+07:00")
    assert (job.state, "no longer there" in job.error) == ("failed", True)


# Changed, paused, deleted, by hand


def test_a_change_counts_from_now_on(ledger: LedgerSite, keeper: Browser, made: str) -> None:
    """The form shows what is kept; saved at an old version it is refused, and told."""
    page = keeper.get(f"{made}/edit")
    assert value_of(page, "line-debit")[:2] == ["20,000", ""]
    assert value_of(page, "line-credit")[:2] == ["", "rest"]
    changed = form(
        ledger.book(),
        (RENT, "21,000", ""),
        (BANK, "", "rest"),
        version="1",
        every="week",
        week_day="1",
    )
    assert keeper.post(f"{made}/edit", NEW, **changed).status_code == 303
    page = keeper.post(f"{made}/edit", NEW, **changed | {"name": "Other"})
    assert (page.status_code, "changed by keeper meanwhile" in errors_of(page)[""]) == (409, True)
    assert "At 08:00, only on Monday" in words(keeper.get(made))
    (job,) = turn_to(ledger, "2027-01-18T08:00:30+07:00")
    assert job.state == "done"
    with ledger.books():
        assert [line.amount for line in vouchers(ledger)[0].lines.order_by("n")] == [
            2100000,
            -2100000,
        ]


def test_what_is_paused_rests_until_it_goes_on(
    ledger: LedgerSite, keeper: Browser, made: str
) -> None:
    """Slots that pass meanwhile are left out."""
    keeper.post(f"{made}/pause", NEW, paused="1")
    assert "paused" in words(keeper.get(PAGE))
    assert turn_to(ledger, "2027-02-02T00:00+07:00") == []
    keeper = ledger.browser()
    keeper.post(f"{made}/pause", f"{PAGE}/new", paused="0")
    assert turn_to(ledger, "2027-02-28T00:00+07:00") == []
    assert len(turn_to(ledger, "2027-03-02T00:00+07:00")) == 1


def test_what_is_deleted_is_due_no_more(ledger: LedgerSite, keeper: Browser, made: str) -> None:
    """What was made of it stays."""
    keeper.post(f"{made}/run", NEW, slot="2027-01-01")
    assert keeper.post(f"{made}/delete", NEW).status_code == 303
    assert turn_to(ledger, "2027-02-02T00:00+07:00") == []
    assert len(vouchers(ledger)) == 1
    assert ledger.browser().get(made).status_code == 404


def test_one_is_made_by_hand_for_a_day_on_which_it_is_due(
    ledger: LedgerSite, keeper: Browser, made: str
) -> None:
    """Under one's own name, once; ahead of time too, and the server then finds it there."""
    for slot in ("2027-01-02", "2027-06-01", "x", ""):
        page = keeper.post(f"{made}/run", NEW, slot=slot)
        assert (page.status_code, errors_of(page)[""]) == (
            422,
            "Choose one of the days on which it is due.",
        )
    assert keeper.post(f"{made}/run", NEW, slot="2027-02-01").status_code == 303
    assert "1 Feb 2027 – GJ-2570-000001" in words(keeper.get(made))
    (job,) = turn_to(ledger, "2027-02-01T08:00:30+07:00")
    assert job.line == "The voucher for 1 Feb 2027 was there already: GJ-2570-000001."
    assert [voucher.posted_by_name for voucher in vouchers(ledger)] == ["keeper"]


def test_a_draft_that_was_deleted_is_made_again_by_hand(
    ledger: LedgerSite, keeper: Browser
) -> None:
    """The page says that it is gone."""
    made = keeper.post(f"{PAGE}/new", NEW, **form(ledger.book(), posts="")).location
    keeper.post(f"{made}/run", NEW, slot="2027-01-01")
    with ledger.books():
        (draft,) = list_drafts()
    keeper.post(f"{HOME}/vouchers/{draft.id}", NEW, action="delete", version="1")
    assert "a draft that was deleted" in words(keeper.get(made))
    keeper.post(f"{made}/run", NEW, slot="2027-01-01")
    with ledger.books():
        assert len(list_drafts()) == 1


@pytest.mark.parametrize(
    ("level", "offered"),
    [("read", set()), ("add", {"run", "new"}), ("edit", {"run", "new", "edit", "pause"}),
     ("delete", {"run", "new", "edit", "pause", "delete"})],
)  # fmt: skip
def test_each_may_do_what_their_rights_reach_to(
    ledger: LedgerSite, made: str, level: str, offered: set[str]
) -> None:
    """Who may only read sees all of it, and whoever may post may make one; others are refused, and not offered it."""
    ledger.grant("clerk", level)
    clerk = ledger.browser("clerk")
    pages = clerk.get(PAGE).text + clerk.get(made).text
    for name in ("new", "run", "edit", "pause", "delete"):
        path = f"{PAGE}/new" if name == "new" else f"{made}/{name}"
        assert (f'"{path}"' in pages) == (name in offered), name
        sent = form(ledger.book(), version="1", slot="2027-01-01", paused="1")
        status = clerk.post(path, made if name != "new" else PAGE, **sent).status_code
        assert (status == 403) == (name not in offered), name


def test_strangers_and_other_modules_see_nothing(ledger: LedgerSite, made: str) -> None:
    """Without rights in the ledger there is no page, and no entry of the menu."""
    ledger.grant("stranger", "none")
    stranger = ledger.browser("stranger")
    assert {stranger.get(path).status_code for path in (PAGE, made, f"{made}/edit")} == {403}
    assert "Recurring vouchers" not in stranger.get("/companies").text


def cloned(ledger: LedgerSite) -> None:
    with ledger.site.app.app_context():
        clone = clone_company(
            ledger.site.router, "acme", slug="clone", name="Clone", with_documents=True
        )
        Membership.grant(ledger.keeper, clone.tenant_id)


def test_in_a_clone_they_rest_until_somebody_lets_them_go_on(
    ledger: LedgerSite, keeper: Browser, made: str
) -> None:
    """Nothing is posted twice for two companies, and nobody has to find out: the pages say so, and one button does."""
    keeper.post(f"{PAGE}/new", NEW, **form(ledger.book(), name="Paused by hand"))
    keeper.post(f"{PAGE}/2/pause", f"{PAGE}/2", paused="1")
    cloned(ledger)
    listed = words(keeper.get("/c/clone/recurring"))
    assert "1 of these came along with a copy of the books and rests" in listed
    assert "came along" not in words(keeper.get(PAGE))
    assert "It came along with a copy of the books and rests" in words(
        keeper.get("/c/clone/recurring/1")
    )
    assert "It came along" not in words(keeper.get("/c/clone/recurring/2"))
    assert len(turn_to(ledger, "2027-02-01T08:00:30+07:00")) == 1
    keeper = ledger.browser()
    answer = keeper.post("/c/clone/recurring/resume", "/c/clone/recurring")
    assert (answer.status_code, answer.location) == (303, "/c/clone/recurring")
    page = words(keeper.get("/c/clone/recurring"))
    assert "1 recurring voucher goes on." in page
    assert "came along" not in page
    assert [job.given["slot"] for job in turn_to(ledger, "2027-02-02T08:00:30+07:00")] == []
    jobs = turn_to(ledger, "2027-03-01T08:00:30+07:00")
    assert [(job.state, "copied" in job.given) for job in jobs] == [("done", False)] * 2
    assert len({job.tenant_id for job in jobs}) == 2


def test_one_that_is_saved_in_a_clone_is_due_there(
    ledger: LedgerSite, keeper: Browser, made: str
) -> None:
    """Whoever says when it is due means it, and is told of no rest any more."""
    cloned(ledger)
    keeper.post("/c/clone/recurring/1/edit", f"{PAGE}/new", **form(ledger.book(), version="1"))
    assert "came along" not in words(keeper.get("/c/clone/recurring"))
    assert len(turn_to(ledger, "2027-02-01T08:00:30+07:00")) == 2


def test_who_may_not_change_them_is_told_alone(
    ledger: LedgerSite, keeper: Browser, made: str
) -> None:
    """A reader sees that they rest, has no button, and can't have them go on."""
    cloned(ledger)
    with ledger.site.app.app_context():
        reader = ledger.site.user("reader")
        Membership.grant(reader, ledger.site.router.tenant("clone").id, levels={"ledger": "read"})
    browser = ledger.site.signed_in("reader")
    page = browser.get("/c/clone/recurring")
    assert "came along" in words(page)
    assert "/recurring/resume" not in page.text
    assert browser.post("/c/clone/recurring/resume", "/c/clone/recurring").status_code == 403
    assert len(turn_to(ledger, "2027-02-01T08:00:30+07:00")) == 1


def test_the_books_are_sound_after_all_that(ledger: LedgerSite, keeper: Browser, made: str) -> None:
    """Made by the server and by hand, changed, deleted: the audit finds nothing."""
    turn_to(ledger, "2027-03-05T00:00+07:00")
    browser = ledger.browser()
    browser.post(f"{made}/run", f"{PAGE}/new", slot="2027-01-01")
    browser.post(f"{made}/edit", f"{PAGE}/new", **form(ledger.book(), version="1", name="ค่าเช่า"))
    browser.post(f"{made}/delete", f"{PAGE}/new")
    with ledger.site.app.app_context(), speaking("en"):
        assert check_company(ledger.site.router, "acme") == []
    assert len(vouchers(ledger)) == 3
