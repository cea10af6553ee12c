"""`cuneifox demo` and `cuneifox serve`: made once, kept, and not for the whole network."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cuneifox.cli import main
from cuneifox.cli.exits import REFUSED
from cuneifox.cli.serve_command import is_loopback
from cuneifox.demo.people import NAME, PASSWORD

FRUGAL = "[passwords]\ntime_cost = 1\nmemory_kib = 64\nparallelism = 1\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the real command has made the demo."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / "config.toml").write_text(f'data_folder = "data"\n{FRUGAL}')
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CUNEIFOX_")}
    done = subprocess.run(
        [sys.executable, "-m", "cuneifox", "demo"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    assert done.stdout.splitlines() == [
        "baansuan is made.",
        "tenyears is made.",
    ]
    return folder


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs a command where the demo is."""
    for name in ("CUNEIFOX_CONFIG", "CUNEIFOX_DATA", "PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)

    def _run(*arguments: str, **options: str) -> Result:
        return CliRunner().invoke(main, arguments, **options)

    return _run


@pytest.fixture
def told(run):
    """Runs a command with --json and returns what it printed."""

    def _told(*arguments: str):
        done = run(*arguments, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    return _told


def test_both_companies_are_there_and_sound(told):
    """Names in both languages, currencies, vouchers, the demo's user as a member; all checks pass."""
    thai, ten = (told("company", "show", slug) for slug in ("baansuan", "tenyears"))
    assert (thai["local_name"], thai["currency"]) == ("บ้านสวน เทรดดิ้ง", "THB")
    assert (ten["currency"], ten["vouchers"]) == ("USD", 3905)
    assert 700 < thai["vouchers"] < 1000
    assert thai["members"].keys() == ten["members"].keys() == {NAME}
    assert told("check")["findings"] == []


def test_the_figures_are_those_of_the_diary(told):
    """What the books say of each account at the end is what the diary says."""
    from cuneifox.demo.baansuan import LAST, baansuan_vouchers
    from cuneifox.demo.chart import CODES
    from cuneifox.demo.diary import Diary

    made = told("report", "baansuan", "trial-balance", "--from", "2025-10-01", "--to", "2026-10-31")
    closing = {row["code"]: row["own"]["closing"] for row in made["rows"]}
    diary = Diary(baansuan_vouchers())
    for role, code in CODES.items():
        if not code.startswith(("3", "4", "5")):  # those that closing 2568 doesn't touch
            assert closing.get(code, 0) == diary.balance(role, LAST), role


def test_last_year_is_closed_and_its_months_too(told):
    """Nothing of income and expense is carried into 2569, and the result is in retained earnings."""
    sheet = told("report", "baansuan", "balance-sheet", "--to", "2025-12-31")
    assert sheet["open_result"] == {
        **sheet["open_result"],
        "earlier": 0,
        "current": 0,
        "total": 0,
    }
    assert sheet["funds_total"] == sheet["assets"]["closing"]


def test_starting_again_keeps_what_is_there(run, told):
    """Also what people have done meanwhile; the heads of both chains stay."""
    before = [told("company", "show", slug)["chain_head"] for slug in ("baansuan", "tenyears")]
    assert run("user", "grant", NAME, "baansuan", "--all", "read").exit_code == 0
    again = run("demo")
    assert again.exit_code == 0
    assert again.stdout.splitlines()[:2] == [
        "baansuan is there already, and kept.",
        "tenyears is there already, and kept.",
    ]
    after = [told("company", "show", slug)["chain_head"] for slug in ("baansuan", "tenyears")]
    assert after == before
    assert told("company", "show", "baansuan")["members"][NAME]["ledger"] == "read"


def test_the_demo_is_served_to_this_machine_alone(run, monkeypatch: pytest.MonkeyPatch):
    """While its password is the one that everybody can read up; with another one it's up to you."""
    served = []
    monkeypatch.setattr("cuneifox.serve.serve", lambda config, announce: served.append(config))
    for host in ("0.0.0.0", "192.168.1.5", "::", "example.com"):
        refused = run("serve", "--host", host)
        assert refused.exit_code == REFUSED
        assert "the demo's sign-in works here" in refused.stderr
    assert not served
    fine = run("serve", "--host", "127.0.0.1", "--port", "8123")
    assert fine.exit_code == 0
    assert f"Demo sign-in: user {NAME}, password {PASSWORD}" in fine.stdout
    assert (served[0].server.host, served[0].server.port) == ("127.0.0.1", 8123)


def test_with_another_password_the_demo_may_be_served(run, monkeypatch: pytest.MonkeyPatch):
    """And the old one isn't told any more. (The password is put back for the other tests.)"""
    served = []
    monkeypatch.setattr("cuneifox.serve.serve", lambda config, announce: served.append(config))
    run("user", "passwd", NAME, "--password-stdin", input="something else 1\n")
    try:
        fine = run("serve", "--host", "0.0.0.0")
        assert fine.exit_code == 0, fine.output
        assert PASSWORD not in fine.stdout
        assert len(served) == 1
        assert f"Sign in as {NAME}, with the password you gave it." in run("demo").stdout
    finally:
        run("user", "passwd", NAME, "--password-stdin", input=PASSWORD + "\n")


def test_what_loopback_is():
    """Names that only might be this machine aren't."""
    assert all(
        is_loopback(host) for host in ("127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost")
    )
    assert not any(
        is_loopback(host) for host in ("0.0.0.0", "::", "10.0.0.1", "localhost.example", "")
    )


def test_a_demo_that_was_interrupted_is_finished(run, tmp_path: Path, monkeypatch):
    """Whatever the first start left out is made by the next, and nothing is there twice."""
    from cuneifox.demo import books

    whole = books.close_year

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(books, "close_year", stop)
    monkeypatch.setattr("cuneifox.demo.find_spec", lambda name: None)
    data = ("--data", str(tmp_path / "data"))
    assert run(*data, "demo").exit_code != 0
    monkeypatch.setattr(books, "close_year", whole)
    done = run(*data, "demo")
    assert done.exit_code == 0, done.output
    assert "tenyears needs beancount" in done.stdout
    shown = json.loads(run(*data, "company", "show", "baansuan", "--json").stdout)
    fresh = json.loads(run("company", "show", "baansuan", "--json").stdout)
    assert shown["vouchers"] == fresh["vouchers"]
    assert run(*data, "check").exit_code == 0


def test_the_address_is_told_at_once_and_once(tmp_path: Path):
    """Also where output is a file or a pipe, which Python writes to when it has a lot, twice after a fork.

    A second server on the folder is refused meanwhile.
    """
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("CUNEIFOX_", "PYTHONU"))
    }
    server = subprocess.Popen(
        [sys.executable, "-m", "cuneifox", "--data", str(tmp_path), "serve", "--port", "0"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    # All of its processes hold the pipe; once they are gone reading ends, with less than was to be told.
    watchdog = threading.Timer(60, os.killpg, (server.pid, signal.SIGKILL))
    watchdog.start()
    try:
        assert server.stdout is not None
        told = server.stdout.readline() + server.stdout.readline()
        taken = CliRunner().invoke(main, ["--data", str(tmp_path), "serve", "--port", "0"])
    finally:
        server.send_signal(signal.SIGINT)
        rest, _ = server.communicate()
        watchdog.cancel()
        watchdog.join()
    nobody, address = told.splitlines()
    assert nobody.startswith("Nobody can sign in yet: ")
    assert address.startswith("CuneiFox serves on http://127.0.0.1:")
    assert taken.exit_code == REFUSED
    assert f"Another server (process {server.pid}) uses {tmp_path}" in taken.stderr
    assert (rest, server.returncode) == ("", 0)
