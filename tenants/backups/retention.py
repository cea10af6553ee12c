"""Which backups are kept: a plan made of their moments alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from .backup import moment_of


@dataclass(frozen=True)
class Retention:
    """How many backups of each tenant are kept; those that several rules name count for each.

    An hour, day or month counts where there is a backup of it, and is represented by its last. They are those of UTC.

    Attributes:
        last: the newest so many, however close together.
        hourly: of so many hours, one each.
        daily: of so many days, one each.
        monthly: of so many months, one each.
    """

    last: int = 12
    hourly: int = 24
    daily: int = 31
    monthly: int = 24

    def __post_init__(self) -> None:
        if min(self.last, self.hourly, self.daily, self.monthly) < 0:
            raise ValueError(
                "A retention's numbers can't be less than 0: give 0 for none of a kind."
            )


def plan(
    backups: Mapping[str, Collection[str]], retention: Retention, good: Collection[str]
) -> list[str]:
    """Return the stamps of the backups that needn't be kept, in the order in which they are to be removed.

    What is kept can always be read: neither the newest that is good goes, nor a full one that an increment needs. None
    is removed before those that need it.

    Args:
        backups: by stamp, the stamps of the full ones that each needs.
        retention: the rules.
        good: stamps of those that are known to be good; where there is none, nothing goes.
    """
    if not good:
        return []
    newest_first = sorted(backups, reverse=True)
    kept = set(newest_first[: retention.last]) | {max(good)}
    for count, period in _PERIODS:
        kept |= set(_represented(newest_first, count(retention), period))
    needed = {base for stamp in kept for base in backups.get(stamp, ())}
    return [stamp for stamp in newest_first if stamp not in kept | needed]


Period = Callable[[datetime], tuple[int, ...]]

_PERIODS: tuple[tuple[Callable[[Retention], int], Period], ...] = (
    (lambda rules: rules.hourly, lambda at: (at.year, at.month, at.day, at.hour)),
    (lambda rules: rules.daily, lambda at: (at.year, at.month, at.day)),
    (lambda rules: rules.monthly, lambda at: (at.year, at.month)),
)


def _represented(newest_first: list[str], count: int, period: Period) -> list[str]:
    """Return the last of each of the latest periods that have any."""
    found: dict[tuple[int, ...], str] = {}
    for stamp in newest_first:
        found.setdefault(period(moment_of(stamp)), stamp)
    return list(found.values())[:count]
