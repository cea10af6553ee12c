"""The pages of jobs: one's own, what they have made for whom, and the bell."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cuneifox.job_events import Streams
from cuneifox.job_view import about
from cuneifox.pages.jobs import PAGE
from cuneifox_site import Browser, Site
from job_site import fresh, known_kind, take, work_off, write_text
from models.company_life import purge_company, suspend_company
from models.jobs import ending
from models.jobs.asking import Asker, ask
from models.jobs.job import SOON, Job
from models.jobs.leases import JobWorker
from models.people import Membership, Session, User


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "data")
    keeper, other = made.user("keeper"), made.user("other")
    made.user("admin", administers=True)
    made.company("acme", keeper, other)
    with known_kind("write", write_text("of the acme company"), needs=(("ledger", "read"),)):
        yield made
    made.close()


def asked(site: Site, name: str = "keeper", kind: str = "write", company: str = "acme") -> Job:
    """A job that somebody asked for in their latest session."""
    with site.app.app_context():
        user = User.get(User.name == name)
        session = (
            Session.select().where(Session.user == user).order_by(Session.started_at.desc()).get()
        )
        tenant_id = site.router.tenant(company).id
        job, _ = ask(
            kind,
            {},
            Asker(user.id, session.digest),
            now=site.clock(),
            tenant_id=tenant_id,
            most_attempts=3,
        )
        return job


def purge(site: Site, tenant_id: str) -> None:
    suspend_company(site.router, tenant_id, reason="closing down")
    purge_company(site.router, tenant_id, confirmed="acme")


@pytest.mark.parametrize(
    "close",
    [
        lambda site, tenant_id: Membership.revoke(User.get(User.name == "keeper"), tenant_id),
        lambda site, tenant_id: suspend_company(site.router, tenant_id, reason="audit"),
        purge,
    ],
    ids=["left", "suspended", "purged"],
)
def test_nothing_is_offered_of_a_company_that_is_closed_to_them(site: Site, close: Any) -> None:
    """The list and the page say so in place of the buttons, which would all be refused."""
    keeper = site.signed_in("keeper")
    job = asked(site)
    work_off(site)
    assert "Download" in keeper.get("/jobs").text
    with site.app.app_context():
        close(site, job.tenant_id)
    for path in ("/jobs", f"/jobs/{job.id}", f"/jobs/{job.id}/piece"):
        page = keeper.get(path).text
        assert "The company of this job isn&#39;t open to you any more." in page
        assert "Download" not in page
        assert "Run again" not in page
    assert keeper.get(f"/jobs/{job.id}/result").status_code == 404


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"first": "2026-01-01", "last": "2026-12-31"}, "1 Jan 2026 – 31 Dec 2026"),
        ({"first": "2026-01-01", "last": "2026-01-01"}, "1 Jan 2026"),
        ({"last": "2026-12-31"}, "Up to 31 Dec 2026"),
        ({"first": "2026-01-01"}, "From 1 Jan 2026"),
        ({"first": "01/01/2569", "last": "31/12/2569"}, "1 Jan 2026 – 31 Dec 2026"),
        ({"account": "1113", "first": "soon"}, "1113, From soon"),
        ({}, ""),
    ],
)
def test_its_days_are_told_as_they_are(given: dict[str, str], said: str) -> None:
    """A range that begins with the books isn't taken for its last day."""
    assert about(given) == said


def test_from_asking_to_the_file(site: Site) -> None:
    """It waits, is done, and can be had by who asked; the list says so each time."""
    keeper = site.signed_in("keeper")
    job = asked(site)
    assert "waits" in keeper.get("/jobs").text
    assert f'data-job="{job.id}"' in keeper.get("/jobs").text
    work_off(site)
    page = keeper.get(f"/jobs/{job.id}").text
    assert "Download" in page
    assert "written" in page
    answer = keeper.get(f"/jobs/{job.id}/result")
    assert answer.get_data(as_text=True) == "of the acme company"
    assert answer.headers["Content-Disposition"] == "attachment; filename=paper.txt"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.mimetype == "text/plain"
    answer.close()


def test_a_result_is_for_who_asked_alone(site: Site) -> None:
    """Neither another member nor an administrator has it; a stranger isn't told that it is there."""
    site.signed_in("keeper")
    job = asked(site)
    work_off(site)
    other, admin = site.signed_in("other"), site.signed_in("admin")
    for path in ("", "/piece", "/result"):
        assert other.get(f"/jobs/{job.id}{path}").status_code == 404
        assert site.browser().get(f"/jobs/{job.id}{path}").status_code in (302, 303)
    assert admin.get(f"/jobs/{job.id}").status_code == 200
    assert "Download" not in admin.get(f"/jobs/{job.id}").text
    assert admin.get(f"/jobs/{job.id}/result").status_code == 404
    assert other.post(f"/jobs/{job.id}/cancel", "/jobs").status_code == 404
    assert other.post(f"/jobs/{job.id}/again", "/jobs").status_code == 404
    assert other.get("/jobs/all").status_code == 403


def test_a_result_goes_with_the_right_to_it(site: Site) -> None:
    """Whoever is no member any more can't fetch what was made while they were."""
    keeper = site.signed_in("keeper")
    job = asked(site)
    work_off(site)
    with site.app.app_context():
        user = User.get(User.name == "keeper")
        Membership.grant(user, job.tenant_id, {"ledger": "none"})
    assert keeper.get(f"/jobs/{job.id}/result").status_code == 403
    with site.app.app_context():
        Membership.revoke(user, job.tenant_id)
    assert keeper.get(f"/jobs/{job.id}/result").status_code == 404
    assert keeper.post(f"/jobs/{job.id}/again", "/jobs").status_code == 404


def test_a_result_that_expired(site: Site) -> None:
    """It says what to do: run it again."""
    keeper = site.signed_in("keeper")
    job = asked(site)
    work_off(site)
    site.services.results.drop(job.id)
    answer = keeper.get(f"/jobs/{job.id}/result")
    assert answer.status_code == 404
    assert "Run it again" in answer.text


def test_cancel_and_run_again(site: Site) -> None:
    keeper = site.signed_in("keeper")
    job = asked(site)
    assert keeper.post(f"/jobs/{job.id}/again", "/jobs").status_code == 409
    assert keeper.post(f"/jobs/{job.id}/cancel", "/jobs").status_code == 303
    assert fresh(site, job.id).state == "cancelled"
    assert work_off(site) == []
    assert "It was cancelled." in keeper.get(f"/jobs/{job.id}").text
    answer = keeper.post(f"/jobs/{job.id}/again", "/jobs")
    assert answer.status_code == 303
    (done,) = work_off(site)
    assert answer.headers["Location"].endswith(done.id)
    assert done.state == "done"


def test_a_job_says_why_it_failed(site: Site) -> None:
    """In words for who asked; with the trace for an administrator."""

    def fail(work: object) -> None:
        raise ZeroDivisionError("in our code")

    keeper, admin = site.signed_in("keeper"), site.signed_in("admin")
    with known_kind("fail", fail):
        job = asked(site, kind="fail")
        work_off(site)
        page, operators = keeper.get(f"/jobs/{job.id}").text, admin.get(f"/jobs/{job.id}").text
    assert "Something went wrong on our side" in page
    assert "ZeroDivisionError" not in page
    assert "ZeroDivisionError: in our code" in operators


def state_of(browser: Browser) -> dict[str, list[dict[str, object]]]:
    answer = browser.get("/jobs/state.json")
    assert answer.status_code == 200
    read: dict[str, list[dict[str, object]]] = answer.get_json()
    return read


def test_the_bell(site: Site) -> None:
    """It counts what is under way, and rings until its owner has seen the end."""
    keeper, other = site.signed_in("keeper"), site.signed_in("other")
    job = asked(site)
    assert 'data-under-way="1"' in keeper.get("/companies").text
    assert 'data-under-way="0"' in other.get("/companies").text
    work = take(site)
    assert work is not None
    with site.app.app_context():
        ending.report(work.job, 420, "page 3")
    (open_one,) = state_of(keeper)["under_way"]
    assert open_one == {
        "id": job.id, "state": "running", "progress": 0.42, "line": "page 3", "anew": "",
    }  # fmt: skip
    assert state_of(other) == {"under_way": [], "ended": []}
    with site.app.app_context():
        ending.succeed(work.job, None, "", now=site.clock())
    assert state_of(keeper)["ended"][0]["text"] == "Test write is ready."
    assert "data-count>1<" in keeper.get("/companies").text
    keeper.get(f"/jobs/{job.id}")
    assert state_of(keeper)["ended"] == []
    assert "data-count><" in keeper.get("/companies").text


def heard(step: bytes) -> dict[str, list[dict[str, object]]]:
    told: dict[str, list[dict[str, object]]] = json.loads(step.removeprefix(b"data: "))
    return told


def test_events_tell_of_each_change_until_all_is_done(site: Site) -> None:
    """A page that listens hears at once how its reader's jobs stand, and has its thread back as nothing is left."""
    keeper = site.signed_in("keeper")
    job = asked(site)
    answer = keeper.get("/jobs/events", buffered=False)
    assert answer.mimetype == "text/event-stream"
    steps = iter(answer.response)
    assert next(steps).startswith(b"retry:")
    assert [one["id"] for one in heard(next(steps))["under_way"]] == [job.id]
    work_off(site)
    second = heard(next(steps))
    assert second["under_way"] == []
    assert [one["id"] for one in second["ended"]] == [job.id]
    assert list(steps) == []
    answer.close()


def test_events_end_with_the_session(site: Site) -> None:
    """Whoever has signed out hears no more, though jobs go on."""
    keeper = site.signed_in("keeper")
    asked(site)
    answer = keeper.get("/jobs/events", buffered=False)
    steps = iter(answer.response)
    next(steps), next(steps)
    with site.app.app_context():
        Session.delete().execute()
    assert list(steps) == []
    answer.close()


def test_only_so_many_may_listen(site: Site) -> None:
    """Each holds a thread of the server; the others are told to ask instead, and room comes back."""
    keeper = site.signed_in("keeper")
    asked(site)
    site.app.extensions["job_streams"] = Streams(1)
    first = keeper.get("/jobs/events", buffered=False)
    assert first.status_code == 200
    second = keeper.get("/jobs/events", buffered=False)
    assert (second.status_code, second.headers["Retry-After"]) == (503, "5")
    second.close()
    first.close()
    third = keeper.get("/jobs/events", buffered=False)
    assert third.status_code == 200
    third.close()


def test_streams_end_as_the_server_stops(site: Site) -> None:
    """Though jobs go on; the browser asks again, and finds the next server."""
    keeper = site.signed_in("keeper")
    asked(site)
    site.app.extensions["job_streams"].are_over = lambda: True
    answer = keeper.get("/jobs/events", buffered=False)
    assert [step[:5] for step in answer.response] == [b"retry", b"data:"]
    answer.close()


def test_administrators_see_all(site: Site) -> None:
    """Whoever asked, and the server's own; narrowed to a state; others' progress too."""
    site.signed_in("keeper")
    job = asked(site)
    with site.app.app_context():
        ask("clean_up", {}, Asker(identity="schedule:clean_up"), now=site.clock())
    admin = site.signed_in("admin")
    page = admin.get("/jobs/all").text
    assert f'data-job="{job.id}"' in page
    assert "the server itself" in page
    assert admin.get("/jobs/all?state=failed").text.count("data-job=") == 0
    everybody = admin.get("/jobs/state.json?all=1").get_json()["under_way"]
    assert len(everybody) == 2
    keeper = site.signed_in("keeper")
    assert len(keeper.get("/jobs/state.json?all=1").get_json()["under_way"]) == 1


def told(browser: Browser, job: Job, part: str = "line") -> str:
    """What is told of a job on its page, in the list, and to a page that listens: the same in all three."""
    (heard,) = [one for one in state_of(browser)["under_way"] if one["id"] == job.id]
    for path in (f"/jobs/{job.id}", "/jobs", f"/jobs/{job.id}/piece"):
        shown = re.search(rf'data-part="{part}">([^<]*)<', browser.get(path).text)
        assert shown is not None
        assert html.unescape(shown[1]) == heard[part]
    return str(heard[part])


def test_a_job_says_what_it_waits_for(site: Site) -> None:
    """A worker at all, its company's share, those before it, and the end of a pause."""
    keeper = site.signed_in("keeper")
    job = asked(site)
    assert told(keeper, job).startswith("No worker is there to do it.")
    with site.app.app_context():
        JobWorker.begin("w", 1, 2, now=site.clock())
    assert told(keeper, job) == "It is next."
    with site.app.app_context():
        ask("write", {}, Asker(), now=site.clock() - 1, priority=SOON)
    assert told(keeper, job) == "1 job comes before it."
    with site.app.app_context():
        Job.update(tenant_id=job.tenant_id).where(Job.id != job.id).execute()
    work = take(site)
    assert work is not None
    assert told(keeper, job) == "It waits for other jobs of its company: none has all the workers."
    with site.app.app_context():
        Job.update(due_at=site.clock() + 60, error="The books were busy.").where(
            Job.id == job.id
        ).execute()
    later = site.services.local(site.clock() + 60)
    assert (
        told(keeper, job)
        == f"It is tried again at {later:%H:%M:%S}. The last time: The books were busy."
    )


def test_a_job_says_that_it_was_begun_anew(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """Once its worker was lost: to who asked, while it waits and runs and has ended, and in the log."""
    keeper = site.signed_in("keeper")
    job = asked(site)
    for said in (
        "Begun anew: the worker that had it was gone.",
        "Begun anew 2 times: the workers that had it were gone.",
    ):
        work = take(site)
        assert work is not None
        with site.app.app_context():
            ending.lose(work.job, now=site.clock())
        assert told(keeper, job, "anew") == said
    with caplog.at_level("INFO", "cuneifox.jobs"):
        work_off(site)
    assert (
        f"Job {job.id} (write) begins: attempt 1; begun anew, as its worker was gone: time 3"
        in caplog.text
    )
    assert "Begun anew 2 times" in keeper.get(f"/jobs/{job.id}").text


def test_no_job_is_skipped_where_a_page_ends(site: Site) -> None:
    """However many were asked for in the same moment, each stands on one page of the list, and on one alone."""
    keeper, admin = site.signed_in("keeper"), site.signed_in("admin")
    wanted = sorted(asked(site).id for _ in range(2 * PAGE + 3))
    for browser, path in ((keeper, "/jobs"), (admin, "/jobs/all?state=waiting")):
        found, address = [], path
        while address:
            page = browser.get(address).text
            found += re.findall(r'data-job="([a-z2-7]+)"', page)
            link = re.search(r'href="([^"]*before=[^"]*)"', page)
            address = html.unescape(link[1]) if link else ""
        assert sorted(found) == wanted


@pytest.mark.parametrize("before", ["", "x", "1e999:", "nan:a", ":", "1800000000.0", "a:b:c"])
def test_a_page_that_begins_nowhere_is_shown(site: Site, before: str) -> None:
    """As the first one, or as an empty one; never an error."""
    keeper = site.signed_in("keeper")
    asked(site)
    assert keeper.get(f"/jobs?before={before}").status_code == 200


def test_files_of_purged_companies_are_removed(site: Site) -> None:
    """The job stays, and says how it ended; files of other companies, and of none, stay too."""
    keeper = site.signed_in("keeper")
    site.company("other", User.get(User.name == "keeper"))
    gone, kept = asked(site), asked(site, company="other")
    work_off(site)
    with site.app.app_context():
        purge(site, gone.tenant_id)
        ask("clean_up", {}, Asker(identity="schedule:clean_up"), now=site.clock())
    work_off(site)
    assert [home.name for home in site.services.results.folder.iterdir()] == [kept.id]
    assert fresh(site, gone.id).state == "done"
    assert keeper.get(f"/jobs/{gone.id}/result").status_code == 404


def test_old_ones_and_their_files_are_removed(site: Site) -> None:
    """After as many days as the settings say, with results that no job knows of; others stay."""
    site.signed_in("keeper")
    old = asked(site)
    work_off(site)
    (site.services.results.folder / "strayed").mkdir()
    site.clock.turn(site.config.jobs.keep_days * 86400 + 1)
    site.signed_in("keeper")
    young = asked(site)
    with site.app.app_context():
        cleaning, _ = ask("clean_up", {}, Asker(identity="schedule:clean_up"), now=site.clock())
    work_off(site)
    assert fresh(site, cleaning.id).state == "done"
    with site.app.app_context():
        assert Job.get_or_none(Job.id == old.id) is None
        assert Job.get_by_id(young.id).state == "done"
    assert [home.name for home in site.services.results.folder.iterdir()] == [young.id]
