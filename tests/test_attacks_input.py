"""Input that nobody would think of, to every route that takes any: an answer, never a fault of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.http import dump_cookie

from attacks.arena import Arena, Finding, arena_in
from attacks.companies import ACME
from attacks.people import Identity
from attacks.probes import HOSTILE, Probe
from attacks.routes import Target
from cuneifox_site import Site

PARTS = 2
EXAMPLES = 10
"""Per route and way of sending."""

QUIET = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,  # the long form is what looks elsewhere each time
    suppress_health_check=list(HealthCheck),
)
MEDIA = (
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "application/json",
    "text/csv; charset=utf-7",
    "application/x-www-form-urlencoded; charset=nowhere",
    "\x7f",
)


def words(arena: Arena) -> st.SearchStrategy[str]:
    """Texts of all kinds, and what belongs to the other company."""
    return st.one_of(
        st.sampled_from(HOSTILE),
        st.text(max_size=60),
        st.sampled_from(arena.quiver.other.words),
        st.sampled_from(arena.quiver.own.words),
        st.integers(-(10**25), 10**25).map(str),
        st.dates().map(str),
        st.decimals(allow_nan=True).map(str),
    )


def values(arena: Arena, target: Target) -> st.SearchStrategy[dict[str, Any]]:
    """What is sent: the view's own names with any texts, or the form that its page shows with some changed."""
    word = words(arena)
    one = st.one_of(word, st.lists(word, max_size=4))
    shown = arena.quiver.forms.of(target.endpoint)
    names = {*arena.quiver.heard.of(target.endpoint), *(n for form in shown for n in form)}
    any_of = st.dictionaries(st.sampled_from(sorted(names) or ["x"]), one, max_size=8)
    more = st.dictionaries(st.text(max_size=12), one, max_size=2)
    forms = st.sampled_from(shown) if shown else st.just({})
    return st.builds(lambda form, some, other: {**form, **some, **other}, forms, any_of, more)


def attack(
    arena: Arena, target: Target, who: Identity, fire: Callable[[Probe], list[Finding]]
) -> None:
    """Send a route what was made up, every way it can be sent; fails with the smallest that went wrong."""
    places = [st.sampled_from(p.choices(arena.quiver.own, target.rule.rule)) for p in target.places]
    methods = sorted(target.methods - {"OPTIONS"})
    inputs = values(arena, target)

    @QUIET
    @given(
        st.tuples(*places),
        st.sampled_from(methods),
        st.sampled_from(("query", "form", "multipart", "json", "raw")),
        inputs,
        st.binary(max_size=200),
        st.sampled_from(MEDIA),
    )
    def send(
        place: tuple[Any, ...],
        method: str,
        way: str,
        held: dict[str, Any],
        raw: bytes,
        media: str,
    ) -> None:
        named = {p.name: value for p, value in zip(target.places, place, strict=True)}
        probe = Probe(
            target.endpoint,
            ACME if target.of_company else "",
            method,
            target.path(ACME, named),
            who,
            query=held if way == "query" else {},
            form=held if way in ("form", "multipart") else None,
            json=held if way == "json" else None,
            multipart=way == "multipart",
            raw=raw if way == "raw" else None,
            headers={"Content-Type": media} if way == "raw" else {},
        )
        found = fire(probe)
        assert not found, "\n".join(map(str, found))

    send()


@pytest.mark.parametrize("part", range(PARTS))
def test_no_input_of_a_member_costs_a_fault(tmp_path: Path, part: int) -> None:
    """Every route, signed in as who may do anything in acme."""
    with arena_in(tmp_path) as arena:
        for target in arena.quiver.targets[part::PARTS]:
            attack(arena, target, arena.people["anna"], arena.fire)
        found = arena.verdict()
    assert not found, "\n".join(map(str, found[:5]))


def test_no_input_of_an_administrator_costs_a_fault(tmp_path: Path) -> None:
    """The pages of the installation, and those of a company that only administrators see."""
    with arena_in(tmp_path) as arena:

        def fire(probe: Probe) -> list[Finding]:
            """An administrator may change anybody; a fault stays one."""
            return [one for one in arena.fire(probe) if one.what in ("crash", "entry left")]

        for target in arena.quiver.targets:
            view: Any = arena.site.app.view_functions[target.endpoint]
            if getattr(view, "for_administrators", False):
                attack(arena, target, arena.people["root"], fire)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("cookies") / "data")
    site.app.testing = False
    yield site
    site.close()


@QUIET
@given(st.one_of(st.text(max_size=120), st.binary(max_size=60).map(lambda b: b.decode("latin-1"))))
def test_no_cookie_costs_a_fault(site: Site, token: str) -> None:
    """Whatever stands for a session, a notice, a language or a known browser."""
    names = ("cuneifox_session", "notices", "cuneifox_device", "cuneifox_visitor", "language")
    header = "; ".join(dump_cookie(name, token, max_size=0).split(";")[0] for name in names)
    for path in ("/sign-in", f"/c/{ACME}/", "/companies"):
        answer = site.app.test_client(use_cookies=False).get(path, headers={"Cookie": header})
        assert answer.status_code in (200, 302), (path, answer.status_code)
