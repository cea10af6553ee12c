"""`cuneifox user`: a first administrator, rights, and passwords that no process list shows."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from cuneifox.cli import main
from cuneifox.cli.exits import REFUSED, USAGE
from models.people import Activity, Membership, Passwords, Session, User
from tenants import Router

SECRET = "correct horse 7"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs a command on a data folder of the test's, whose passwords are cheap to hash."""
    monkeypatch.delenv("CUNEIFOX_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text(
        'data_folder = "data"\n[passwords]\ntime_cost = 1\nmemory_kib = 64\nparallelism = 1\n'
    )
    return lambda *arguments, **options: CliRunner().invoke(main, arguments, **options)


@pytest.fixture
def add(run):
    """Adds a user whose password is SECRET."""

    def _add(name: str, *options: str):
        return run("user", "add", name, *options, "--password-stdin", input=SECRET + "\n")

    return _add


@pytest.fixture
def people(tmp_path: Path):
    """Opens what the commands left behind; to be called once they are done."""
    opened = []

    def _people() -> Router:
        opened.append(Router(tmp_path / "data"))
        return opened[-1]

    yield _people
    for router in opened:
        router.close()


def test_a_first_administrator_needs_no_demo(run, add, people):
    """On an empty folder `user add --admin` makes one, whose password verifies."""
    assert add("mali", "--admin", "--display-name", "มาลี").exit_code == 0
    people()
    user = User.find("mali")
    assert (user.administers, user.active, user.display_name) == (True, True, "มาลี")
    assert Passwords().verify(user.password_hash, SECRET)
    assert user.password_hash.startswith("$argon2id$v=19$m=64,t=1,p=1$")  # as the settings say
    assert Activity.page()[0].action == "people.add"


def test_users_are_listed_without_their_passwords(run, add):
    """Neither hash nor anything secret is printed."""
    add("mali")
    listed = run("user", "list", "--json").stdout
    assert [user["name"] for user in json.loads(listed)] == ["mali"]
    assert "argon2" not in listed
    assert "mali" in run("user", "list").stdout


def test_a_password_is_never_an_argument(run):
    """There is no such option, and a second word is a usage error."""
    assert run("user", "add", "mali", "--password", SECRET).exit_code == USAGE
    assert run("user", "add", "mali", SECRET).exit_code == USAGE


@pytest.mark.parametrize("given", ["", "\n", "\nsecond line\n"])
def test_an_empty_standard_input_is_a_usage_error(run, given: str):
    """Nobody is added with an empty password."""
    result = run("user", "add", "mali", "--password-stdin", input=given)
    assert result.exit_code == USAGE
    assert "standard input is empty" in result.stderr


def test_without_a_terminal_the_way_out_is_told(run):
    """A script that forgets --password-stdin doesn't hang."""
    result = run("user", "add", "mali", input="")
    assert result.exit_code == USAGE
    assert "--password-stdin" in result.stderr


def test_at_a_terminal_the_password_is_asked_for_twice(
    run, monkeypatch: pytest.MonkeyPatch, people
):
    """What is typed isn't shown, and the two must agree."""
    monkeypatch.setattr("cuneifox.cli.user_command._at_terminal", lambda: True)
    typed = f"{SECRET}\n{SECRET}x\n{SECRET}\n{SECRET}\n"
    result = run("user", "add", "mali", input=typed)
    assert result.exit_code == 0, result.output
    assert SECRET not in result.output
    people()
    assert Passwords().verify(User.find("mali").password_hash, SECRET)


@pytest.mark.parametrize(
    ("name", "password", "said"),
    [
        ("mali", "short", "at least 10 characters"),
        ("mali", "xmalixmalix1", ""),
        ("mali", "a" * 300, "at most 200 characters"),
        ("no spaces", SECRET, "no spaces"),
        ("", SECRET, ""),
        ("x" * 300, SECRET, ""),
    ],
)
def test_names_and_passwords_have_their_rules(run, people, name: str, password: str, said: str):
    """Exit code 1, the rule, and nobody is added."""
    result = run("user", "add", name, "--password-stdin", input=password + "\n")
    assert result.exit_code == REFUSED
    assert said in result.stderr
    assert password not in result.output
    people()
    assert User.list() == []


def test_a_name_is_taken_once(add):
    """In whatever case it is written."""
    assert add("mali").exit_code == 0
    result = add("MALI")
    assert result.exit_code == REFUSED
    assert "There is a user named" in result.stderr


def test_rights_are_granted_and_revoked(run, add, people):
    """Exactly those that are named; --all fills in what isn't."""
    add("mali")
    run("company", "create", "acme", "--name", "Acme")
    told = run("user", "grant", "mali", "acme", "--all", "read", "--ledger", "edit", "--json")
    assert json.loads(told.stdout)["levels"] == {
        "ledger": "edit",
        "receivables": "read",
        "inventory": "read",
        "assets": "read",
        "wages": "read",
    }
    assert json.loads(run("company", "show", "acme", "--json").stdout)["members"].keys() == {"mali"}
    assert run("user", "grant", "mali", "acme", "--ledger", "read", "--may-freeze").exit_code == 0
    router = people()
    membership = Membership.find(User.find("mali"), router.tenant("acme").id)
    assert membership is not None
    assert (membership.ledger, membership.wages) == ("read", "none")
    assert (membership.may_freeze, membership.may_close) == (True, False)
    router.close()
    assert run("user", "grant", "mali", "acme", "--revoke").exit_code == 0
    people()
    assert Membership.of(User.find("mali")) == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["mali", "acme"], USAGE),
        (["mali", "acme", "--all", "everything"], USAGE),
        (["mali", "acme", "--all", "read", "--revoke"], USAGE),
        (["mali", "acme", "--revoke", "--may-close"], USAGE),
        (["nobody", "acme", "--all", "read"], REFUSED),
        (["mali", "nowhere", "--all", "read"], REFUSED),
    ],
)
def test_a_grant_that_cannot_be_gives_nothing(run, add, people, arguments: list[str], code: int):
    """Wrong words are usage errors, unknown names are refused."""
    add("mali")
    run("company", "create", "acme", "--name", "Acme")
    assert run("user", "grant", *arguments).exit_code == code
    people()
    assert Membership.of(User.find("mali")) == []


def test_another_password_ends_all_sessions(run, add, people):
    """The old one works no more, and nobody stays signed in with it."""
    add("mali")
    router = people()
    token = Session.start(User.find("mali"), now=time.time(), lifetime=3600)
    assert Session.live(token, now=time.time(), idle=60)
    router.close()
    result = run(
        "user", "passwd", "mali", "--must-change", "--password-stdin", input="another 12345\n"
    )
    assert result.exit_code == 0, result.output
    people()
    assert Session.live(token, now=time.time(), idle=60) is None
    user = User.find("mali")
    assert not Passwords().verify(user.password_hash, SECRET)
    assert Passwords().verify(user.password_hash, "another 12345")
    assert user.must_change_password
