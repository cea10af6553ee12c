"""Which backups are kept, against calendars made by hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tenants import Retention
from tenants.backups.retention import plan


def at(text: str) -> str:
    """The stamp of a moment such as `2030-01-31 23:05`."""
    day, time = text.split()
    return f"{day.replace('-', '')}T{time.replace(':', '')}00.000000Z"


def kept(moments: Iterable[str], **rules: int) -> list[str]:
    """Which of these full backups are kept, the last being good."""
    stamps = {at(moment): moment for moment in moments}
    none = {"last": 0, "hourly": 0, "daily": 0, "monthly": 0}
    gone = plan(dict.fromkeys(stamps, ()), Retention(**none | rules), [max(stamps)])
    return [moment for stamp, moment in sorted(stamps.items()) if stamp not in gone]


DAY = ["2030-03-01 08:00", "2030-03-01 08:55", "2030-03-01 09:10", "2030-03-01 11:00"]


def test_the_last_ones() -> None:
    """So many of the newest, however close together."""
    assert kept(DAY, last=2) == ["2030-03-01 09:10", "2030-03-01 11:00"]
    assert kept(DAY, last=9) == DAY


def test_hours() -> None:
    """The last of each hour that has any; hours without one don't count."""
    assert kept(DAY, hourly=3) == ["2030-03-01 08:55", "2030-03-01 09:10", "2030-03-01 11:00"]
    assert kept(DAY, hourly=2) == ["2030-03-01 09:10", "2030-03-01 11:00"]


def test_days_and_months() -> None:
    """The last of each day and of each month, in UTC; a backup may stand for several rules."""
    moments = [
        "2029-12-31 23:59",
        "2030-01-01 00:00",
        "2030-01-31 12:00",
        "2030-02-01 12:00",
        "2030-02-28 01:00",
        "2030-02-28 23:00",
        "2030-03-01 00:01",
    ]
    assert kept(moments, daily=3) == ["2030-02-01 12:00", "2030-02-28 23:00", "2030-03-01 00:01"]
    assert kept(moments, monthly=3) == ["2030-01-31 12:00", "2030-02-28 23:00", "2030-03-01 00:01"]
    assert kept(moments, monthly=9) == [
        "2029-12-31 23:59", "2030-01-31 12:00", "2030-02-28 23:00", "2030-03-01 00:01",
    ]  # fmt: skip


def test_the_newest_good_one_stays() -> None:
    """Whatever the rules; and where none is known to be good nothing goes at all."""
    assert kept(DAY) == ["2030-03-01 11:00"]
    stamps = [at(moment) for moment in DAY]
    none = Retention(last=1, hourly=0, daily=0, monthly=0)
    full = dict.fromkeys(stamps, ())
    assert plan(full, none, []) == []
    assert plan(full, none, [stamps[1]]) == [stamps[2], stamps[0]]


def test_what_an_increment_needs_stays() -> None:
    """A full one stays as long as an increment of it does, and goes after it."""
    first, second, third, fourth = (at(moment) for moment in DAY)
    backups = {first: (), second: (first,), third: (), fourth: (first,)}
    rules = Retention(last=1, hourly=0, daily=0, monthly=0)
    assert plan(backups, rules, [fourth]) == [third, second]
    backups[fourth] = ()
    assert plan(backups, rules, [fourth]) == [third, second, first]


STAMP = "%Y%m%dT%H%M%S.%fZ"
MINUTES = some.integers(min_value=0, max_value=400 * 24 * 60)


@given(
    some.sets(MINUTES, min_size=1, max_size=40),
    some.builds(Retention, *[some.integers(0, 5)] * 4),
    some.data(),
)
def test_what_is_kept_can_be_read(
    minutes: set[int], rules: Retention, data: some.DataObject
) -> None:
    """Of any backups under any rules: what stays has all that it needs, wherever the removing is cut short."""
    start = datetime(2030, 1, 1, tzinfo=UTC)
    stamps = [f"{start + timedelta(minutes=m):{STAMP}}" for m in sorted(minutes)]
    backups: dict[str, tuple[str, ...]] = {}
    for stamp in stamps:
        full = [other for other in backups if not backups[other]]
        base = data.draw(some.sampled_from([None, *full]))
        backups[stamp] = (base,) if base else ()
    good = data.draw(some.sampled_from(stamps))
    going = plan(backups, rules, [good])
    assert good not in going
    left = dict(backups)
    for stamp in going:
        del left[stamp]
        assert all(base in left for bases in left.values() for base in bases)
    assert plan(left, rules, [good]) == []


def test_numbers() -> None:
    """Fewer than none is refused."""
    with pytest.raises(ValueError, match="less than 0"):
        Retention(last=-1)
