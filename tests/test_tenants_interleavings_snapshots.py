"""Every order in which a snapshot's own thread and the one that ends it can take their steps.

Each kind of exploration has a control: code with a known fault, in which the fault is found.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from exploring import explore, require, scheduler
from tenants import SnapshotTooOld
from tenants.snapshots.gate import Gate, Why

__all__ = ["scheduler"]

pytestmark = pytest.mark.usefixtures("scheduler")

LATE = Why("age", "too old")

#: However often they are interrupted.
ALL: dict[str, Any] = {"clock": "virtual", "preemption_bound": None}


class Held:
    """A connection: what is done to it while it is whose."""

    def __init__(self) -> None:
        self.stepping = self.pooled = False
        self.let_go_of = self.told = 0
        self.broken: list[str] = []

    def interrupt(self) -> None:
        """Must only ever reach the snapshot's own statements."""
        if self.pooled:
            self.broken.append("somebody else was interrupted")

    def let_go(self) -> None:
        """Must come once, while no statement runs, and never once the connection is somebody else's."""
        self.let_go_of += 1
        if self.stepping:
            self.broken.append("rolled back under a statement")
        if self.pooled:
            self.broken.append("rolled back what is somebody else's")

    def condemned(self, why: Why) -> None:
        """Is told once."""
        self.told += 1


def behind(kind: type[Gate] = Gate) -> Any:
    """Return a set-up of a snapshot that is read and never gets too old by itself."""

    def setup() -> Any:
        held = Held()
        return SimpleNamespace(held=held, gate=kind(held, 1.0, LATE, lambda: 0.0), outcomes=[])

    return setup


def read_and_leave(state: Any) -> None:
    """Run a statement as the owner does, then give the connection to the pool as leaving an entry does."""
    try:
        with state.gate:
            state.held.stepping = True
            if state.held.let_go_of:
                state.held.broken.append("a statement ran on what was given back")
            state.held.stepping = False
        state.outcomes.append("read")
    except SnapshotTooOld:
        state.outcomes.append("too old")
    state.gate.leave()
    state.held.pooled = True


def end(state: Any) -> None:
    """End it as the thread that watches does, which comes again where a statement went on."""
    state.gate.condemn(LATE)
    while not state.gate.end(0.02):
        pass


def holds(state: Any) -> bool:
    """True where nothing met that mustn't, and it was ended once or was over before."""
    held, gate = state.held, state.gate
    ended = (held.let_go_of, held.told) == ((1, 1) if gate.why is not None else (0, 0))
    return not held.broken and ended and gate.left and state.outcomes in (["read"], ["too old"])


def test_a_snapshot_that_is_left_as_it_is_ended() -> None:
    """In no order is a statement rolled back under, a pooled connection touched, or anything given back twice."""
    require(behind(), [read_and_leave, end], holds, **ALL)


def test_a_snapshot_that_two_find_too_old() -> None:
    """Its own thread and the watching one find out at the same time: it is told and ended once."""

    def find_out(state: Any) -> None:
        state.gate.condemn(LATE)
        read_and_leave(state)

    require(behind(), [find_out, end], holds, **ALL)


class Unaimed(Gate):
    """Interrupts without asking whether the snapshot was left meanwhile."""

    def end(self, patience: float) -> bool:
        if self.left:
            return True
        self._held.interrupt()
        return super().end(patience)


class Unguarded(Gate):
    """Rolls back without waiting for the statement that it has interrupted."""

    def end(self, patience: float) -> bool:
        self._let_go()
        return True


@pytest.mark.parametrize("kind", [Unaimed, Unguarded])
def test_a_gate_that_lets_them_meet_is_found(kind: type[Gate]) -> None:
    """The control: without one of its locks, the exploration finds a stray interrupt, or a rollback under a step."""
    result = explore(behind(kind), [read_and_leave, end], holds, **ALL)
    assert not result.property_holds
