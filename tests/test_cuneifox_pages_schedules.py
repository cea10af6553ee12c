"""Schedules in the pages: what the server does by itself, when it is next, and changing that."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cuneifox.cron_words import in_words
from cuneifox.i18n import speaking
from cuneifox.jobs.scheduling import ask_for_what_is_due, make_defaults
from cuneifox_site import Browser, Site
from job_site import jobs, work_off
from ledger_site import errors_of
from models.jobs.schedules import Schedule
from models.months import month_state

NOW = datetime(2026, 3, 10, 5, 0, tzinfo=UTC).timestamp()  # noon in Bangkok


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "data")
    made.clock.at = NOW
    keeper = made.user("keeper")
    made.user("admin", administers=True)
    made.company("acme", keeper)
    with made.app.app_context():
        make_defaults(made.services)
    yield made
    made.close()


@pytest.fixture
def admin(site: Site) -> Browser:
    return site.signed_in("admin")


def schedules(site: Site) -> list[Schedule]:
    with site.app.app_context():
        return list(Schedule.select().order_by(Schedule.id))


def due(site: Site) -> list[str]:
    with site.app.app_context():
        return ask_for_what_is_due(site.services, site.clock())


def test_what_every_installation_has(site: Site, admin: Browser) -> None:
    """In words, with the next times on clocks of its zone; asked for again it stays one of each."""
    with site.app.app_context():
        make_defaults(site.services)
    page = admin.get("/schedules").text
    for title in ("Backup of all companies", "Drill of restoring backups", "Cleaning up"):
        assert page.count(f'<th scope="row">{title}') == 1
    assert "At 01:30" in page
    assert "11 Mar 2026 01:30" in page
    assert "12 Mar 2026 01:30" in page
    assert "<th" in page
    assert (
        '<th scope="col"></th>' not in page
    )  # a heading that says nothing is read out all the same


def test_in_words_of_the_reader() -> None:
    assert in_words("0 2 1 * *") == "At 02:00, on day 1 of the month"
    with speaking("th"):
        assert in_words("0 2 1 * *") != "At 02:00, on day 1 of the month"
        assert "02:00" in in_words("0 2 1 * *")
    assert in_words("nonsense") == "nonsense"


def test_only_administrators(site: Site) -> None:
    keeper = site.signed_in("keeper")
    assert keeper.get("/schedules").status_code == 403
    for path in ("/schedules", "/schedules/1/run", "/schedules/1/pause", "/schedules/1/delete"):
        assert keeper.post(path, "/companies").status_code == 403
    assert jobs(site) == []


def test_freezing_months_by_schedule(site: Site, admin: Browser) -> None:
    """On its slot the month before is frozen, once, by the server under a name of its own."""
    form = {
        "kind": "freeze_month",
        "company": "acme",
        "cron": "0 2 5 * *",
        "zone": "Asia/Bangkok",
        "missed": "latest",
    }
    assert admin.post("/schedules", "/schedules", **form).status_code == 303
    site.clock.at = datetime(
        2026, 4, 4, 19, 0, 1, tzinfo=UTC
    ).timestamp()  # 5 April, 02:00 in Bangkok
    due(site)
    due(site)
    done = [job for job in work_off(site) if job.kind == "freeze_month"]
    assert [job.state for job in done] == ["done"], done[0].trace
    with site.app.app_context(), site.router.using("acme"):
        assert month_state(202603) == "frozen"
        assert month_state(202604) == "open"
    assert due(site) == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "nonsense"}, "kind"),
        ({"kind": "freeze_month", "company": ""}, "company"),
        ({"kind": "freeze_month", "company": "nobody"}, "company"),
        ({"cron": "61 * * * *"}, "cron"),
        ({"cron": "* * * *"}, "cron"),
        ({"cron": "0 0 30 2 *"}, "cron"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"zone": "../../etc/passwd"}, "zone"),
        ({"missed": "never"}, "missed"),
    ],
)
def test_a_form_that_is_wrong(
    site: Site, admin: Browser, wrong: dict[str, str], field: str
) -> None:
    """Says where and what, keeps what was typed, and changes nothing."""
    form = {
        "kind": "backup",
        "company": "",
        "cron": "0 2 5 * *",
        "zone": "Asia/Bangkok",
        "missed": "latest",
    }
    before = len(schedules(site))
    page = admin.post("/schedules", "/schedules", **form | wrong)
    assert page.status_code == 422
    assert list(errors_of(page)) == [field]
    assert len(schedules(site)) == before


def test_rest_and_go_on(site: Site, admin: Browser) -> None:
    """While it rests nothing is asked for, and what passed meanwhile isn't made up for."""
    (number,) = [each.id for each in schedules(site) if each.name == "clean-up"]
    assert admin.post(f"/schedules/{number}/pause", "/schedules").status_code == 303
    assert "rests" in admin.get("/schedules").text
    site.clock.turn(1100)
    assert due(site) == []
    site.clock.turn(60)
    admin.post(f"/schedules/{number}/resume", "/schedules")
    assert due(site) == []
    site.clock.turn(3600)
    assert len(due(site)) == 1


def test_run_now_and_delete(site: Site, admin: Browser) -> None:
    """What the program brings can't be deleted, only rest; what somebody made can."""
    (number,) = [each.id for each in schedules(site) if each.name == "clean-up"]
    assert admin.post(f"/schedules/{number}/delete", "/schedules").status_code == 422
    answer = admin.post(f"/schedules/{number}/run", "/schedules")
    assert answer.status_code == 303
    (done,) = work_off(site)
    assert (done.kind, done.state, done.identity) == ("clean_up", "done", "schedule:clean_up")
    form = {"kind": "check_up", "cron": "0 2 5 * *", "zone": "Asia/Bangkok", "missed": "skip"}
    admin.post("/schedules", "/schedules", **form)
    mine = schedules(site)[-1]
    assert admin.post(f"/schedules/{mine.id}/delete", "/schedules").status_code == 303
    assert mine.id not in [each.id for each in schedules(site)]
    for nobodys in (999, 2**63):
        assert admin.post(f"/schedules/{nobodys}/run", "/schedules").status_code == 404


def test_check_up_tells_of_a_company_that_cant_be_opened(site: Site, admin: Browser) -> None:
    """It fails, and names the company; a sound installation passes."""
    (number,) = [each.id for each in schedules(site) if each.name == "check-up"]
    admin.post(f"/schedules/{number}/run", "/schedules")
    (good,) = work_off(site)
    assert good.state == "done", good.trace
    with site.app.app_context():
        path = Path(site.router.tenant("acme").stores["books"].path)
        site.router.pool.close()
    path.unlink()
    admin.post(f"/schedules/{number}/run", "/schedules")
    (bad,) = work_off(site)
    assert bad.state == "failed"
    assert "acme" in bad.error
