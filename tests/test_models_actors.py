"""Rights come in levels, each with those below it, module by module."""

from __future__ import annotations

import pytest

from models.actors import LEVELS, MODULES, Actor
from models.errors import NotAllowed


@pytest.mark.parametrize("held", LEVELS)
@pytest.mark.parametrize("asked", LEVELS)
def test_a_level_includes_those_before_it_and_none_after(held: str, asked: str) -> None:
    """In that module alone: a module that isn't named counts as none."""
    actor = Actor("u1", "Somchai", {"ledger": held})  # type: ignore[dict-item]
    allowed = LEVELS.index(held) >= LEVELS.index(asked)  # type: ignore[arg-type]
    assert actor.may("ledger", asked) is allowed  # type: ignore[arg-type]
    assert actor.may("wages", asked) is (asked == "none")  # type: ignore[arg-type]
    if allowed:
        actor.demand("ledger", asked)  # type: ignore[arg-type]
    else:
        with pytest.raises(NotAllowed, match=f"Somchai lacks the right to {asked}"):
            actor.demand("ledger", asked)  # type: ignore[arg-type]


def test_the_rights_beside_the_levels_are_apart() -> None:
    """No level brings the freeze or the close right."""
    actor = Actor("u1", "Somchai", dict.fromkeys(MODULES, "delete"))
    for demand in (actor.demand_freeze, actor.demand_close):
        with pytest.raises(NotAllowed):
            demand()


def test_the_server_itself_may_all() -> None:
    """Its work is named as such in the books."""
    actor = Actor.system("import")
    assert (actor.user_id, actor.name) == ("system:import", "import")
    assert all(actor.may(module, "delete") for module in MODULES)
    actor.demand_freeze()
    actor.demand_close()
