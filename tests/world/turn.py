"""What one hand does in one step, and what the model says of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tenants import (
    LockTimeout,
    NoTenant,
    ReadOnlyStore,
    SharedEntry,
    TenantSuspended,
    UnknownTenant,
    WrongFile,
    WrongTenant,
)

from .hands import Hand
from .things import Thing

if TYPE_CHECKING:
    from .world import World

REFUSALS = (NoTenant, WrongTenant, SharedEntry)


class Turn:
    """Something that one hand does, in a store of one role.

    Args:
        world: the world.
        hand: who does it.
        role: in which store.
        thing: what it is done with; its store is meant then, whoever has it in hand.
    """

    def __init__(self, world: World, hand: Hand, role: str, thing: Thing | None = None) -> None:
        self.world = world
        self.hand = hand
        self.seat = seat = hand.seat
        world.note("  by", hand, "in", seat)
        if thing is not None:
            self.shelf = thing.shelf
        else:
            self.shelf = seat.shelves[role] if seat is not None and seat.live else None

    def choose(self, below: int) -> int:
        """Choose a number."""
        return self.world.choose(below)

    def fresh_text(self) -> str:
        """Return a text that tells whose it is, and is in no other row."""
        self.world.texts += 1
        return f"{self.shelf.label if self.shelf else 'nobody'}: {self.world.texts}"

    def rows(self) -> dict[int, Any]:
        """What is to be seen here, by the model."""
        if self.shelf is None:
            return {}
        return self.shelf.seen_by(self.seat) if self.seat is not None else self.shelf.rows

    def next_id(self) -> int:
        """The id that the next row gets."""
        return max(self.rows(), default=0) + 1

    def any_id(self) -> int:
        """Choose an id, of a row or of none."""
        return 1 + self.choose(1 + max(self.rows(), default=0))

    def put(self, number: int, row: Any) -> None:
        """Write a row, by the model."""
        self.shelf.put(self.seat, number, row)

    def require(self, good: bool, why: str) -> None:
        """Fail unless it is so."""
        if not good:
            self.world.fail(why)

    def _may(self, thing: Thing | None, threads: bool, cursor: bool) -> bool | None:
        """May it be done? None where either will do."""
        self.hand.arrive()
        seat = self.seat
        if seat is None or not seat.holds(self.shelf):
            return False
        if seat.is_outdated():
            return False if threads and not cursor else None
        if cursor:
            return thing.seat.live and thing.seat.thread == self.hand.thread
        if seat.thread == self.hand.thread:
            return True
        return False if threads else None

    def _run(self, job: Callable[[], Any], may: bool | None) -> tuple[bool, Any]:
        try:
            got = self.hand.run(job)
        except (*REFUSALS, TenantSuspended, UnknownTenant, WrongFile) as error:
            # Who was in before the company was suspended goes on, if its stores were in hand by then.
            shut = isinstance(error, TenantSuspended) and self.seat.company.state == "suspended"
            self.require(not may or shut, f"refused: {error!r}")
            self.world.done["refused"] += 1
            return False, None
        self.require(may is not False, f"LEAK: {got!r}")
        self.world.done["worked"] += 1
        return True, got

    def reads(
        self,
        job: Callable[[], Any],
        expected: Any = None,
        thing: Thing | None = None,
        compare: bool = True,
        threads: bool = True,
        cursor: bool = False,
        stale: bool = False,
    ) -> Any:
        """Read, and compare with what is expected where it is allowed.

        Args:
            threads: it needs the connection, which belongs to a thread.
            cursor: it needs the cursor that the thing is.
            stale: whoever has an iterator half read in the same seat may see what was there as it was begun.
        """
        done, got = self._run(job, self._may(thing, threads, cursor))
        if not done:
            return None
        if compare and got != expected and not (stale and self.seat.half_read.get(self.shelf)):
            self.world.fail(f"gave {got!r}, and should have given {expected!r}")
        if isinstance(got, dict):
            self.require(set(got.items()) <= self.shelf.history, f"LEAK: {got!r}")
        return got

    def writes(self, job: Callable[[], Any], expected: Any, thing: Thing | None = None) -> bool:
        """Write; return True where it was done."""
        may = self._may(thing, True, False)
        busy = self.shelf is not None and self.shelf.writer not in (None, self.seat)
        try:
            done, got = self._run(job, may)
        except LockTimeout as error:
            self.require(bool(may and busy), f"waited: {error!r}")
            self.world.done["waited"] += 1
            return False
        except ReadOnlyStore as error:
            self.require(not may or not self.seat.may_write(), f"refused to write: {error!r}")
            self.world.done["refused"] += 1
            return False
        if not done:
            return False
        self.require(self.seat.may_write() is not False, f"wrote where it is archived: {got!r}")
        self.require(not busy, f"wrote while another transaction was open: {got!r}")
        self.require(got == expected, f"gave {got!r}, and should have given {expected!r}")
        return True

    def compares(self, job: Callable[[], Any]) -> Any:
        """Compare rows, which raises nothing by itself; return None where finding the other one does."""
        return self._run(job, None)[1]

    def builds(self, job: Callable[[], Any]) -> Any:
        """Make something that needs no company to be made."""
        self.world.done["worked"] += 1
        return self.hand.run(job)

    def half_reads(self, thing: Thing) -> None:
        """Remember that an iterator holds on to what it saw."""
        self.seat.half_read[self.shelf] = self.seat.half_read.get(self.shelf, 0) + 1
