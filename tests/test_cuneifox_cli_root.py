"""What all commands share: settings, help, exit codes, and that nothing ends in a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import tenants
from cuneifox.cli import main
from cuneifox.cli.exits import BROKEN, REFUSED, STOPPED, USAGE, printable
from cuneifox.cli.reference import PAGE, reference
from cuneifox.cli.root import COMMANDS

ROOT = Path(__file__).parent.parent


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs `cuneifox --data <a folder of the test's> …` and returns the result."""
    for name in ("CUNEIFOX_CONFIG", "CUNEIFOX_DATA", "PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    def _run(*arguments: str, data: str | None = "data", **options: str) -> Result:
        chosen = ["--data", str(tmp_path / data)] if data else []
        return CliRunner().invoke(main, [*chosen, *arguments], **options)

    return _run


def test_the_reference_is_what_the_commands_say():
    """docs/cli.md is made from the commands; `python -m cuneifox.cli.reference` brings it up to date."""
    assert PAGE.read_text(encoding="utf-8") == reference()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_a_module(run, command: str):
    """`--help` tells what the command does, and starts with a usage line."""
    result = run(command, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: main {command}")
    assert f"\n## cuneifox {command}\n" in PAGE.read_text(encoding="utf-8")


def test_a_command_is_imported_only_when_it_is_run():
    """`cuneifox --help` needn't load the books, nor the pages."""
    program = (
        "import sys, cuneifox.cli\n"
        "try: cuneifox.cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in sys.modules if m.startswith('cuneifox.cli.') and 'command' in m])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_an_unknown_command_is_a_usage_error(run):
    """And so is an unknown option."""
    assert run("frobnicate").exit_code == USAGE
    assert run("company", "list", "--frobnicate").exit_code == USAGE


def test_a_typo_in_the_settings_is_told_with_what_was_meant(run, tmp_path: Path):
    """Exit code 2, the file, the wrong key and the right one; no company is made."""
    (tmp_path / "config.toml").write_text('data_foldr = "elsewhere"\n')
    result = run("company", "create", "acme", "--name", "Acme")
    assert result.exit_code == USAGE
    assert "data_foldr" in result.stderr
    assert "Did you mean 'data_folder'?" in result.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "There is no settings file"),
        ("a = [", "isn't valid TOML"),
        ("[server]\nport = 'x'", "port"),
    ],
)
def test_settings_that_cannot_be_used_are_usage_errors(run, tmp_path: Path, content, said: str):
    """A missing file, broken TOML, a wrong type: each is told, and nothing is done."""
    path = tmp_path / "other.toml"
    if content is not None:
        path.write_text(content)
    result = run("--config", str(path), "company", "list")
    assert result.exit_code == USAGE
    assert said in result.stderr


def test_settings_are_found_by_option_then_environment_then_here(run, tmp_path: Path, monkeypatch):
    """--config wins over CUNEIFOX_CONFIG, that over ./config.toml; --data over CUNEIFOX_DATA over all."""
    for name in ("config", "second", "third"):
        (tmp_path / f"{name}.toml").write_text(f'data_folder = "{tmp_path}/by-{name}"\n')

    def where(*options: str) -> str:
        result = run(*options, "company", "list", data=None)
        assert result.exit_code == REFUSED
        return result.stderr

    assert "by-config" in where()
    monkeypatch.setenv("CUNEIFOX_CONFIG", str(tmp_path / "second.toml"))
    assert "by-second" in where()
    assert "by-third" in where("--config", str(tmp_path / "third.toml"))
    monkeypatch.setenv("CUNEIFOX_DATA", str(tmp_path / "by-environment"))
    assert "by-environment" in where()
    assert "by-option" in where("--data", str(tmp_path / "by-option"))


def test_a_folder_without_an_installation_is_told_and_not_made_into_one(run, tmp_path: Path):
    """A mistyped --data doesn't leave an empty installation behind."""
    result = run("company", "list", data="mistyped")
    assert result.exit_code == REFUSED
    assert "There is no installation in" in result.stderr
    assert not (tmp_path / "mistyped").exists()


def test_a_data_folder_that_cannot_be_made_is_the_system_s_fault(run, tmp_path: Path):
    """Exit code 3, and the path."""
    (tmp_path / "file").write_text("")
    result = run("company", "create", "acme", "--name", "Acme", data="file/below")
    assert result.exit_code == BROKEN
    assert "file" in result.stderr
    assert "Traceback" not in result.output


def test_a_fault_of_ours_is_one_line_with_its_own_code(run, monkeypatch: pytest.MonkeyPatch):
    """No traceback unless --debug asks for it; exit code 3."""
    monkeypatch.setattr("cuneifox.cli.opening.settings", lambda: 1 / 0)
    result = run("company", "list")
    assert result.exit_code == BROKEN
    assert "A fault in CuneiFox: ZeroDivisionError" in result.stderr
    assert "Traceback" not in result.output
    result = run("--debug", "company", "list")
    assert result.exit_code == BROKEN
    assert "Traceback" in result.output


def test_ctrl_c_is_told_with_its_own_code(run, monkeypatch: pytest.MonkeyPatch):
    """It isn't taken for a refusal, which has changed nothing."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cuneifox.cli.opening.settings", interrupted)
    result = run("company", "list")
    assert result.exit_code == STOPPED == 130
    assert result.stderr.startswith("cuneifox: Stopped. ")


def test_what_is_quoted_cannot_steer_the_terminal():
    """Control characters of a name or a file come out spelled."""
    assert printable("a\x1b[31m\u202e\nบ้าน") == "a\\x1b[31m\\u202e\\nบ้าน"


@pytest.mark.parametrize(
    "arguments",
    [
        ["company", "show", "../x"],
        ["company", "show", ""],
        ["company", "show", "a" * 300],
        ["report", "../../etc", "trial-balance"],
        ["report", "acme", "trial-balance", "--to", "2026-02-30"],
        ["report", "acme", "trial-balance", "--to", "30/2/2569"],
        ["report", "acme", "trial-balance", "--from", "x" * 5000],
        ["report", "acme", "ledger", "--account", "\x1b[31m"],
        ["import", "acme", ""],
        ["import", "acme", "/dev/zero"],
        ["import", "nobody", "/dev/null"],
        ["user", "grant", "nobody", "acme", "--all", "read"],
        ["user", "passwd", "nobody", "--password-stdin"],
        ["check", "ACME"],
        ["serve", "--port", "99999"],
    ],
)
def test_no_input_ends_in_a_traceback(run, arguments: list[str]):
    """Whatever is typed: a message on standard error, exit code 1 or 2, nothing on standard output."""
    run("company", "create", "acme", "--name", "Acme")
    result = run(*arguments, input="some password\n")
    assert result.exit_code in (REFUSED, USAGE)
    assert "Traceback" not in result.output
    assert "fault in CuneiFox" not in result.output
    assert result.stderr
    assert not result.stdout


def test_the_real_process_behaves_like_this_too(tmp_path: Path):
    """`python -m cuneifox`: JSON on standard output, messages on standard error, the same codes."""
    environment = {**os.environ, "CUNEIFOX_DATA": str(tmp_path / "data")}
    environment.pop("CUNEIFOX_CONFIG", None)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cuneifox", *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)

    made = run("company", "create", "acme", "--name", "Acme", "--json")
    assert (made.returncode, made.stderr) == (0, "")
    assert json.loads(made.stdout)["slug"] == "acme"
    taken = run("company", "create", "acme", "--name", "Acme")
    assert (taken.returncode, taken.stdout) == (REFUSED, "")
    assert taken.stderr.startswith("cuneifox: ")
    assert run("company").returncode == USAGE
    assert run("--version").stdout.startswith("cuneifox ")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (tenants.UnknownTenant("x"), REFUSED),
        (tenants.SlugTaken("x"), REFUSED),
        (tenants.WrongFile("x"), BROKEN),
        (tenants.ReadOnlyStore("x"), BROKEN),
        (tenants.LockTimeout("x"), BROKEN),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_is_refused_and_what_the_system_fails_at_have_their_own_codes(
    run, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
):
    """A script may try again after 3, when there is room on the disk again; after 1 that is no use."""

    def fail() -> None:
        raise error

    monkeypatch.setattr("cuneifox.cli.opening.settings", fail)
    result = run("company", "list")
    assert (result.exit_code, result.stderr) == (code, "cuneifox: x\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", "acme", "ledger", "--account", "\udcff"],
        ["user", "grant", "\udcff", "acme", "--all", "read"],
        ["user", "add", "ploy", "--password-stdin"],
    ],
    ids=["option", "argument", "standard input"],
)
def test_bytes_that_are_no_text_are_told(run, arguments: list[str]):
    """Exit code 2, not a fault of ours: Python hands such bytes over as surrogates."""
    assert run("company", "create", "acme", "--name", "Acme").exit_code == 0
    result = run(*arguments, input=b"\xff\xfe\xfd1234567890\n")
    assert result.exit_code == USAGE, result.output
    assert "isn't UTF-8" in result.stderr


def test_a_terminal_without_the_letters_is_told(tmp_path: Path, run):
    """Exit code 3 and the setting that helps; a table has lines and names that ASCII lacks."""
    assert run("company", "create", "acme", "--name", "Acme", "--local-name", "ก").exit_code == 0
    done = subprocess.run(
        [sys.executable, "-m", "cuneifox", "--data", "data", "company", "list"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == BROKEN
    assert done.stderr == "cuneifox: ascii can't write all texts: set PYTHONIOENCODING=utf-8.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["company", "show", "nobody"],
        ["check", "nobody"],
        ["report", "nobody", "trial-balance"],
        ["user", "grant", "ploy", "nobody", "--all", "read"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_an_unknown_company_is_told_with_where_to_look(run, arguments: list[str]):
    """In the words that people use: a company, not a tenant."""
    added = run("user", "add", "ploy", "--password-stdin", input="correct horse 1\n")
    assert added.exit_code == 0
    result = run(*arguments)
    assert result.exit_code == REFUSED
    assert result.stderr == "cuneifox: There is no company 'nobody': see `cuneifox company list`.\n"
