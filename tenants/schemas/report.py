"""What a run of migrations did, store by store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How it ended for one store."""

    MIGRATED = "migrated"
    CURRENT = "current"  # there was nothing to do after all
    FAILED = "failed"  # rolled back, and in quarantine
    HINDERED = "hindered"  # it could not be tried now: busy, missing, no room
    WOULD_MIGRATE = "would migrate"
    WOULD_FAIL = "would fail"


@dataclass(frozen=True, slots=True)
class StoreReport:
    """What happened to one store.

    Attributes:
        store: what people call it: `acme/books`.
        store_id: its id; `universal` for the shared database.
        role: `books`, …
        tenants: the slugs of all who use it, its owner's first; everyone who is affected.
        outcome: how it ended.
        before: its version before; None where it failed.
        after: its version now, or what it would be; None where it failed.
        names: the migrations that were applied, in order.
        seconds: how long it took.
        reason: why it failed or was hindered, and what to do.
        snapshot: the path of the copy as it was before.
    """

    store: str
    store_id: str
    role: str
    tenants: tuple[str, ...]
    outcome: Outcome
    before: int | None
    after: int | None
    names: tuple[str, ...] = ()
    seconds: float = 0.0
    reason: str = ""
    snapshot: str = ""

    @property
    def is_well(self) -> bool:
        """True where nothing is left to mend."""
        return self.outcome not in (Outcome.FAILED, Outcome.HINDERED, Outcome.WOULD_FAIL)


@dataclass(frozen=True, slots=True)
class FleetReport:
    """What a run did.

    Attributes:
        stores: how many stores there are of roles that have migrations.
        results: one for each store that had to be looked at, in the order in which they were done.
        seconds: how long all took.
        dry_run: True where copies were tried, and nothing was changed.
        stopped: why the run ended before all were done, or empty.
        left: what wasn't come to, as people call it.
        unasked: how many more may be behind, of tenants that the run wasn't for.
    """

    stores: int
    results: tuple[StoreReport, ...]
    seconds: float
    dry_run: bool = False
    stopped: str = ""
    left: tuple[str, ...] = ()
    unasked: int = 0

    def of(self, outcome: Outcome) -> list[StoreReport]:
        """Return the stores for which it ended so."""
        return [result for result in self.results if result.outcome is outcome]

    @property
    def failed(self) -> list[StoreReport]:
        """Those that something is left to mend with."""
        return [result for result in self.results if not result.is_well]

    @property
    def is_well(self) -> bool:
        """True where nothing failed and nothing was left."""
        return not self.failed and not self.stopped


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is.

    Attributes:
        done: stores that are done, of `total`.
        store: the one that this is about.
        step: `locked`, `snapshot`, `begun`, `applied <name>`, `checked`, `committed`, `recorded`; or `done`.
        result: what came of it, with `done`.
    """

    done: int
    total: int
    store: str
    step: str
    result: StoreReport | None = None


Tell = Callable[[Progress], object]
