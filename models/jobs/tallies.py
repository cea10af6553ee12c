"""What has become of jobs, counted: how many ended how, how long they waited and ran. It outlasts the jobs themselves.

The counts are kept in the catalogue, in the transaction in which a job leaves its worker, because whoever does jobs and
whoever is asked for figures are different processes, and because jobs are forgotten after some days, and counts aren't.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

import msgspec
from peewee import CharField, CompositeKey, FloatField, IntegerField

from tenants import RoutedModel

BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, math.inf)
"""Upper bounds, in seconds, of what waits and run times are sorted into."""

ENDED, WAITED, RAN = "ended", "waited", "ran"
"""What is counted: jobs by the state in which they ended; attempts by their wait, and by how long they took."""

_ADD = """
INSERT INTO job_tallies (kind, what, step, number, seconds) VALUES (?, ?, ?, 1, ?)
ON CONFLICT (kind, what, step) DO UPDATE SET number = number + 1, seconds = seconds + excluded.seconds
"""


class JobTally(RoutedModel):
    """A count.

    Attributes:
        kind: of work.
        what: ENDED, WAITED or RAN.
        step: the state, or the bound in seconds that it is below and above the one before.
        number: how many; `seconds`, how long all of them together.
    """

    kind = CharField(max_length=40)
    what = CharField(max_length=10)
    step = CharField(max_length=12)
    number = IntegerField()
    seconds = FloatField()

    class Meta:
        table_name = "job_tallies"
        primary_key = CompositeKey("kind", "what", "step")


class Spread(msgspec.Struct):
    """How long something took, again and again.

    Attributes:
        counts: how often it took up to each of BOUNDS, and longer than the bound before.
        seconds: all of it together.
    """

    counts: list[int] = msgspec.field(default_factory=lambda: [0] * len(BOUNDS))
    seconds: float = 0.0

    def cumulative(self) -> Iterator[tuple[float, int]]:
        """Yield each bound, with how often it took no longer."""
        total = 0
        for bound, count in zip(BOUNDS, self.counts, strict=True):
            total += count
            yield bound, total


class Tallies(msgspec.Struct):
    """All counts of one moment.

    Attributes:
        ended: jobs by kind and the state in which they ended.
        waited: by kind, how long attempts waited from when they could have begun.
        ran: by kind, how long attempts took that came to an end of their own.
    """

    ended: dict[tuple[str, str], int] = msgspec.field(default_factory=dict)
    waited: dict[str, Spread] = msgspec.field(default_factory=lambda: defaultdict(Spread))
    ran: dict[str, Spread] = msgspec.field(default_factory=lambda: defaultdict(Spread))


def count_end(kind: str, state: str) -> None:
    """Count a job that has ended; in the transaction that ends it."""
    _add(kind, ENDED, state, 0.0)


def count_wait(kind: str, seconds: float) -> None:
    """Count how long an attempt waited that has left its worker; likewise."""
    _add(kind, WAITED, _step(seconds), seconds)


def count_run(kind: str, seconds: float) -> None:
    """Count how long an attempt took; likewise."""
    _add(kind, RAN, _step(seconds), seconds)


def read() -> Tallies:
    """Return all counts. Those sorted by other bounds than today's count as the next larger one."""
    found = Tallies()
    for kind, what, step, number, seconds in JobTally.select().tuples():
        if what == ENDED:
            found.ended[kind, step] = number
            continue
        spread = (found.waited if what == WAITED else found.ran)[kind]
        spread.counts[_place(float(step))] += number
        spread.seconds += seconds
    return found


def _add(kind: str, what: str, step: str, seconds: float) -> None:
    JobTally._meta.database.execute_sql(_ADD, (kind, what, step, max(seconds, 0.0)))


def _step(seconds: float) -> str:
    return str(BOUNDS[_place(seconds)])


def _place(seconds: float) -> int:
    return next(place for place, bound in enumerate(BOUNDS) if seconds <= bound)
