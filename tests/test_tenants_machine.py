"""Random work on several companies, keys and threads: everybody sees what the model says, and nobody anything else.

`make isolation-long` plays a million operations of the same machine.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from guards import CHANGES, GUARDS
from long_isolation import FOLDER, read_state, run
from notes import ROOT
from tenants import Router
from world import OPERATIONS, Operation, World, set_up

SHORT = settings(
    max_examples=60,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def companies() -> Iterator[Router]:
    """The machine's companies, whose rows each run makes anew."""
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        router = set_up(Path(folder) / "data")
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


@pytest.mark.parametrize("guard", [*GUARDS, *CHANGES])
def test_it_sees_leaks(guard: str) -> None:
    """With a guard switched off, the machine soon finds that something went astray."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.long_isolation",
            "--seed=1",
            "--rounds=20",
            "--without",
            guard,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Leak: " in done.stdout


def test_a_long_run_goes_on_where_it_was(tmp_path: Path) -> None:
    """What was done so far is kept, and counted with what is done next; enough is enough."""
    state = read_state(tmp_path / "state.json")
    for operations in (1, 2):
        for _ in run(state, operations, 1):
            (tmp_path / "state.json").write_text(json.dumps(state))
        state = read_state(tmp_path / "state.json")
    assert state["operations"] == sum(state["done"].values()) > 1000
    assert state["next_seed"] == 5
    assert state["leaks"] == []
