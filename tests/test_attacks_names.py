"""Names that aren't a company's, wherever a company is named: in addresses, on the command line, to the router."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import pytest
from click.testing import CliRunner

from attacks.arena import Arena, arena_in
from attacks.companies import ACME, VICTIM
from attacks.furnished import lay_out
from attacks.probes import Probe
from cuneifox.cli import main
from tenants import BadSlug, Router, SlugTaken, TenantError, UnknownTenant

LOOK_ALIKES = (
    "GLOBEX",
    "Globex",
    "glоbex",  # a Cyrillic о
    "ｇｌｏｂｅｘ",
    "globex\u200b",
    "\ufeffglobex",
    "globeх",  # a Cyrillic х
    "globex̲",
    "ｇlobex",
    " globex",
    "globex ",
    "globex.",
    "globex\n",
    "globex\x00",
    "acme\x00globex",
    "globex\x00acme",
    "globex/",
    "globex;acme",
    "globex%00",
    "-globex",
    "globex-",
    "globex\ud800",
    "glo\u00adbex",
)
PATHS = (
    "",
    " ",
    ".",
    "..",
    "../globex",
    "acme/../globex",
    "..%2fglobex",
    "%2e%2e%2fglobex",
    "..\\globex",
    "/etc/passwd",
    "/dev/zero",
    "~root",
    "$HOME",
    "`id`",
    "\\\\server\\share",
    "C:\\globex",
    "file:globex?mode=memory",
    "file:universal.db",
    ":memory:",
    "memory:",
    "sqlite:///universal.db",
    "universal.db",
    "secret.key",
    "con",
    "CON",
    "nul",
    "NUL.db",
    "aux",
    "prn",
    "com1",
    "lpt9",
    "universal",
    "new",
    "x" * 64,
    "x" * 5_000,
    "é" * 63,
    "a--b/" * 100,
)
NAMES = LOOK_ALIKES + PATHS
EACH = 9
"""A name is tried on every so many-th route, and on every so many-th command."""


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Arena]:
    with arena_in(tmp_path) as arena:
        yield arena


def files(folder: Path) -> set[str]:
    """All there is in a folder and below, but what SQLite keeps beside its files while they are open."""
    kept = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    return {name for name in kept if not name.endswith(("-wal", "-shm"))}


def test_no_name_in_an_address_opens_a_company(arena: Arena) -> None:
    """Every route of a company, by somebody who is a member of none of that name: no page, no file, no fault."""
    before = files(arena.folder)
    ids = arena.quiver.other.names["tenant"] + arena.quiver.own.names["tenant"]
    names = (*NAMES, *ids, *(one.upper() for one in ids))
    found = []
    for n, target in enumerate(t for t in arena.quiver.targets if t.of_company):
        values = {p.name: p.choices(arena.quiver.own, target.rule.rule)[0] for p in target.places}
        there = target.path("here", values)
        for name in names[n % EACH :: EACH]:
            for written in spellings(name):
                path = there.replace("/c/here", f"/c/{written}", 1)
                method = "GET" if "GET" in target.methods else "POST"
                probe = Probe(target.endpoint, name or "x", method, path, arena.people["anna"])
                found += arena.fire(probe)
    assert not found, "\n".join(map(str, found[:10]))
    assert sum(arena.answered.values()) > 5 * len(names)
    assert files(arena.folder) == before
    assert not arena.verdict()


def spellings(name: str) -> list[str]:
    """A name in an address, with all of it encoded and with as little as can be."""
    whole = quote(name, safe="", errors="surrogatepass")
    return sorted({whole, quote(name, "/%\\:", errors="replace")} - {"", ".", ".."})


def test_no_name_given_to_the_router_is_a_path(tmp_path: Path) -> None:
    """It finds nothing, makes nothing, and leaves nothing."""
    lay_out(tmp_path / "data")
    router = Router(tmp_path / "data")
    try:
        before = files(tmp_path)
        for name in NAMES:
            with pytest.raises(UnknownTenant):
                router.tenant(name)
            with pytest.raises(UnknownTenant), router.using(name):
                pass
            with pytest.raises((BadSlug, UnknownTenant)):
                router.create(name)
            with pytest.raises((BadSlug, UnknownTenant)):
                router.create("free", share={"registers": name})
            assert files(tmp_path) == before, name
    finally:
        router.close()


@pytest.mark.parametrize(
    "role", ["../books", "", "books.1", "BOOKS", "books\x00", "/etc", "x" * 40]
)
def test_no_role_is_a_path(tmp_path: Path, role: str) -> None:
    """A store is asked for by its name or not at all."""
    lay_out(tmp_path / "data")
    router = Router(tmp_path / "data")
    try:
        with pytest.raises(TenantError):
            router.tenant(ACME).store(role)
        with pytest.raises(TenantError):
            router.create("free", share={role: ACME})
    finally:
        router.close()


def test_a_name_is_taken_by_one_spelling_alone(tmp_path: Path) -> None:
    """No other letters for the same company, and no second company that looks like it."""
    lay_out(tmp_path / "data")
    router = Router(tmp_path / "data")
    try:
        with pytest.raises(SlugTaken):
            router.create(VICTIM)
        for name in LOOK_ALIKES:
            with pytest.raises(BadSlug):
                router.create(name)
    finally:
        router.close()


# The command line

NAMING = ("company", "slug", "slugs", "companies", "new_slug", "source", "target", "only")
"""Parameters that name companies."""


def commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """All commands below a group, with the words that call them."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        elif command is not None:
            yield (*path, name), command


def is_naming(param: click.Parameter) -> bool:
    metavar = str(getattr(param, "metavar", "") or "").upper()
    return param.name in NAMING or "COMPANY" in metavar or "SLUG" in metavar


ATTACKED = [
    (path, command, param)
    for path, command in commands(main)
    for param in command.params
    if is_naming(param) and not getattr(param, "is_flag", False)
]


def words(command: Any, param: click.Parameter, name: str, file: Path) -> list[str]:
    """A call of a command with a hostile name for one parameter, and something fitting for the others."""
    given: list[str] = []
    last: list[str] = []
    for each in command.params:
        is_option = isinstance(each, click.Option)
        value = name if each is param else _fitting(each, file)
        if each is param or each.required:
            given += [f"{each.opts[-1]}={value}"] if is_option else []
            last += [] if is_option else [value]
    return [*given, "--", *last]


def _fitting(param: click.Parameter, file: Path) -> str:
    kind = param.type
    if isinstance(kind, click.Choice):
        return str(next(iter(kind.choices)))
    if isinstance(kind, click.Path):
        return str(file)
    if isinstance(kind, click.types.IntParamType):
        return "1"
    return ACME if is_naming(param) else "x"


@pytest.mark.parametrize(
    "which", range(len(ATTACKED)), ids=[" ".join(p) + f" {q.name}" for p, _c, q in ATTACKED]
)
def test_no_name_on_the_command_line_is_a_path(
    tmp_path: Path, which: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command that names a company refuses it in words, with nothing made, changed or left behind."""
    monkeypatch.delenv("CUNEIFOX_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    path, command, param = ATTACKED[which]
    data = tmp_path / "data"
    lay_out(data)
    ledger = tmp_path / "x.beancount"
    ledger.write_text("")
    CliRunner().invoke(main, ["--data", str(data), "company", "list"])
    before = files(tmp_path)
    for name in NAMES[which % EACH :: EACH] if len(ATTACKED) >= EACH else NAMES:
        if "\x00" in name or "\ud800" in name:
            continue  # no shell can pass the one, and none passes the other as it is
        call = ["--data", str(data), *path, *words(command, param, name, ledger)]
        done = CliRunner().invoke(main, call, input="")
        assert done.exit_code in (1, 2), (call, done.exit_code, done.output)
        assert isinstance(done.exception, SystemExit), (call, done.exception)
        assert "Traceback" not in done.output
        assert files(tmp_path) == before, call


def test_commands_are_found_by_themselves() -> None:
    """Those that name a company, of whatever is in the command line."""
    named = {" ".join(path) for path, _command, _param in ATTACKED}
    assert named >= {"company create", "company show", "check", "import", "report", "user grant"}
