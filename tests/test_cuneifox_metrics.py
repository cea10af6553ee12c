"""Figures for Prometheus: who sees them, what they count, and that they tell nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Response
from prometheus_client.parser import text_string_to_metric_families

from cuneifox.config import Config, ConfigError, MetricsAccess
from cuneifox.entry_kinds import kind_of
from cuneifox.metrics import Metrics, Timed
from cuneifox.services import Services
from cuneifox_site import Browser, Site
from models.accounts import account_tree
from tenants import UNIVERSAL, NoRoom, routers
from tenants.contention import contention

TOKEN = "0123456789abcdef0123456789abcdef"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site that a token opens the figures of."""
    (tmp_path / "token").write_text(TOKEN + "\n")
    site = Site(tmp_path / "data", metrics=MetricsAccess(str(tmp_path / "token")))
    yield site
    site.close()


def figures(browser: Browser, **headers: str) -> dict[tuple[str, str], float]:
    """What the page says, by the sample's name and the value of its only label."""
    answer = browser.get("/metrics", headers=headers or BEARER, buffered=True)
    assert answer.status_code == 200
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


# Who sees them


def test_the_token_opens_it(site: Site) -> None:
    """As text that Prometheus' own parser understands, not to be cached; the scheme in any case."""
    browser = site.browser()
    answer = browser.get("/metrics", headers=BEARER)
    assert answer.status_code == 200
    assert answer.mimetype == "text/plain"
    assert answer.headers["Cache-Control"] == "no-store"
    assert figures(browser, Authorization=f"bearer {TOKEN}")
    accepts = {"Accept": "application/openmetrics-text; version=1.0.0"}
    modern = browser.get("/metrics", headers=BEARER | accepts)
    assert modern.mimetype == "application/openmetrics-text"
    assert modern.text.endswith("# EOF\n")


@pytest.mark.parametrize(
    "given",
    [
        "", "Bearer", "Bearer ", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}0", f"Bearer {TOKEN.upper()}",
        f"Basic {TOKEN}", TOKEN, "Bearer ๙๙๙๙๙๙๙๙๙๙๙๙๙๙๙๙", f"Bearer x{TOKEN}",
    ],
)  # fmt: skip
def test_anything_else_is_401_and_says_no_more(site: Site, given: str) -> None:
    """Every wrong token is answered alike, and as if there had been none."""
    browser = site.browser()
    sent = {"Authorization": given.encode().decode("latin-1")}
    answer = browser.get("/metrics", headers=sent)
    assert answer.status_code == 401
    assert "cuneifox_" not in answer.text
    assert TOKEN not in answer.text
    without = re.compile(r'name="(?:csrf_token|next)" value="[^"]*"')
    none = browser.get("/metrics")
    assert none.status_code == 401
    assert without.sub("", answer.text) == without.sub("", none.text)


def test_a_wrong_token_of_an_administrator_is_wrong(site: Site) -> None:
    """Who sends a token is asked for that alone."""
    site.user("chief", administers=True)
    chief = site.signed_in("chief")
    wrong = {"Authorization": "Bearer wrong"}
    assert chief.get("/metrics", headers=wrong).status_code == 401
    assert chief.get("/metrics").status_code == 200


def test_without_a_token_file_it_is_for_administrators_alone(tmp_path: Path) -> None:
    """No token opens it then, an empty one least of all."""
    site = Site(tmp_path / "data")
    site.user("chief", administers=True)
    site.user("malee")
    site.user("fresh", administers=True, must_change_password=True)
    assert site.signed_in("chief").get("/metrics").status_code == 200
    assert site.signed_in("malee").get("/metrics").status_code == 403
    assert site.signed_in("fresh").get("/metrics").status_code == 403
    for given in ("Bearer ", "Bearer", f"Bearer {TOKEN}"):
        answer = site.browser().get("/metrics", headers={"Authorization": given})
        assert answer.status_code == 401
    site.close()


@pytest.mark.parametrize("content", [None, "", "short", "two words of the right length", "๙" * 32])
def test_a_token_file_that_is_none_stops_the_start(tmp_path: Path, content: str | None) -> None:
    """The message names the setting and the file; nothing is left open."""
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
    before = set(routers._open)
    config = Config(data_folder=str(tmp_path / "data"), metrics=MetricsAccess(str(file)))
    with pytest.raises(ConfigError, match=r"token_file in \[metrics\]"):
        Services.open(config)
    assert set(routers._open) == before


# What they count


def test_requests_are_counted_by_class_and_timed(site: Site) -> None:
    """Each answer once, whatever it is; zeros stand there from the start."""
    browser = site.browser()
    assert figures(browser)["cuneifox_requests_total", "2xx"] == 0  # itself isn't over yet
    before = figures(browser)
    for path, times in (("/sign-in", 3), ("/nowhere", 2), ("/companies", 1)):
        for _ in range(times):
            browser.get(path, buffered=True)
    after = figures(browser)
    told = ("2xx", "3xx", "4xx", "5xx")
    name = "cuneifox_requests_total"
    grown = [after[name, each] - before[name, each] for each in told]
    assert grown == [3 + 1, 1, 2, 0]
    count = "cuneifox_request_seconds_count", ""
    assert after[count] - before[count] == 7
    assert after["cuneifox_request_seconds_bucket", "+Inf"] == after[count]


def test_a_streamed_answer_is_counted_at_its_end(site: Site) -> None:
    """Not before the server has closed its body."""

    def stream() -> Response:
        return Response(iter(["a", "b"]))

    stream.is_public = True  # type: ignore[attr-defined]
    site.app.add_url_rule("/stream", "stream", stream)
    browser = site.browser()
    before = figures(browser)["cuneifox_requests_total", "2xx"]
    answer = site.app.test_client().get("/stream", buffered=False)
    assert figures(browser)["cuneifox_requests_total", "2xx"] == before + 1  # the figures' own
    answer.close()
    assert figures(browser)["cuneifox_requests_total", "2xx"] == before + 3


def test_what_never_answers_counts_as_5xx(site: Site) -> None:
    """An application that raises at the server."""
    metrics = Metrics(site.router)

    def broken(environ: Any, start: Any) -> Any:
        start("200 OK", [])
        raise RuntimeError

    with pytest.raises(RuntimeError):
        Timed(broken, metrics)({}, lambda *told: None)
    value = metrics.registry.get_sample_value("cuneifox_requests_total", {"status": "5xx"})
    assert value == 1


def test_entries_are_counted_by_kind(site: Site) -> None:
    """The token's request has none; a client's and the server's are told apart."""
    site.company("acme")
    browser = site.browser()
    name = "cuneifox_entries"
    found = figures(browser)
    assert [found[name, kind] for kind in ("client", "server", "universal")] == [0, 0, 1]
    client = site.router.enter(("digest", "request"), site.router.tenant("acme"))
    try:
        with site.router.using("acme"):
            pass
        found = figures(browser)
    finally:
        site.router.leave(client)
    assert [found[name, kind] for kind in ("client", "server", "universal")] == [1, 0, 1]
    with site.router.using("acme"):
        found = figures(browser)
    assert [found[name, kind] for kind in ("client", "server", "universal")] == [0, 1, 1]


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (UNIVERSAL, "universal"),
        (("0" * 64, "request"), "client"),
        (("0" * 64, "Thread-1#2"), "client"),
        (("MainThread#1", None), "server"),
        (("universal", "x"), "client"),
    ],
)
def test_kinds_are_told_by_the_key(key: tuple[str, str | None], kind: str) -> None:
    """As ARCHITECTURE.md has them."""
    assert kind_of(key) == kind


def test_the_pool_is_there_as_its_status_says(site: Site) -> None:
    """Every figure of it, in the moment; what grows is a counter, and the oldest lease has an age."""
    site.company("acme")
    browser = site.browser()
    with site.router.using("acme"):
        account_tree()
        site.router.universal.release()
        found = figures(browser)
        status = site.router.pool.status()
        assert found["cuneifox_pool_leases", ""] == len(status.leases) == 1
        age = found["cuneifox_pool_oldest_lease_seconds", ""]
        assert 0 < age < status.leases[0].age
    for name in ("opens", "reuses", "waits", "waited_seconds", "timeouts", "evictions"):
        assert found[f"cuneifox_pool_{name}_total", ""] == getattr(status, name), name
    assert found["cuneifox_pool_descriptors_budget", ""] == status.budget
    assert found["cuneifox_pool_descriptors_used", ""] == status.used
    assert found["cuneifox_pool_idle_connections", ""] == status.idle
    assert found["cuneifox_pool_lent_connections", ""] == status.lent
    assert found["cuneifox_pool_waiting_entries", ""] == 0
    assert found["cuneifox_pool_late_leases", ""] == 0
    again = figures(browser)
    assert again["cuneifox_pool_leases", ""] == again["cuneifox_pool_oldest_lease_seconds", ""] == 0


def test_snapshots_and_logs_are_there_as_their_status_says(site: Site) -> None:
    """How many there are, how old the oldest is, and how large the logs are; what grows is a counter."""
    tenant = site.company("acme")
    browser = site.browser()
    snapshots = site.router.snapshots
    began = snapshots.clock()
    snapshots.clock = lambda: began
    with site.router.tenant("acme").snapshot():
        snapshots.clock = lambda: began + 5
        found = figures(browser)
        status = snapshots.status()
        assert found["cuneifox_snapshots", ""] == 1
        assert found["cuneifox_snapshots_oldest_seconds", ""] == 5
        assert found["cuneifox_wal_largest_bytes", ""] == status.largest_log > 0
        assert found["cuneifox_wal_bytes", ""] == status.logs >= status.largest_log
    again = figures(browser)
    assert (again["cuneifox_snapshots", ""], again["cuneifox_snapshots_oldest_seconds", ""]) == (
        0,
        0,
    )
    assert again["cuneifox_snapshots_begun_total", ""] == 1
    assert again["cuneifox_snapshots_too_old_total", ""] == 0
    assert again["cuneifox_snapshots_outgrown_total", ""] == 0
    assert tenant is not None


def test_late_leases_are_counted(site: Site) -> None:
    """What lasts longer than its limit is what an alarm is to be set on."""
    site.company("acme")
    with site.router.using("acme"):
        account_tree()
        site.router.pool.lease_limit = -1.0
        found = figures(site.browser())
        site.router.pool.lease_limit = 600.0
    assert found["cuneifox_pool_late_leases", ""] == 1


def test_the_process_is_there_too(site: Site) -> None:
    """Its descriptors and their limit, beside the pool's budget."""
    found = figures(site.browser())
    assert 0 < found["process_open_fds", ""] < found["process_max_fds", ""]
    assert found["process_resident_memory_bytes", ""] > 1_000_000


def test_two_applications_count_apart(site: Site, tmp_path: Path) -> None:
    """In one process, each has a registry of its own."""
    other = Site(tmp_path / "other", metrics=site.config.metrics)
    for _ in range(5):
        site.browser().get("/sign-in", buffered=True)
    assert figures(other.browser())["cuneifox_requests_total", "2xx"] == 0
    other.close()


def test_nobody_is_named(site: Site) -> None:
    """No label holds a company, a user, a path or a digest, however many were asked for."""
    user = site.user("malee", administers=True)
    for slug in ("acme", "globex"):
        site.company(slug, user)
    malee = site.signed_in("malee")
    for path in ("/c/acme/", "/c/globex/reports/trial-balance", "/c/nothing/", "/people"):
        malee.get(path)
    with site.router.using("acme"):
        text = malee.get("/metrics").text
    for word in ("acme", "globex", "malee", "nothing", "/c/", "people"):
        assert word not in text
    labels = set(re.findall(r'(\w+)="', text))
    assert labels <= {"status", "le", "kind", "state"}


def test_it_needs_no_database(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the token it is answered although nothing can be opened, and no entry is made for it."""
    browser = site.browser()
    site.router.universal.release()
    entered = []
    enter = type(site.router).enter
    monkeypatch.setattr(
        type(site.router), "enter", lambda *given: entered.append(given) or enter(*given)
    )

    def refuse(*given: Any, **named: Any) -> Any:
        raise AssertionError("a database was opened")

    monkeypatch.setattr("tenants.store.Store.open", refuse)
    assert figures(browser)
    assert entered == []


def test_it_answers_while_the_pool_is_exhausted(site: Site) -> None:
    """Who waits for room is on it, and it waits for none itself."""
    for slug in ("acme", "globex"):
        site.company(slug)
    browser = site.browser()
    pool = site.router.pool
    with site.router.using("acme"):
        account_tree()
        pool.budget = type(pool.budget)(pool.status().used, 0)
        pool.patience = 0.01
        refused: list[type[Exception]] = []

        def other() -> None:
            try:
                account_tree()
            except NoRoom as error:
                refused.append(type(error))

        thread = site.router.start_thread(other, tenant="globex")
        thread.join()
        assert refused == [NoRoom]
        found = figures(browser)
    assert found["cuneifox_pool_timeouts_total", ""] == 1
    assert (
        found["cuneifox_pool_descriptors_used", ""] >= found["cuneifox_pool_descriptors_budget", ""]
    )


def test_waits_for_locks_are_counted(site: Site) -> None:
    """Waits, their seconds, those in vain, and writes that were run again or given up."""
    browser = site.browser()
    before = figures(browser)
    for _ in range(2):
        contention.waited(1.5)
    contention.waited(2.0, in_vain=True)
    contention.retried()
    contention.gave_up()
    after = figures(browser)
    grown = {name: after[name] - before[name] for name in before}
    assert grown["cuneifox_lock_waits_total", ""] == 3
    assert grown["cuneifox_lock_waited_seconds_total", ""] == pytest.approx(5.0)
    assert grown["cuneifox_lock_timeouts_total", ""] == 1
    assert grown["cuneifox_write_retries_total", ""] == 1
    assert grown["cuneifox_writes_given_up_total", ""] == 1
