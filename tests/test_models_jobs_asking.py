from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cuneifox_site import Site
from jobs_catalogue import NOW, SERVER, asked, catalogue, fresh
from ledger_site import LedgerSite
from models.jobs.asking import Asker, ask
from models.jobs.job import LATER, WAITING, Job


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with catalogue(tmp_path) as site:
        yield site


def test_what_was_asked_for_is_written_down(site: Site) -> None:
    """Each column as given, or as new jobs have it; what is returned is what the catalogue holds."""
    asker = Asker("u" * 26, "s" * 64, "", "th")
    job, is_new = ask(
        "report", {"b": "ปี", "a": 1}, asker, now=NOW, tenant_id="t" * 26, priority=0, due_at=NOW + 5,
        most_attempts=3,
    )  # fmt: skip
    assert is_new
    assert job.given == {"a": 1, "b": "ปี"}
    assert job.arguments == '{"a": 1, "b": "ปี"}'
    told = (job.state, job.priority, job.due_at, job.asked_at, job.most_attempts, job.language)
    assert told == (WAITING, 0, NOW + 5, NOW, 3, "th")
    assert job.seen is False
    assert job.__data__ == fresh(job).__data__
    assert asked().priority == LATER


def test_who_asks_twice_under_a_key_gets_the_first(site: Site) -> None:
    """Whatever is asked for the second time; without a key it is another job."""
    first = asked("x", once="k", arguments={"n": 1})
    again, is_new = ask("y", {"n": 2}, SERVER, now=NOW + 1, once="k")
    assert (again.id, again.kind, is_new) == (first.id, "x", False)
    asked("x")
    assert Job.select().count() == 2


def test_many_who_ask_at_once_under_a_key_get_one(site: Site) -> None:
    """Sixteen threads: one job is new, and all are given its id."""
    gate = threading.Barrier(16)
    given: list[tuple[str, bool]] = []

    def one() -> None:
        with site.app.app_context():
            gate.wait()
            job, is_new = ask("x", {}, SERVER, now=NOW, once="k")
            given.append((job.id, is_new))
            site.router.universal.release(wholly=True)

    threads = [threading.Thread(target=one) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({job_id for job_id, _ in given}) == 1
    assert sorted(is_new for _, is_new in given) == [False] * 15 + [True]


def test_nobody_asks_amid_a_transaction_on_the_books(ledger: LedgerSite) -> None:
    """What it writes isn't there for the job yet: RuntimeError, and no job."""
    router = ledger.site.router
    tenant = next(iter(router.tenants()))
    with router.using(tenant):
        with tenant.store("books").writing(), pytest.raises(RuntimeError, match="has committed"):
            asked()
        assert Job.select().count() == 0
        asked()
