"""Random work on several companies, keys and threads: everybody sees what the model says, and nobody anything else.

`make isolation-long` plays a million operations of the same machine.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from pysqlite3 import DatabaseError

from guards import GUARDS, switch_off
from tenants import Router
from world import OPERATIONS, Leak, Operation, World, set_up

SHORT = settings(
    max_examples=60,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def companies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Router]:
    """The machine's companies, whose rows each run makes anew."""
    router = set_up(tmp_path_factory.mktemp("machine") / "data")
    yield router
    router.close()


def _rule_of(operation: Operation) -> Any:
    def play(self: Any, data: st.DataObject) -> None:
        self.world.choose = lambda n: data.draw(st.integers(0, n - 1))
        self.world.note(operation.name)
        operation.do(self.world)

    play.__name__ = operation.name
    return rule(data=st.data())(play)


def machine_on(router: Router) -> type[RuleBasedStateMachine]:
    """Return the machine, with a rule for each operation, so that Hypothesis chooses and shrinks what happens."""

    def begin(self: Any) -> None:
        RuleBasedStateMachine.__init__(self)
        self.world = World(router, lambda n: 0)

    body: dict[str, Any] = {operation.name: _rule_of(operation) for operation in OPERATIONS}
    body |= {"__init__": begin, "teardown": lambda self: self.world.close()}
    return type("Companies", (RuleBasedStateMachine,), body)


def test_everybody_sees_their_own(companies: Router) -> None:
    """Whatever Hypothesis lets happen, in whichever order, each hand sees its company's rows or is refused."""
    run_state_machine_as_test(machine_on(companies), settings=SHORT)


def play(router: Router, seed: int, rounds: int) -> World:
    """Let so many operations happen, each as often as its weight says."""
    draw = random.Random(seed).random
    world = World(router, lambda n: int(draw() * n))
    weighed = [operation for operation in OPERATIONS for _ in range(operation.weight)]
    try:
        for _ in range(rounds):
            operation = weighed[int(draw() * len(weighed))]
            world.note(operation.name)
            operation.do(world)
    finally:
        world.close()
    return world


def test_a_long_game(companies: Router) -> None:
    """Thousands of operations of one seed: nothing leaks, and each kind of outcome is among them."""
    done = play(companies, 1, 6000).done
    assert set(done) == {"worked", "refused", "waited", "moved"}
    assert min(done.values()) > 30


def play_until_a_leak(router: Router) -> None:
    """Play with several seeds."""
    for seed in range(10):
        with suppress(DatabaseError):  # of a driver's cursor that somebody else has closed
            play(router, seed, 2000)


@pytest.mark.parametrize("guard", GUARDS)
def test_it_sees_leaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, guard: str) -> None:
    """With a guard switched off, the machine soon finds that something went astray."""
    router = set_up(tmp_path / "data")
    switch_off(monkeypatch, guard)
    with pytest.raises(Leak):
        play_until_a_leak(router)
    monkeypatch.undo()
    router.db_dict.clear()
    with suppress(Exception):
        router.close()
