"""A job runs under its own key, with the rights of whoever asked, and stops where those end."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cuneifox.jobs.requesting import request_job
from cuneifox.jobs.watching import Watch
from cuneifox.jobs.work import Work
from cuneifox.visits import Visit
from cuneifox_site import Site
from job_site import WORKER, Beside, do, fresh, jobs, known_kind, take, work_off, write_text
from models.company_life import purge_company, suspend_company
from models.errors import NotAllowed, NotFound
from models.jobs import leases, stopping
from models.jobs.asking import Asker, ask
from models.jobs.job import Job
from models.people import Membership, Session, User
from tenants import LockTimeout, current_entry, current_store, establish_key


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "data")
    made.user("keeper")
    made.company("acme", *_users(made))
    made.company("globex", *_users(made))
    yield made
    made.close()


def _users(site: Site) -> list[User]:
    with site.app.app_context():
        return list(User.select())


def ask_as(site: Site, kind: str, slug: str = "acme", arguments: Any = None) -> Job:
    """Ask for a job as the keeper, in a session of their own."""
    with site.app.test_request_context("/"):
        tenant = site.router.tenant(slug)
        user = User.get()
        token = Session.start(user, now=site.clock(), lifetime=3600)
        session = Session.live(token, now=site.clock(), idle=3600)
        assert session is not None
        visit = Visit(session, user, tenant=tenant, membership=Membership.find(user, tenant.id))
        return request_job(visit, kind, arguments or {})


def ask_as_server(site: Site, kind: str, slug: str = "acme") -> Job:
    with site.app.app_context():
        tenant_id = site.router.tenant(slug).id
        job, _ = ask(
            kind, {}, Asker(identity="schedule:test"), now=site.clock(), tenant_id=tenant_id
        )
        return job


def test_a_persons_job_has_a_key_of_session_and_thread(site: Site) -> None:
    """Its second half is a name that no other entry has, and nothing of the thread's is current in it."""
    seen = []

    def look(work: Work) -> None:
        entry = current_entry()
        assert entry is not None
        assert entry.tenant is not None
        seen.append((establish_key(), entry.tenant.slug, work.actor.name))

    with known_kind("look", look, needs=(("ledger", "read"),)):
        asked = [ask_as(site, "look", slug) for slug in ("acme", "globex")]
        work_off(site)
    keys = [key for key, _slug, _name in seen]
    assert {key[0] for key in keys} == {job.session for job in asked}
    assert len({key[1] for key in keys}) == 2
    assert [slug for _key, slug, _name in sorted(seen, key=lambda row: row[1])] == [
        "acme",
        "globex",
    ]
    assert list(site.router.db_dict) == [("universal", None)]


def test_the_servers_job_has_a_key_of_its_thread_alone(site: Site) -> None:
    """It does it under a name of its own, with the rights that its kind needs and no more."""
    seen = []

    def look(work: Work) -> None:
        seen.append((establish_key(), work.actor.user_id, work.actor.name))
        work.actor.demand("ledger", "read")
        with pytest.raises(NotAllowed):
            work.actor.demand("ledger", "add")

    with known_kind("look", look, needs=(("ledger", "read"),)):
        ask_as_server(site, "look")
        (job,) = work_off(site)
    assert job.state == "done", job.trace
    ((key, actor_id, name),) = seen
    assert key[1] is None
    assert actor_id == "system:schedule:test"
    assert name == "schedule:test"


def test_each_job_works_on_its_own_company(site: Site) -> None:
    """A worker's thread that did one company's job reads another's books in the next."""
    seen = []

    def look(work: Work) -> None:
        store = current_store("books")
        assert work.tenant is not None
        seen.append((work.tenant.slug, store.label))
        assert work.company is not None
        assert work.company.name == f"The {work.tenant.slug} company"

    with known_kind("look", look):
        for slug in ("acme", "globex", "acme"):
            ask_as(site, "look", slug)
        work_off(site)
    assert sorted(seen) == [("acme", "acme/books")] * 2 + [("globex", "globex/books")]


class Waiting:
    """Work that goes on until it is stopped: it tells how far it is, over and over."""

    def __init__(self) -> None:
        self.begun = threading.Event()

    def __call__(self, work: Work) -> None:
        current_store("books").execute_sql("SELECT count FROM ledger_state").fetchone()
        self.begun.set()
        pause = threading.Event()
        for _ in range(3000):
            work.progress(0.5, "half of it")
            pause.wait(0.01)
        raise AssertionError("it was never stopped")


def watching(site: Site, beside: Beside) -> Watch:
    return Watch(site.services, WORKER, lambda: [beside.work])


def run_until_stopped(site: Site, stop: Any) -> Job:
    """Run a job of the keeper's in acme, call `stop` while it does, look as the watch does, and return its end."""
    waiting = Waiting()
    with known_kind("wait", waiting, needs=(("ledger", "read"),)):
        job = ask_as(site, "wait")
        work = take(site)
        assert work is not None
        assert work.job.id == job.id
        beside = Beside(site, work)
        assert waiting.begun.wait(20)
        stop(job)
        watch = watching(site, beside)
        for _ in range(3):
            site.clock.turn(2)
            watch.look()
        return beside.end()


def test_cancelled_while_it_runs(site: Site) -> None:
    """At its next step it stops, and says that somebody wanted it to."""

    def cancel(job: Job) -> None:
        with site.app.app_context():
            assert stopping.cancel(job.id, now=site.clock())

    job = run_until_stopped(site, cancel)
    assert (job.state, job.reason) == ("cancelled", "asked")
    assert job.ended_at is not None


def test_signing_out_stops_it(site: Site) -> None:
    """What was asked for in a session ends with it."""

    def sign_out(job: Job) -> None:
        with site.app.app_context():
            Session.end(job.session)

    job = run_until_stopped(site, sign_out)
    assert (job.state, job.reason) == ("cancelled", "signed_out")


def test_a_session_that_only_idles_doesnt(site: Site) -> None:
    """Whoever went for lunch finds the report when they come back."""
    with known_kind("write", write_text("a page"), needs=(("ledger", "read"),)):
        ask_as(site, "write")
        site.clock.turn(3000)  # longer than sessions may idle
        (job,) = work_off(site)
    assert job.state == "done"


def test_taking_the_right_away_stops_it(site: Site) -> None:
    def revoke(job: Job) -> None:
        with site.app.app_context():
            Membership.revoke(User.get(), job.tenant_id)

    job = run_until_stopped(site, revoke)
    assert (job.state, job.reason) == ("cancelled", "rights")


def test_suspending_the_company_stops_it(site: Site) -> None:
    def suspend(job: Job) -> None:
        with site.app.app_context():
            suspend_company(site.router, "acme", reason="audit")

    job = run_until_stopped(site, suspend)
    assert (job.state, job.reason) == ("cancelled", "company")


def test_a_company_that_is_purged_meanwhile(site: Site) -> None:
    """What waits for its turn ends cleanly as its turn comes, for nobody knows the company any more."""
    with known_kind("write", write_text("a page")):
        job = ask_as(site, "write")
        with site.app.app_context():
            suspend_company(site.router, "acme", reason="closing down")
            purge_company(site.router, "acme", confirmed="acme")
        work_off(site)
    job = fresh(site, job.id)
    assert (job.state, job.reason) == ("cancelled", "company")
    assert list(site.services.results.folder.rglob("*")) == []


def test_a_company_is_purged_though_a_job_of_it_ran(site: Site) -> None:
    """The job stops as the company is suspended, and holds none of its files after."""

    def suspend(job: Job) -> None:
        with site.app.app_context():
            suspend_company(site.router, "acme", reason="closing down")

    job = run_until_stopped(site, suspend)
    assert job.state == "cancelled"
    with site.app.app_context():
        purge_company(site.router, "acme", confirmed="acme")
        assert [tenant.slug for tenant in site.router.tenants()] == ["globex"]


def test_the_log_is_told_once_of_a_clock_that_is_ahead(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """With by how much, and what to do: whoever looks at the two machines sees nothing wrong."""
    watch = Watch(site.services, WORKER, list)
    with site.app.app_context():
        leases.JobWorker.begin("other:1:abcd", 1, 4, now=site.clock() + 40)
    for _ in range(2):
        watch.look()
        site.clock.turn(2)
    assert [record.getMessage() for record in caplog.records] == [
        "The clock of worker other:1:abcd is 40 seconds ahead of this worker's. Set both by the same source (NTP): "
        "they take each other's jobs for lost otherwise."
    ]


def test_a_query_that_runs_is_interrupted(site: Site) -> None:
    """A report needn't come to its next step: what SQLite is at ends too."""
    begun = threading.Event()

    def count(work: Work) -> None:
        with work.snapshot():
            begun.set()
            current_store("books").execute_sql(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
            ).fetchone()

    with known_kind("count", count):
        job = ask_as(site, "count")
        work = take(site)
        assert work is not None
        beside = Beside(site, work)
        assert begun.wait(20)
        with site.app.app_context():
            stopping.cancel(job.id, now=site.clock())
        watching(site, beside).look()
        ended = beside.end()
    assert (ended.state, ended.reason) == ("cancelled", "asked")


def test_its_result_is_kept_whole_or_not_at_all(site: Site) -> None:
    def half(work: Work) -> None:
        with work.file("paper.txt", "text/plain") as path:
            Path(path).write_text("half", "utf-8")
            raise OSError(errno.ENOSPC, "No space left on device")

    with known_kind("half", half), known_kind("write", write_text("a page")):
        failed, done = ask_as(site, "half"), ask_as(site, "write")
        work_off(site)
    failed, done = fresh(site, failed.id), fresh(site, done.id)
    assert failed.state == "failed"
    assert "disk is full" in failed.error
    assert site.services.results.path_of(failed) is None
    path = site.services.results.path_of(done)
    assert path is not None
    assert path.read_text("utf-8") == "a page"
    left = [file for file in site.services.results.folder.rglob("*") if file.is_file()]
    assert left == [path]


@pytest.mark.parametrize(
    ("error", "attempts"),
    [
        (LockTimeout("busy"), 3),
        (ConnectionError("gone"), 3),
        (NotFound("There is no account %(code)s.", code="9999"), 1),
        (ZeroDivisionError("ours"), 1),
        (OSError(errno.ENOSPC, "full"), 1),
    ],
)
def test_what_may_pass_is_tried_again(site: Site, error: Exception, attempts: int) -> None:
    """And what won't isn't; the one who asked reads what happened, the operator where."""
    tried = []

    def fail(work: Work) -> None:
        tried.append(site.clock())
        raise error

    with known_kind("fail", fail):
        asked = ask_as(site, "fail")
        for _ in range(5):
            work_off(site)
            site.clock.turn(600)
    job = fresh(site, asked.id)
    assert len(tried) == attempts
    assert job.state == "failed"
    assert type(error).__name__ in job.trace
    assert "Traceback" not in job.error
    if isinstance(error, NotFound):
        assert job.error == "There is no account 9999."
    if isinstance(error, ZeroDivisionError):
        assert job.id in job.error
        assert "ours" not in job.error


def test_pauses_grow(site: Site) -> None:
    """A second attempt comes after seconds, a third after more, and none before its time."""

    def fail(work: Work) -> None:
        raise LockTimeout("busy")

    with known_kind("fail", fail):
        asked = ask_as(site, "fail")
        work_off(site)
        first = fresh(site, asked.id)
        assert first.state == "waiting"
        assert 1 <= first.due_at - site.clock() <= 2
        site.clock.turn(0.9)
        assert work_off(site) == []
        site.clock.turn(1.2)
        work_off(site)
        second = fresh(site, asked.id)
        assert 2 <= second.due_at - site.clock() <= 4


def test_whoever_lost_the_lease_changes_nothing(site: Site) -> None:
    """One that was slow finds that somebody else has done it, and its result isn't the job's."""
    with known_kind("write", write_text("a page")):
        asked = ask_as(site, "write")
        slow = take(site)
        assert slow is not None
        site.clock.turn(31)
        with site.app.app_context():
            assert leases.take_over(now=site.clock()) == 1
        (done,) = work_off(site)
        assert done.state == "done"
        place = done.result_place
        do(site, slow)
    after = fresh(site, asked.id)
    assert after.result_place == place
    assert site.services.results.path_of(after) is not None


def test_a_kind_that_is_no_more(site: Site) -> None:
    """A job of another version of the program fails in words."""
    with site.app.app_context():
        ask("forgotten", {}, Asker(identity="x"), now=site.clock())
    (job,) = work_off(site)
    assert job.state == "failed"
    assert "no such kind" in job.error


def test_it_is_asked_for_after_the_commit(site: Site) -> None:
    """In the middle of a transaction on the books it is refused: its worker would find nothing there yet."""
    with (
        site.app.app_context(),
        site.router.using("acme"),
        current_store("books").writing(),
        pytest.raises(RuntimeError, match="once it has committed"),
    ):
        ask("x", {}, Asker(identity="x"), now=site.clock())
    assert jobs(site) == []


def test_the_same_twice_is_one(site: Site) -> None:
    """Under one key, whoever asks again has the first."""
    with site.app.app_context():
        made = [ask("x", {}, Asker(), now=site.clock(), once="k") for _ in range(2)]
    assert made[0][0].id == made[1][0].id
    assert [is_new for _job, is_new in made] == [True, False]
