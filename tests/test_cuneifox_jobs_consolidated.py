"""A consolidated trial balance as a job: of several companies, and for who may read each of them, all the while."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from company_group import BOOKS, DAYS, PAGE, Group, address, broken
from cuneifox import consolidation
from cuneifox.config import ConsolidatedReports
from cuneifox.i18n import speaking
from cuneifox.job_view import views_of, where
from cuneifox.jobs.kinds import KINDS
from cuneifox.jobs.watching import Watch
from cuneifox.jobs.works import consolidated as work_of
from cuneifox_site import Browser
from job_site import WORKER, Beside, do, fresh, jobs, take, work_off
from ledger_site import CASH, errors_of
from models.company_life import purge_company
from models.jobs.asking import Asker, ask
from models.jobs.job import Job
from models.people import Membership, Session, User
from tenants import UNIVERSAL, LockTimeout, current_entry, establish_key

YEAR = {"first": "2026-01-01", "last": "2026-12-31"}


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Group]:
    group = Group(tmp_path / "data")
    yield group
    group.site.close()


@pytest.fixture
def malee(group: Group) -> Browser:
    return group.site.signed_in("malee")


def asked(browser: Browser, *slugs: str, form: str = "csv", **more: Any) -> Any:
    return browser.post(PAGE, PAGE, company=list(slugs), form=form, **{**YEAR, **more})


def the_job(group: Group) -> Job:
    (job,) = jobs(group.site)
    return job


def result(browser: Browser, job: Job) -> tuple[int, bytes]:
    answer = browser.get(f"/jobs/{job.id}/result")
    content = answer.get_data()
    answer.close()
    return answer.status_code, content


def line_of(group: Group, job: Job) -> str:
    """What a page tells of a job."""
    with group.site.app.test_request_context("/"), speaking("en"):
        (view,) = views_of([job])
        return view.line


def left(group: Group) -> list[Path]:
    """The files in the folder of results."""
    return [path for path in group.site.services.results.folder.rglob("*") if path.is_file()]


def meanwhile(
    group: Group, monkeypatch: pytest.MonkeyPatch, do_this: Callable[[], None]
) -> list[str]:
    """Have something done once the first company is read; return the short names of those that are, as they are."""
    read: list[str] = []
    built = consolidation.trial_balance

    def build(*given: Any, **named: Any) -> Any:
        entry = current_entry()
        assert entry is not None
        assert entry.tenant is not None
        read.append(entry.tenant.slug)
        made = built(*given, **named)
        if len(read) == 1:
            thread = threading.Thread(target=do_this)
            thread.start()
            thread.join()
        return made

    monkeypatch.setattr(consolidation, "trial_balance", build)
    return read


# What it makes


def test_from_the_form_to_the_file(group: Group, malee: Browser) -> None:
    """It goes back to its page, which shows how far it is, then the file: the same as the page makes at once."""
    answer = asked(malee, "north", "south", "east")
    assert answer.status_code == 303
    back = answer.headers["Location"]
    assert back.startswith(PAGE)
    assert "waits" in malee.get(back).text
    (job,) = work_off(group.site)
    assert job.state == "done", job.trace
    assert (job.tenant_id, job.line) == ("", "3 companies")
    page = malee.get(back).text
    assert f"/jobs/{job.id}/result" in page
    assert "125.00" in page
    at_once = malee.get(address("north", "south", "east", ending=".csv")).get_data()
    assert result(malee, job) == (200, at_once)
    assert "North Co, South Co, East Co" in malee.get(f"/jobs/{job.id}").text


def test_each_company_is_read_in_an_entry_of_its_own(
    group: Group, malee: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the session and a name that no other entry has; the job's own entry has no company."""
    seen: list[tuple[Any, str]] = []
    built = consolidation.trial_balance

    def build(*given: Any, **named: Any) -> Any:
        entry = current_entry()
        assert entry is not None
        assert entry.tenant is not None
        assert entry.outer is not None
        assert entry.outer.tenant is None
        seen.append((establish_key(), entry.tenant.slug))
        return built(*given, **named)

    monkeypatch.setattr(consolidation, "trial_balance", build)
    asked(malee, *BOOKS)
    (job,) = work_off(group.site)
    assert job.state == "done", job.trace
    assert [slug for _key, slug in seen] == list(BOOKS)
    assert {key[0] for key, _slug in seen} == {job.session}
    assert len({key[1] for key, _slug in seen}) == 3
    assert list(group.site.router.db_dict) == [UNIVERSAL]


def test_more_companies_than_the_page_shows(tmp_path: Path) -> None:
    """The page refuses them, and offers to make a file; past what a file may have, that is refused too."""
    group = Group(
        tmp_path / "data", consolidated=ConsolidatedReports(companies=1, file_companies=2)
    )
    malee = group.site.signed_in("malee")
    page = malee.get(address("north", "south"))
    assert page.status_code == 422
    assert "as a file beside the page" in errors_of(page)["company"]
    assert f'action="{PAGE}" class="beside' in page.text
    answer = asked(malee, "north", "south")
    (job,) = work_off(group.site)
    assert job.state == "done", job.trace
    assert answer.headers["Location"] == f"/jobs/{job.id}"
    refused = asked(malee, *BOOKS)
    assert refused.status_code == 422
    assert "2 companies at most" in errors_of(refused)["company"]
    assert len(jobs(group.site)) == 1
    group.site.close()


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"company": []}, "company"),
        ({"company": ["nothing"]}, "company"),
        ({"company": ["north", "foreign"]}, "company"),
        ({"form": "docx"}, ""),
        ({"first": "2026-12-31", "last": "2026-01-01"}, "last"),
        ({"first": "1900-01-01"}, "first"),
        ({"last": "30/2/2569"}, "last"),
        ({"show": "everything"}, "show"),
    ],
)
def test_what_is_wrong_is_told_on_the_form(
    group: Group, malee: Browser, given: dict[str, Any], place: str
) -> None:
    """At an address that can be loaded anew; no job is asked for."""
    page = malee.post(PAGE, PAGE, **{"company": ["north"], "form": "pdf", **YEAR, **given})
    assert page.status_code == 422
    assert errors_of(page)[place]
    assert malee.get(page.request.path).status_code == 200
    assert jobs(group.site) == []


def test_every_company_that_was_read_has_it_in_its_log(group: Group, malee: Browser) -> None:
    """By whom and of which days, once the file is made."""
    asked(malee, "north", "east")
    assert group.log() == []
    work_off(group.site)
    days = "2026-01-01 – 2026-12-31"
    assert group.log() == [("malee", "East Co", days), ("malee", "North Co", days)]


def test_whose_files_are_damaged_is_named_and_the_others_are_there(
    group: Group, malee: Browser
) -> None:
    """In the file, and in the job's line."""
    broken(group, "south", "file")
    asked(malee, "north", "south")
    (job,) = work_off(group.site)
    assert job.state == "done", job.trace
    assert job.line == "Without south, which could not be read; the file says why."
    rows = list(csv.reader(io.StringIO(result(malee, job)[1].decode("utf-8-sig"))))
    assert "South Co (south): Its file is missing or damaged" in rows[0]
    assert next(row[4:6] for row in rows if row[1] == CASH) == ["100.00", ""]


def test_who_is_busy_is_waited_for_and_left_out_at_last(
    group: Group, malee: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What may pass is tried again after a pause; only the last attempt goes on without the company."""
    built, attempts = consolidation.trial_balance, [0]

    def build(*given: Any, **named: Any) -> Any:
        entry = current_entry()
        assert entry is not None
        assert entry.tenant is not None
        if entry.tenant.slug == "south":
            attempts[0] += 1
            raise LockTimeout("maintained")
        return built(*given, **named)

    monkeypatch.setattr(consolidation, "trial_balance", build)
    asked(malee, "north", "south")
    for _ in range(KINDS["consolidated"].most_attempts):
        assert the_job(group).state != "done"
        work_off(group.site)
        group.site.clock.turn(600)
    job = the_job(group)
    assert (job.state, attempts) == ("done", [3])
    assert "Without south" in job.line


def test_an_archived_company_is_read_like_any_other(group: Group, malee: Browser) -> None:
    group.site.router.archive("south")
    asked(malee, "north", "south")
    (job,) = work_off(group.site)
    assert (job.state, job.line) == ("done", "2 companies")


# Whose it is


@pytest.mark.parametrize("slug", ["foreign", "nothing"])
def test_foreign_companies_are_unknown(group: Group, malee: Browser, slug: str) -> None:
    """One that exists elsewhere and one that doesn't are answered alike."""
    page = asked(malee, "north", slug)
    told = errors_of(page)["company"]
    assert told.replace(slug, "?") == "There is no company ? whose ledger you may read."


def test_membership_without_the_ledger_isnt_enough(group: Group, malee: Browser) -> None:
    """Neither to ask nor, where it was lost while the job waited, to have it done."""
    group.grant("south", wages="delete")
    assert asked(malee, "north", "south").status_code == 422
    group.grant("south")
    asked(malee, "north", "south")
    group.grant("south", wages="delete")
    (job,) = work_off(group.site)
    assert (job.state, job.reason) == ("cancelled", "rights")


@pytest.mark.parametrize("member", [False, True])
def test_a_right_that_is_taken_away_while_it_runs_stops_it(
    group: Group, malee: Browser, monkeypatch: pytest.MonkeyPatch, member: bool
) -> None:
    """Before that company is entered, also for who stays its member; nothing is left of any, and it says for which."""

    def take_away() -> None:
        group.grant("south", wages="delete") if member else group.revoke("south")

    read = meanwhile(group, monkeypatch, take_away)
    asked(malee, "north", "south", "east")
    (job,) = work_off(group.site)
    assert (job.state, job.reason) == ("cancelled", "rights")
    assert read == ["north"]
    assert left(group) == []
    assert line_of(group, job) == "It stopped as the right to read South Co was taken away."
    assert "right to read South Co" in malee.get(f"/jobs/{job.id}").text
    assert result(malee, job)[0] == 404


@pytest.mark.parametrize(
    ("change", "reason", "says"),
    [
        ("revoke", "rights", "It stopped as the right to read North Co was taken away."),
        ("suspend", "company", "It stopped as North Co was closed."),
        ("sign out", "signed_out", "It stopped as its session was over."),
    ],
)
def test_it_stops_within_a_second_whatever_it_is_at(
    group: Group,
    malee: Browser,
    monkeypatch: pytest.MonkeyPatch,
    change: str,
    reason: str,
    says: str,
) -> None:
    """As its pages are set, long after the company was read, whoever watches over jobs looks at all of them."""
    begun = threading.Event()

    def endless(form: str, table: Any, path: Path, tick: Callable[[int], None]) -> None:
        begun.set()
        pause = threading.Event()
        for _ in range(3000):
            tick(0)
            pause.wait(0.01)
        raise AssertionError("it was never stopped")

    monkeypatch.setattr(work_of, "write", endless)
    asked(malee, "north", "south")
    work = take(group.site)
    assert work is not None
    beside = Beside(group.site, work)
    assert begun.wait(20)
    if change == "revoke":
        group.revoke("north")
    elif change == "suspend":
        group.site.router.suspend("north", "it failed to pay")
    else:
        with group.site.app.app_context():
            Session.end(work.job.session)
    Watch(group.site.services, WORKER, lambda: [work]).look()
    if change == "sign out":
        Watch(group.site.services, WORKER, lambda: [work]).look()
    job = beside.end()
    assert (job.state, job.reason) == ("cancelled", reason)
    assert line_of(group, job) == says
    assert left(group) == []


@pytest.mark.parametrize("slug", ["north", "south"])
def test_a_company_that_is_closed_meanwhile_stops_it(
    group: Group, malee: Browser, monkeypatch: pytest.MonkeyPatch, slug: str
) -> None:
    """Whether it was to be read yet or had been; in words, and without its reason, which is the operator's."""

    def suspend() -> None:
        group.site.router.suspend(slug, "it failed to pay")

    read = meanwhile(group, monkeypatch, suspend)
    asked(malee, "north", "south", "east")
    work = take(group.site)
    assert work is not None
    if slug == "north":  # it was read: whoever watches sees it
        last = work_of.consolidated_paper

        def look(*given: Any) -> Any:
            Watch(group.site.services, WORKER, lambda: [work]).look()
            return last(*given)

        monkeypatch.setattr(work_of, "consolidated_paper", look)
    job = do(group.site, work)
    assert (job.state, job.reason) == ("cancelled", "company"), job.trace
    assert line_of(group, job) == f"It stopped as {slug.title()} Co was closed."
    assert read == (["north"] if slug == "south" else ["north", "south", "east"])
    assert left(group) == []


def test_its_file_goes_with_a_company_that_is_purged(group: Group, malee: Browser) -> None:
    """The figures of one that is no more aren't kept in a file of several."""
    asked(malee, "north", "south")
    work_off(group.site)
    assert len(left(group)) == 1
    with group.site.app.app_context():
        group.site.router.suspend("south", "closing down")
        purge_company(group.site.router, "south", confirmed="south")
        ask("clean_up", {}, Asker(identity="schedule:clean_up"), now=group.site.clock())
    work_off(group.site)
    assert left(group) == []


def test_a_company_that_is_purged_while_it_waits(group: Group, malee: Browser) -> None:
    """Nobody knows the company any more: it ends cleanly as its turn comes."""
    asked(malee, "north", "south")
    with group.site.app.app_context():
        group.site.router.suspend("south", "it moves out")
        purge_company(group.site.router, "south", confirmed="south")
    (job,) = work_off(group.site)
    assert (job.state, job.reason) == ("cancelled", "company"), job.trace
    assert line_of(group, job) == "It stopped as one of its companies is no more."
    assert left(group) == []


@pytest.mark.parametrize("change", ["revoke", "no ledger", "suspend"])
def test_its_file_is_for_who_may_read_every_company_by_now(
    group: Group, malee: Browser, change: str
) -> None:
    """Where one is lost, nothing is had of the others either, nor is it run again; it is there again with the right."""
    asked(malee, "north", "south")
    (job,) = work_off(group.site)
    assert result(malee, job)[0] == 200
    if change == "revoke":
        group.revoke("south")
    elif change == "no ledger":
        group.grant("south", wages="delete")
    else:
        group.site.router.suspend("south", "it failed to pay")
    status, content = result(malee, job)
    assert status == 404
    assert b"25.00" not in content
    assert b"open to you any more" in content
    assert malee.post(f"/jobs/{job.id}/again", "/jobs").status_code == 404
    for page in (f"/jobs/{job.id}", "/jobs", f"/jobs/{job.id}/piece", "/jobs/state.json"):
        assert "25.00" not in malee.get(page).text
    if change == "suspend":
        group.site.router.resume("south")
    else:
        group.grant("south")
    assert result(malee, job)[0] == 200


def test_nobody_elses_file(group: Group, malee: Browser) -> None:
    """Not even an administrator's, nor a member's of the same companies; and none sees the other's job."""
    asked(malee, "north", "south")
    (job,) = work_off(group.site)
    other = group.site.user("other")
    with group.site.app.app_context():
        for slug in BOOKS:
            Membership.grant(other, group.site.router.tenant(slug).id)
    assert result(group.site.signed_in("other"), job)[0] == 404
    chief = group.site.signed_in("chief")
    assert chief.get(f"/jobs/{job.id}").status_code == 200
    assert result(chief, job)[0] == 404
    assert chief.post(f"/jobs/{job.id}/again", "/jobs").status_code == 403


def test_companies_are_named_to_their_members(group: Group, malee: Browser) -> None:
    """What a company is called by now is told to who is still its member; some names, where there are many."""
    for n in range(3):
        group.make(f"shop-{n}", "THB", 100)
        group.grant(f"shop-{n}")
    asked(malee, "south", "north", "shop-0", "shop-1", "shop-2")
    page = f"/jobs/{the_job(group).id}"
    assert "South Co, North Co, Shop-0 Co and 2 more" in malee.get(page).text
    group.revoke("south")
    told = malee.get(page).text
    with group.site.app.app_context():
        assert where(the_job(group)) == "North Co, Shop-0 Co and 3 more"  # in a letter, too
    assert "South Co" not in told
    assert "North Co, Shop-0 Co and 3 more" in told


def test_run_again_with_the_rights_of_now(group: Group, malee: Browser) -> None:
    """The same companies, days and form, as a new job."""
    asked(malee, "north", "south")
    (first,) = work_off(group.site)
    assert malee.post(f"/jobs/{first.id}/again", "/jobs").status_code == 303
    (second,) = work_off(group.site)
    assert second.id != first.id
    assert result(malee, second)[1] == result(malee, first)[1]


@pytest.mark.parametrize(
    "given",
    [{}, {"companies": []}, {"companies": "north"}, {"companies": 7}, {"companies": ["north"]}],
)
def test_a_job_that_names_no_company_is_nobodys(
    group: Group, malee: Browser, given: dict[str, Any]
) -> None:
    """Whatever was written into its row: it isn't done, and no file of it is given out."""
    with group.site.app.app_context():
        user = User.get(User.name == "malee")
        session = Session.get(Session.user == user)
        arguments = {"form": "csv", **YEAR, **given}
        ask("consolidated", arguments, Asker(user.id, session.digest), now=group.site.clock())
    (job,) = work_off(group.site)
    assert job.state == "cancelled", job.trace
    assert malee.get(f"/jobs/{job.id}").status_code == 200
    folder = group.site.services.results.folder / job.id / "made"
    folder.mkdir(parents=True)
    (folder / "result").write_text("figures", "utf-8")
    with group.site.app.app_context():
        place = f"{job.id}/made/result"
        Job.update(state="done", result_place=place, result_name="x").where(
            Job.id == job.id
        ).execute()
    assert result(malee, fresh(group.site, job.id))[0] == 404


def test_the_server_asks_for_it_too(group: Group) -> None:
    """Under a name of its own, each company in an entry of its own; a closed one stops it."""
    ids = [group.site.router.tenant(slug).id for slug in ("north", "south")]
    arguments = {"form": "csv", "companies": ids, **YEAR}
    with group.site.app.app_context():
        ask("consolidated", arguments, Asker(identity="night shift"), now=group.site.clock())
    (job,) = work_off(group.site)
    assert (job.state, job.line) == ("done", "2 companies"), job.trace
    group.site.router.suspend("south", "it failed to pay")
    for given in (arguments, {**arguments, "companies": ["north"]}):  # a short name is no id
        with group.site.app.app_context():
            ask("consolidated", given, Asker(identity="night shift"), now=group.site.clock())
        (job,) = work_off(group.site)
        assert (job.state, job.reason) == ("cancelled", "company")


def test_days_are_those_of_the_form(group: Group, malee: Browser) -> None:
    """What a preset means is settled as it is asked for, so that the job does what its asker saw."""
    malee.post(PAGE, PAGE, company="north", form="csv", preset="last-year")
    assert the_job(group).given["first"] == "2026-01-01"
    assert the_job(group).given["last"] == "2026-12-31"
    assert "1 Jan 2026" in malee.get("/jobs").text
    assert DAYS == "first=2026-01-01&last=2026-12-31"
