"""The operator's log: one record a line, with whom and what it concerns, and nothing that is confidential."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import abort
from msgspec import ValidationError, convert

from cuneifox.config import Config, Logs, PoolLimits
from cuneifox.jobs.kinds import KINDS, Kind
from cuneifox.jobs.running import run_job
from cuneifox.jobs.work import Work
from cuneifox.logs import set_up
from cuneifox.logs.facts import shown_key
from cuneifox.logs.lines import INDENT, JsonLines
from cuneifox.serve import Served
from cuneifox_site import Site
from models.accounts import account_tree
from models.jobs import taking
from models.jobs.asking import Asker, ask
from models.people import Session
from tenants import UNIVERSAL

ROOT = Path(__file__).parent.parent
HOSTILE = (
    'paid\n2030-01-01T00:00:00.000Z CRITICAL tenants [process=1] all books are lost\r\n"}\n'
    '{"level": "critical"}\x1b[2J\x85\u2028\u2029\u202e\x00\ud800 บัญชี'
)
"""What somebody might type who knows the log's form."""

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def kept_logging() -> Iterator[None]:
    """Whatever a test sets up is taken back."""
    root = logging.getLogger()
    before = root.level, root.handlers[:], sys.excepthook, threading.excepthook
    yield
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    sys.excepthook, threading.excepthook = before[2:]
    logging.captureWarnings(False)


def logging_as(form: str, level: str = "info") -> io.StringIO:
    stream = io.StringIO()
    set_up(Logs(form=form, level=level), stream)  # type: ignore[arg-type]
    return stream


@pytest.fixture
def told(kept_logging: None) -> Lines:
    """Logs as JSON; gives what was logged, each line read by itself."""
    stream = logging_as("json")
    return lambda: [json.loads(line) for line in stream.getvalue().split("\n")[:-1]]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "data")
    yield site
    site.close()


log = logging.getLogger("cuneifox.test")


def test_a_line_is_one_object_with_what_everybody_asks_for(told: Lines) -> None:
    """Time in UTC as RFC 3339 has it, level, logger, message, process; under no company, the universal key."""
    before = datetime.now(UTC)
    log.warning("%d of %s", 3, "four")
    (line,) = told()
    at = datetime.fromisoformat(line.pop("time"))
    assert before.timestamp() - 0.001 <= at.timestamp() <= datetime.now(UTC).timestamp()
    assert at.utcoffset().total_seconds() == 0  # type: ignore[union-attr]
    assert line == {
        "level": "warning", "logger": "cuneifox.test", "message": "3 of four", "process": os.getpid(),
        "company": None, "key": ["universal", None],
    }  # fmt: skip


def test_the_company_and_its_key_stand_in_each_line(told: Lines, site: Site) -> None:
    """Those of the entry that is current as the line is logged, in nested ones too."""
    site.company("acme")
    site.company("globex")
    with site.router.using("acme") as outer:
        log.info("one")
        with site.router.using("globex") as inner:
            log.info("two")
        log.info("three")
    log.info("four")
    lines = [line for line in told() if line["logger"] == "cuneifox.test"]
    assert [line["company"] for line in lines] == ["acme", "globex", "acme", None]
    keys = [list(outer.key), list(inner.key), list(outer.key), list(UNIVERSAL)]
    assert [line["key"] for line in lines] == keys


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_digest_is_never_shown_whole(kept_logging: None, site: Site, form: str) -> None:
    """Neither as part of the key, nor where a message, its arguments or a trace has it."""
    stream = logging_as(form)
    site.user("malee")
    site.company("acme")
    digest, other = "0123456789abcdef" * 4, "fedcba9876543210" * 4
    entry = site.router.enter((digest, "request"), site.router.tenant("acme"))
    try:
        log.info("of %s, and %s", entry, (other, "another"))
        try:
            raise ValueError(f"the session {digest} in {entry.key}")
        except ValueError:
            log.exception("failed")
    finally:
        site.router.leave(entry)
    logged = stream.getvalue()
    assert digest not in logged
    assert other not in logged
    assert logged.count("01234567…") >= 4
    assert "fedcba98…" in logged
    assert shown_key((digest, "request")) == ["01234567…", "request"]


def test_hashes_of_vouchers_are_shown_whole(told: Lines) -> None:
    """They are what an operator compares."""
    log.info("the chain ends in %s", "ab" * 32)
    assert told()[0]["message"].endswith("ab" * 32)


def test_a_late_lease_tells_its_key_in_part(told: Lines, tmp_path: Path) -> None:
    """The pool's own warning names the key it was taken under."""
    site = Site(tmp_path / "data", pool=PoolLimits(lease_limit_seconds=1e-9))
    site.company("acme")
    digest = "0123456789abcdef" * 4
    entry = site.router.enter((digest, "request"), site.router.tenant("acme"))
    try:
        account_tree()
        site.router.pool.status()
    finally:
        site.router.leave(entry)
        site.close()
    late = [line["message"] for line in told() if "has lasted" in line["message"]]
    assert any("under ('01234567…', 'request')" in each for each in late)
    assert not any(digest in each for each in late)


def test_no_text_forges_a_line_of_json(told: Lines) -> None:
    """Line ends of any kind, colours, halves of characters: one line, which reads as what was logged."""
    log.info("%s", HOSTILE)
    log.info("after")
    assert [line["message"] for line in told()] == [HOSTILE, "after"]


def test_json_lines_are_lines_to_every_reader(kept_logging: None) -> None:
    """Also to one that ends lines at U+2028 or at NEL, and to one that takes nothing but UTF-8."""
    stream = logging_as("json")
    log.info("%s", HOSTILE)
    logged = stream.getvalue()
    assert len(logged.splitlines()) == 1
    assert "บัญชี".encode() in logged.encode("utf-8")
    assert not any(c < " " or c in "\x7f\x85\x1b" for c in logged.rstrip("\n"))


def test_no_text_forges_a_line_of_text(kept_logging: None, site: Site) -> None:
    """The message stays on its line; each line of a trace is set off, whatever the error says."""
    stream = logging_as("text")
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        log.exception("%s", HOSTILE)
    first, *rest = stream.getvalue().splitlines()
    assert " ERROR cuneifox.test [process=" in first
    assert "paid\\n2030-01-01T00:00:00.000Z CRITICAL" in first
    assert len(rest) > 4
    assert all(line.startswith(INDENT) for line in rest)


def test_text_says_the_same(kept_logging: None, site: Site) -> None:
    """Time, level, logger, company, key and message, on one line."""
    site.company("acme")
    stream = logging_as("text")
    with site.router.using("acme") as entry:
        log.info("hello")
    (line,) = stream.getvalue().splitlines()
    assert datetime.fromisoformat(line.split()[0]).tzinfo is not None
    fact = f"[process={os.getpid()} company=acme key={entry.key[0]}]"
    assert line.split(" ", 1)[1] == f"INFO cuneifox.test {fact} hello"


def test_a_trace_is_a_field(told: Lines) -> None:
    """With what was raised, and where; a line without one has none."""
    try:
        raise KeyError("gone")
    except KeyError:
        log.exception("failed")
    log.info("well")
    failed, well = told()
    assert failed["trace"].startswith("Traceback")
    assert "KeyError: 'gone'" in failed["trace"]
    assert "in test_a_trace_is_a_field" in failed["trace"]
    assert "trace" not in well


def test_what_doesnt_fit_its_arguments_is_logged_all_the_same() -> None:
    """With both; nothing is printed beside the log."""
    record = logging.makeLogRecord({"msg": "%d", "args": ("x",)})
    assert json.loads(JsonLines().format(record))["message"] == "%d ('x',)"


def test_a_request_is_named_by_the_id_that_its_error_page_shows(told: Lines, site: Site) -> None:
    """The line of a fault has the company, the key in part, the request's id and the trace."""
    user = site.user("malee")
    site.company("acme", user)
    shown: list[str] = []

    def broken(slug: str = "") -> str:
        from cuneifox.request import this_request

        shown.append(this_request().id)
        raise RuntimeError(HOSTILE)

    site.app.add_url_rule("/c/<slug>/broken", "broken", broken)
    site.app.testing = False
    browser = site.signed_in("malee")
    assert browser.get("/c/acme/broken").status_code == 500
    (fault,) = [line for line in told() if "trace" in line]
    assert fault["request"] == shown[0]
    assert fault["company"] == "acme"
    with site.app.app_context():
        digest = Session.get().digest
    assert fault["key"][0] == digest[:8] + "…"
    assert fault["level"] == "error"
    assert not [line for line in told() if digest in json.dumps(line)]


def test_a_public_request_is_named_too(told: Lines, site: Site) -> None:
    """Nobody is signed in, no company is meant, and yet it has an id."""

    def refuse() -> str:
        log.warning("refused")
        abort(404)

    refuse.is_public = True  # type: ignore[attr-defined]
    site.app.add_url_rule("/refuse", "refuse", refuse)
    site.browser().get("/refuse")
    (line,) = [line for line in told() if line["message"] == "refused"]
    assert (line["company"], line["key"]) == (None, ["universal", None])
    assert len(line["request"]) == 16


def test_every_line_of_a_job_names_it(
    told: Lines, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From its beginning to how it ended, with its company also where the entry is left already."""

    def work(work: Work) -> str:
        log.info("at it")
        raise RuntimeError("broken")

    monkeypatch.setitem(KINDS, "trial", Kind("trial", work, lambda given: "Trial"))
    company = site.company("acme")
    with site.app.app_context():
        job, _ = ask("trial", {}, Asker(), now=site.clock(), tenant_id=company.tenant_id)
        taken = taking.take("w", 1, now=site.clock())
        assert taken is not None
        run_job(site.app, Work(taken, site.services))
    lines = [line for line in told() if line["logger"].startswith("cuneifox")]
    assert [line["job"] for line in lines] == [job.id] * 3
    assert [line["company"] for line in lines] == ["acme", "acme", company.tenant_id]
    assert "RuntimeError: broken" in lines[-1]["trace"]
    log.info("after")
    assert "job" not in told()[-1]


def test_the_level_is_as_set(kept_logging: None) -> None:
    """Less than it is left out; libraries that would tell what is in rows are kept quiet whatever it is."""
    stream = logging_as("json", "warning")
    log.info("no")
    log.warning("yes")
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["yes"]
    stream = logging_as("json", "debug")
    log.debug("yes")
    logging.getLogger("peewee").debug("SELECT password_hash")
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["yes"]


def test_setting_up_again_replaces(kept_logging: None) -> None:
    """One handler of ours, whatever else is there."""
    first = logging_as("json")
    second = logging_as("text")
    log.warning("once")
    assert first.getvalue() == ""
    assert second.getvalue().count("once") == 1


def test_what_nobody_catches_is_a_line_too(told: Lines) -> None:
    """A thread that dies, and the process itself."""

    def die() -> None:
        raise ValueError("dead")

    thread = threading.Thread(target=die, name="dying")
    thread.start()
    thread.join()
    try:
        die()
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)
    lines = [(line["level"], line["message"]) for line in told()]
    assert lines == [
        ("error", "The thread dying ended with an error"),
        ("critical", "The process ends with an error"),
    ]
    assert all("ValueError: dead" in line["trace"] for line in told())


def test_gunicorn_writes_to_the_same_log(told: Lines, capfd: pytest.CaptureFixture[str]) -> None:
    """Its lines are ours, and nothing of it goes beside them; below the level that is set it is quiet."""
    error_log = logging.getLogger("gunicorn.error")
    before = error_log.handlers[:], error_log.propagate, error_log.level
    try:
        for level, lines in (("info", ["refused\nforged"]), ("error", [])):
            served = Served(Config(logs=Logs("json", level)), print)  # type: ignore[arg-type]
            served.cfg.logger_class(served.cfg).warning("refused\n%s", "forged")
            mine = [line["message"] for line in told() if line["logger"] == "gunicorn.error"]
            assert mine[len(mine) - len(lines) :] == lines
            assert len(mine) == 1
    finally:
        error_log.handlers[:], error_log.propagate = before[:2]
        error_log.setLevel(before[2])
    assert "refused" not in "".join(capfd.readouterr())


SERVE = """
import sys
from cuneifox.config import Config, Jobs, Logs, Server
from cuneifox.serve import serve
serve(
    Config(data_folder=sys.argv[1], server=Server(port=0), jobs=Jobs(threads=1), logs=Logs("json", "info")),
    lambda text: print(text, flush=True),
)
"""


def watching(process: subprocess.Popen[str]) -> threading.Timer:
    """End a process that doesn't say in time what is waited for."""
    timer = threading.Timer(60, process.terminate)
    timer.start()
    return timer


def test_all_processes_of_a_server_log_as_set(tmp_path: Path) -> None:
    """gunicorn's and the workers' beside it: each line of standard error is one object, and names its process."""
    site = Site(tmp_path / "data")
    with site.app.app_context():
        asked, _ = ask("clean_up", {}, Asker(identity="test"), now=0.0)
    site.close()
    server = subprocess.Popen(
        [sys.executable, "-W", "error::DeprecationWarning", "-c", SERVE, str(tmp_path / "data")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert server.stdout is not None
    assert server.stderr is not None
    lines: list[dict[str, Any]] = []
    watchdog = watching(server)
    try:
        address = server.stdout.readline().split()[3]
        with urllib.request.urlopen(f"{address}/sign-in", timeout=30):
            pass
        for line in server.stderr:
            lines.append(json.loads(line))
            if lines[-1].get("job") == asked.id and "is done" in lines[-1]["message"]:
                break
    finally:
        server.send_signal(signal.SIGTERM)
        rest = server.communicate(timeout=60)[1]
        watchdog.cancel()
        watchdog.join()
    lines += [json.loads(line) for line in rest.splitlines()]
    assert server.returncode == 0
    of_job = [line for line in lines if line.get("job") == asked.id]
    assert [line["logger"] for line in of_job] == ["cuneifox.jobs"] * 2
    assert {line["process"] for line in of_job}.isdisjoint({server.pid})


def test_the_worker_logs_as_set(tmp_path: Path) -> None:
    """`cuneifox worker` by itself."""
    site = Site(tmp_path / "data")
    with site.app.app_context():
        asked, _ = ask("clean_up", {}, Asker(identity="test"), now=0.0)
    site.close()
    settings = tmp_path / "config.toml"
    settings.write_text(
        f'data_folder = "{tmp_path / "data"}"\n[logs]\nform = "json"\nlevel = "info"\n'
    )
    worker = subprocess.Popen(
        [sys.executable, "-m", "cuneifox", "--config", str(settings), "worker", "--threads", "1"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert worker.stderr is not None
    watchdog = watching(worker)
    try:
        for line in worker.stderr:
            read = json.loads(line)
            if read.get("job") == asked.id and "is done" in read["message"]:
                break
    finally:
        worker.send_signal(signal.SIGTERM)
        rest = worker.communicate(timeout=60)[1]
        watchdog.cancel()
        watchdog.join()
    assert all(json.loads(line) for line in rest.splitlines())
    assert worker.returncode == 0


def test_the_settings_are_checked() -> None:
    """As they come from the file."""
    assert Config().logs == Logs("text", "warning")
    with pytest.raises(ValidationError):
        convert({"logs": {"form": "xml"}}, Config)
