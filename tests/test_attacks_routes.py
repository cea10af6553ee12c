"""Every route, by everybody, with another company's ids wherever one can be put: nothing of that company comes out."""

from __future__ import annotations

from pathlib import Path

import pytest
from werkzeug.routing import Rule

from attacks.arena import arena_in
from attacks.companies import ACME, VICTIM
from attacks.probes import Probe
from attacks.routes import METHODS, CantFill, Target, targets

PARTS = 4


@pytest.mark.parametrize("part", range(PARTS))
def test_no_route_gives_or_takes_what_is_anothers(tmp_path: Path, part: int) -> None:
    """Every method, session, forged header and form token; the other's files and rows stay as they are."""
    with arena_in(tmp_path) as arena:
        mine = arena.quiver.targets[part::PARTS]
        found = arena.fire_all(arena.quiver.in_order(mine))
        sent = sum(arena.answered.values())
        found += arena.verdict()
    assert not found, "\n".join(map(str, found[:10]))
    assert sent > 100 * len(mine)
    assert arena.answered[200] > len(mine)


def test_every_route_can_be_attacked(tmp_path: Path) -> None:
    """A route is found by itself, and one with a place that nobody can fill is named."""
    with arena_in(tmp_path) as arena:
        found = targets(arena.site.app)
        assert len(found) == len(list(arena.site.app.url_map.iter_rules())) > 60
        for target in found:
            for place in target.places:
                assert place.choices(arena.quiver.other, target.rule.rule)
        rule = Rule("/c/<slug>/papers/<paper>", endpoint="papers.show")
        arena.site.app.url_map.add(rule)
        added = next(t for t in targets(arena.site.app) if t.endpoint == "papers.show")
        with pytest.raises(CantFill, match=r"/c/<slug>/papers/<paper> has a place 'paper'"):
            added.places[0].choices(arena.quiver.other, added.rule.rule)


def test_no_method_is_left_out() -> None:
    """What HTTP has, and pages could answer."""
    assert set(METHODS) == {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"}


def test_anothers_company_is_as_good_as_none(tmp_path: Path) -> None:
    """No answer tells whether a company exists that one isn't a member of: status, headers and page are the same."""
    nowhere = "globez"
    with arena_in(tmp_path) as arena:
        for target in arena.quiver.targets:
            if target.of_company:
                for method in METHODS:
                    there = look(arena, target, VICTIM, method)
                    assert there == look(arena, target, nowhere, method), (target, method)


def look(arena: object, target: Target, slug: str, method: str) -> tuple[int, str, list[str]]:
    values = {p.name: p.choices(arena.quiver.other, target.rule.rule)[0] for p in target.places}  # type: ignore[attr-defined]
    who = arena.people["anna"]  # type: ignore[attr-defined]
    probe = Probe(target.endpoint, slug, method, target.path(slug, values), who)
    answer = arena.ask(probe)  # type: ignore[attr-defined]
    headers = sorted(f"{k}: {v}".replace(slug, "") for k, v in answer.headers)
    return answer.status_code, answer.text.replace(slug, ""), headers


def test_the_attack_comes_from_one_company_on_another() -> None:
    """The names that the other tests rely on."""
    assert ACME != VICTIM
