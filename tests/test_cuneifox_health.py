"""Whoever watches over the server is told whether it lives and can work, and nothing else."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cuneifox.background import Background
from cuneifox.config import Backups, Jobs, Migrating
from cuneifox.jobs.queue_length import QueueLength
from cuneifox.readiness import LEAST_FREE, Readiness
from cuneifox_site import Site
from models.jobs.job import Job

ROOT = Path(__file__).parent.parent
WELL = dict.fromkeys(("catalogue", "disk", "migrations", "background", "queue"), "ok")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "data")
    readiness_of(site).kept_for = 0.0
    yield site
    site.close()


def readiness_of(site: Site) -> Readiness:
    found: Readiness = site.app.extensions["readiness"]
    return found


def ready(site: Site) -> tuple[int, dict[str, str]]:
    """The status, and what was found."""
    answer = site.browser().get("/readyz")
    assert answer.mimetype == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["ready"] is (answer.status_code == 200)
    assert ("Retry-After" in answer.headers) is (answer.status_code == 503)
    return answer.status_code, answer.json["checks"]


# Alive


def test_it_lives_although_nothing_can_be_opened(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No database is touched, not even for whoever is signed in, and no entry made."""
    site.user("malee")
    browsers = [site.browser(), site.signed_in("malee")]
    site.router.universal.release(wholly=True)

    def refuse(*given: Any, **named: Any) -> Any:
        raise AssertionError("a database was asked")

    for name in ("database.RoutedDatabase.execute_sql", "connections.ConnectionState.open"):
        monkeypatch.setattr(f"tenants.{name}", refuse)
    monkeypatch.setattr(type(site.router), "enter", refuse)
    for browser in browsers:
        answer = browser.get("/healthz")
        assert (answer.status_code, answer.text) == (200, "ok\n")
        assert answer.mimetype == "text/plain"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers


# Ready


def test_a_server_that_is_well_is_ready(site: Site) -> None:
    """200, each check is ok, and whoever is signed in gets the same."""
    site.company("acme", site.user("malee"))
    assert ready(site) == (200, WELL)
    assert site.signed_in("malee").get("/readyz").json == {"ready": True, "checks": WELL}


def test_a_catalogue_that_cant_be_used_is_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a word; the error has paths in it, and stays here."""
    store = site.router.universal_store
    store.read_only = "a full disk"
    assert ready(site) == (503, WELL | {"catalogue": "read-only"})
    store.read_only = None
    assert ready(site) == (200, WELL)

    def fail(*given: Any) -> Any:
        raise OSError(f"{site.config.data_path} is away")

    with monkeypatch.context() as patched:
        patched.setattr("tenants.database.RoutedDatabase.execute_sql", fail)
        answer = site.browser().get("/readyz")
    checks = WELL | {"catalogue": "unusable", "migrations": "unknown"}
    assert (answer.status_code, answer.json["checks"]) == (503, checks)
    assert str(site.config.data_path) not in answer.text


def test_a_catalogue_that_somebody_holds_too_long_is_told(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait for it is bounded."""
    monkeypatch.setattr("cuneifox.readiness.PATIENCE", 0.05)
    writing, told = threading.Event(), threading.Event()

    def write() -> None:
        with site.app.app_context():
            with site.router.universal.atomic():
                Job.update(line="x").execute()
                writing.set()
                assert told.wait(60)
            site.router.universal.release(wholly=True)

    thread = threading.Thread(target=write)
    thread.start()
    assert writing.wait(60)
    found = ready(site)
    told.set()
    thread.join()
    assert found == (503, WELL | {"catalogue": "busy"})
    assert ready(site) == (200, WELL)


def test_a_full_disk_is_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as less is free than what a few requests might write; and one that is away."""
    for free, word in ((LEAST_FREE, "ok"), (LEAST_FREE - 1, "full")):
        usage = SimpleNamespace(free=free)
        monkeypatch.setattr(shutil, "disk_usage", lambda path, usage=usage: usage)
        status, checks = ready(site)
        assert (status, checks["disk"]) == (200 if word == "ok" else 503, word)

    def away(path: Path) -> Any:
        assert path == site.config.data_path
        raise FileNotFoundError(path)

    monkeypatch.setattr(shutil, "disk_usage", away)
    assert ready(site)[1]["disk"] == "missing"


def test_databases_that_are_behind_are_told(site: Site) -> None:
    """Those in quarantine aren't: they are their companies' matter, and the others go on."""
    site.company("acme")
    run = site.router.universal_store.execute_write_with_retry
    run("UPDATE store SET schema = 'older' WHERE role = 'books'")
    status, checks = ready(site)
    assert (status, checks) == (503, WELL | {"migrations": "pending"})
    run("UPDATE store SET trouble = 'failed' WHERE role = 'books'")
    assert ready(site) == (200, WELL)
    site.router.universal.release()


def test_databases_that_are_migrated_on_open_dont_wait(tmp_path: Path) -> None:
    """The settings say that whoever comes first does it."""
    before = Site(tmp_path / "data")
    before.company("acme")
    before.close()
    site = Site(tmp_path / "data", migrations=Migrating(on_open=True))
    site.router.universal_store.execute_write_with_retry("UPDATE store SET schema = 'older'")
    site.router.universal.release()
    assert ready(site) == (200, WELL)
    site.close()


def test_the_background_is_looked_at_where_there_is_one(tmp_path: Path) -> None:
    """Backups' thread and the workers' process: both must be there, as far as the settings ask for them."""
    site = Site(tmp_path / "data", jobs=Jobs(threads=0), backups=Backups(every_seconds=86400))
    readiness = readiness_of(site)
    readiness.kept_for = 0.0
    readiness.background = background = Background(site.services)
    assert ready(site)[1]["background"] == "stopped"
    background.start()
    assert ready(site) == (200, WELL)
    background.stop()
    assert ready(site)[1]["background"] == "stopped"
    site.close()


def test_without_anything_to_do_the_background_is_well(tmp_path: Path) -> None:
    """No backups, and workers elsewhere."""
    site = Site(tmp_path / "data", jobs=Jobs(threads=0), backups=Backups(folder=""))
    readiness_of(site).background = Background(site.services)
    assert ready(site) == (200, WELL)
    site.close()


def test_a_queue_that_is_away_is_told_and_stops_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jobs are kept in the catalogue meanwhile."""
    monkeypatch.setattr(type(site.services.queue), "length", lambda self: None)
    assert ready(site) == (200, WELL | {"queue": "unreachable"})


def test_a_queue_that_swallows_questions_holds_nobody_up() -> None:
    """Who asks waits for no more than the patience, and only one thread ever hangs."""
    free, asked = threading.Event(), []

    def hang() -> int:
        asked.append(1)
        assert free.wait(60)
        return 7

    look = QueueLength(SimpleNamespace(length=hang), patience=0.01)  # type: ignore[arg-type]
    assert [look.ask() for _ in range(5)] == [None] * 5
    assert asked == [1]
    free.set()
    hanging = look._asking
    assert hanging is not None
    hanging.join()
    look.patience = 60
    assert look.ask() == 7


def test_an_answer_holds_for_a_moment(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody may ask, so that asking must cost nothing."""
    readiness = readiness_of(site)
    readiness.kept_for = 1000.0
    looks: list[int] = []
    look = readiness._look
    monkeypatch.setattr(readiness, "_look", lambda: looks.append(1) or look())
    browser = site.browser()
    assert {browser.get("/readyz").status_code for _ in range(20)} == {200}
    assert looks == [1]


def test_who_asks_while_it_is_looked_gets_the_last_answer(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One look that takes long has one thread, not all that answer."""
    readiness = readiness_of(site)
    assert readiness.look() == WELL
    looking, free = threading.Event(), threading.Event()

    def slow() -> dict[str, str]:
        looking.set()
        assert free.wait(60)
        return WELL | {"disk": "full"}

    monkeypatch.setattr(readiness, "_look", slow)
    thread = threading.Thread(target=readiness.look)
    thread.start()
    assert looking.wait(60)
    assert readiness.look() == WELL
    free.set()
    thread.join()


def test_names_and_paths_stay_here(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much is wrong."""
    site.company("acme", site.user("malee"))
    site.router.universal_store.execute_write_with_retry("UPDATE store SET schema = 'older'")
    site.router.universal.release()
    site.router.universal_store.read_only = f"{site.config.data_path} is full"
    text = site.browser().get("/readyz").text
    for word in ("acme", "malee", str(site.config.data_path), "data", "sqlite", "universal.db"):
        assert word not in text
    assert set(re.findall(r"[a-z-]+", text)) <= {
        "ready", "false", "checks", "background", "catalogue", "disk", "migrations", "queue", "ok", "pending",
        "read-only",
    }  # fmt: skip
    site.router.universal_store.read_only = None


def test_a_change_is_logged_once(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """When it begins, and when all is well again."""
    for read_only in (None, "full", "full", None, None):
        site.router.universal_store.read_only = read_only
        ready(site)
    told = [line.getMessage() for line in caplog.records if "Readiness" in line.getMessage()]
    assert told == ["Readiness: {'catalogue': 'read-only'}", "Readiness: all is well again"]


SERVE = """
import sys
from cuneifox.config import Config, Jobs, Server
from cuneifox.serve import serve
config = Config(data_folder=sys.argv[1], server=Server(port=0), jobs=Jobs(threads=1))
serve(config, lambda text: print(text, flush=True))
"""


def asked_over_http(address: str) -> tuple[int, dict[str, str]]:
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=30) as answer:
            return answer.status, json.load(answer)["checks"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)["checks"]


def test_a_server_whose_workers_die_says_so_and_comes_back(tmp_path: Path) -> None:
    """From outside: ready, the workers' process killed, not ready, begun again, ready."""
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert server.stdout is not None
    try:
        address = server.stdout.readline().split()[3]
        assert until(address, 200) == WELL
        os.kill(workers_of(server.pid), signal.SIGKILL)
        assert until(address, 503) == WELL | {"background": "stopped"}
        assert until(address, 200) == WELL
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=60)


def until(address: str, status: int) -> dict[str, str]:
    """Ask again and again until the answer has a status; bounded."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found, checks = asked_over_http(address)
        if found == status:
            return checks
    raise AssertionError(f"{status} didn't come: {checks}")


def workers_of(server: int) -> int:
    """The process that does jobs beside a server."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                above = int(Path(f"/proc/{parent}/stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError, IndexError):
                continue
            if b"cuneifox.jobs.process" in command and server in (parent, above):
                return int(entry.name)
    raise AssertionError("there are no workers")
