"""Cron lines: what is wrong with one is told by field; what a good one means, and the words for it, are the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cron_oracle import DAY_NAMES, MONTH_NAMES, fits, meaning, walk
from cuneifox.cron_words import in_words
from cuneifox.i18n import error_text, speaking
from models.errors import BadInput
from models.jobs.cron import cleaned_cron
from models.jobs.schedules import Schedule

# What is wrong


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("60 8 * * *", "The minute can't be 60, which is out of range: it holds numbers from 0 to 59."),
        ("0 24 * * *", "The hour can't be 24, which is out of range: it holds numbers from 0 to 23."),
        ("0 8 0 * *", "The day of the month can't be 0, which is out of range: it holds numbers from 1 to 31, L for"),
        ("0 8 1,32,5 * *", "The day of the month can't be 32, which is out of range"),
        ("0 8 1 13 *", "The month can't be 13, which is out of range: it holds numbers from 1 to 12, or JAN to DEC."),
        ("0 8 * * 8", "The day of the week can't be 8, which is out of range: it holds numbers from 0 to 7"),
        ("0 8 20-40/2 * *", "The day of the month can't be 20-40/2, which is out of range"),
        ("0 17-8 * * *", "The hour can't be 17-8, as a range begins with its smaller end. It holds numbers from 0 to"),
        ("0 8 * * FRI-MON", "The day of the week can't be FRI-MON, as a range begins with its smaller end."),
        ("*/0 8 * * *", "The minute can't be */0, as a step is a number from 1 on, like */5."),
        ("0 8 * * funday", "The day of the week can't be “funday”, which isn't understood: it holds numbers from 0 to"),
        ("0 8 1-5-7 * *", "The day of the month can't be “1-5-7”, which isn't understood"),
        ("5/x 8 * * *", "The minute can't be “5/x”, which isn't understood"),
        ("1, 8 * * *", "The minute can't be “”, which isn't understood"),
        ("๕ 8 * * *", "The minute can't be “๕”, which isn't understood"),
        ("0 8 * * 1#6", "The day of the week can't be “1#6”, which isn't understood"),
        ("0 8 L-3 * *", "The day of the month can't be “L-3”, which isn't understood"),
        ("0 8 31 2 *", "It would never be due: no day ever fits the day of the month, 31, the month, 2,"),
        ("0 8 30,31 feb *", "It would never be due"),
        ("0 8 31 4,6,9,11 *", "It would never be due"),
        ("0 8 */29 2 1#5", "It would never be due"),
        ("0 8 * *", "five fields: minute, hour, day of the month, month, day of the week, as in 30 3 * * 1-5. This"),
        ("0 0 8 * * *", "This one has 6."),
        ("", "This one has 0."),
        ("1," * 60 + "1 8 * * *", "A cron line has 100 characters at most."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_its_field(line: str, said: str) -> None:
    """Which field, what of it, why, and what it may hold; in Thai as well, with nothing left out."""
    with pytest.raises(BadInput) as raised:
        cleaned_cron(line)
    assert raised.value.field == "cron"
    with speaking("en"):
        assert said in error_text(raised.value)
    with speaking("th"):
        thai = error_text(raised.value)
    assert any("ก" <= letter <= "๙" for letter in thai)
    assert "The " not in thai


@pytest.mark.parametrize(
    "line", ["0 0 29 2 *", "0 8 31 2 1", "0 0 * 2 1#5", "0 0 31 1,2 *", "0 0 L 2 *"]
)
def test_what_is_seldom_due_is_taken(line: str) -> None:
    """A leap day, a fifth Monday of February, or a Monday where the day of the month never comes."""
    assert cleaned_cron(f"  {line} ".replace(" ", "  ")) == line


# What it means


def _terms(lowest: int, highest: int, *words: str) -> st.SearchStrategy[str]:
    number = st.integers(lowest, highest).map(str)
    pairs = st.tuples(st.integers(lowest, highest), st.integers(lowest, highest)).map(sorted)
    range_ = pairs.map(lambda pair: f"{pair[0]}-{pair[1]}")
    step = st.integers(1, 9)
    stepped = st.one_of(st.just("*"), number, range_)
    steps = st.tuples(stepped, step).map(lambda pair: f"{pair[0]}/{pair[1]}")
    return st.one_of(number, range_, steps, *([st.sampled_from(words)] if words else []))


def _fields(lowest: int, highest: int, *words: str) -> st.SearchStrategy[str]:
    terms = _terms(lowest, highest, *words)
    several = st.lists(terms, min_size=1, max_size=3).map(",".join)
    return st.one_of(st.just("*"), terms, several)


DAYS = st.tuples(
    _fields(1, 31, "L", "LW"),
    _fields(1, 12, *MONTH_NAMES),
    _fields(0, 7, *DAY_NAMES, "5L", "0L", "1#2", "0#1"),
).map(" ".join)
LINES = st.tuples(_fields(0, 59), _fields(0, 23), DAYS).map(" ".join)
STARTS = st.datetimes(datetime(2026, 1, 1), datetime(2032, 1, 1))  # noqa: DTZ001 - of the walk, which has no zone


def possible(line: str) -> bool:
    try:
        cleaned_cron(line)
    except BadInput:
        return False
    return True


def slots(line: str, after: datetime, count: int, until: datetime) -> list[datetime]:
    """The next times of a schedule, in UTC, up to a moment."""
    schedule = Schedule(cron=line, zone="UTC")
    found = []
    for slot in schedule.slots(after.replace(tzinfo=UTC).timestamp()):
        at = datetime.fromtimestamp(slot, UTC).replace(tzinfo=None)
        if at > until or len(found) == count:
            break
        found.append(at)
    return found


@settings(max_examples=50, deadline=None)
@given(LINES.filter(possible), STARTS)
def test_next_times_are_those_of_a_walk_through_all_minutes(line: str, start: datetime) -> None:
    """Whatever the line: the same minutes in the same order, none left out and none more."""
    days, count = 2, 2000
    end = start.replace(second=0, microsecond=0) + timedelta(days=days)
    assert slots(cleaned_cron(line), start, count, end) == list(walk(line, start, count, days))


@settings(max_examples=50, deadline=None)
@given(DAYS, STARTS)
def test_days_are_those_of_a_walk_through_years(days: str, start: datetime) -> None:
    """One time a day, for four years: months' ends, leap days, weekdays that must fit along with days, or needn't."""
    line = f"30 12 {days}"
    noon = start.replace(hour=12, minute=30, second=0, microsecond=0)
    walked = [
        noon + timedelta(days=n) for n in range(1, 1461) if fits(line, noon + timedelta(days=n))
    ]
    if not possible(line):
        assert walked == []
    else:
        assert slots(cleaned_cron(line), noon, 1461, noon + timedelta(days=1460)) == walked


# What is said of it


@settings(max_examples=100, deadline=None)
@given(LINES.filter(possible), STARTS)
def test_words_mean_what_the_line_does(line: str, start: datetime) -> None:
    """Whoever goes by the English sentence finds the same minutes; what can't be said so is shown as the line."""
    _demand_same_meaning(line, start)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["30 8", "0 0", "*/5 8", "0 8-17", "0 8,17", "15,45 9-12", "7 */2", "1-5 3"]),
    st.one_of(st.tuples(_terms(1, 31, "L", "LW"), st.just("* *")), st.tuples(st.just("*"), st.one_of(
        st.tuples(_terms(1, 12, *MONTH_NAMES), st.just("*")).map(" ".join),
        st.tuples(st.just("*"), _terms(0, 7, *DAY_NAMES, "5L", "1#2")).map(" ".join)))).map(" ".join),
    STARTS,
)  # fmt: skip
def test_words_of_everyday_lines_mean_what_they_do(time: str, days: str, start: datetime) -> None:
    """The same, of lines that people write, most of which are told in words."""
    _demand_same_meaning(f"{time} {days}", start)


def _demand_same_meaning(line: str, start: datetime) -> None:
    with speaking("en"):
        said = in_words(line)
    if said == line or not possible(line):
        return
    meant = meaning(said)
    minutes = [at for at in range(1440) if fits(_of_every_day(line), start_of(start, at))]
    for n in range(800):
        day = start + timedelta(days=n)
        chosen = (n * 7 % 1440, minutes[n % len(minutes)], minutes[0], minutes[-1])
        for at in (start_of(day, minute) for minute in chosen):
            assert meant(at) == fits(line, at), (said, at)


def _of_every_day(line: str) -> str:
    minute, hour, *_days = line.split()
    return f"{minute} {hour} * * *"


def start_of(day: datetime, minute: int) -> datetime:
    return day.replace(hour=minute // 60, minute=minute % 60, second=0, microsecond=0)
