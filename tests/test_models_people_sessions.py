from __future__ import annotations

import pytest

from models.people import MODELS, Activity, Passwords, Session, SignIn, User
from models.people.sessions import digest_of
from tenants import Router

NOW = 1_800_000_000
HOUR = 3600


@pytest.fixture(autouse=True)
def user(router: Router) -> User:
    router.universal.create_tables(MODELS)
    cheap = Passwords(time_cost=1, memory_kib=8, parallelism=1)
    return User.add("malee", "a fox in the clay", passwords=cheap)


def start(user: User, now: float = NOW) -> str:
    return Session.start(user, now=now, lifetime=12 * HOUR)


def live(token: str, now: float) -> Session | None:
    return Session.live(token, now=now, idle=HOUR)


def test_a_token_has_256_random_bits_and_is_not_stored(user: User) -> None:
    """The row holds the token's SHA-256 and nothing that the cookie could be made from."""
    token = start(user)
    assert len(token) == 43  # 32 bytes in base64url
    row = Session.select().dicts().get()
    assert token not in str(row)
    assert row["digest"] == digest_of(token)
    assert start(user) != token


def test_a_session_ends_when_it_is_idle(user: User) -> None:
    """Unused for an hour it is over; used, it goes on."""
    token = start(user)
    session = live(token, NOW + HOUR - 1)
    assert session is not None
    session.seen(NOW + HOUR - 1)
    assert live(token, NOW + HOUR + 1) is not None
    assert live(token, NOW + 2 * HOUR) is None


def test_a_session_ends_however_busy_it_was(user: User) -> None:
    """Twelve hours after the sign-in it is over, also for whoever never rested."""
    token = start(user)
    for hour in range(1, 24):
        session = live(token, NOW + hour * HOUR / 2)
        if session is not None:
            session.seen(NOW + hour * HOUR / 2)
    assert live(token, NOW + 12 * HOUR - 1) is not None
    assert live(token, NOW + 12 * HOUR) is None


def test_being_seen_is_written_once_a_minute(user: User) -> None:
    """Requests within a minute write nothing."""
    session = live(start(user), NOW)
    assert session is not None
    session.seen(NOW + 59)
    assert Session.get().seen_at == NOW
    session.seen(NOW + 60)
    assert Session.get().seen_at == NOW + 60


def test_the_others_end_and_one_stays(user: User) -> None:
    """`end_all` spares the session that it is told of, and other users."""
    cheap = Passwords(time_cost=1, memory_kib=8, parallelism=1)
    other = User.add("other", "a fox in the clay", passwords=cheap)
    kept, ended, foreign = start(user), start(user), start(other)
    assert Session.end_all(user, but=digest_of(kept)) == 1
    assert live(kept, NOW) is not None
    assert live(ended, NOW) is None
    assert live(foreign, NOW) is not None


def test_an_inactive_user_has_no_session(user: User) -> None:
    """Whoever is made inactive is out with the next request."""
    token = start(user)
    user.set_standing(active=False, administers=False)
    assert live(token, NOW) is None


def test_over_is_forgotten(user: User) -> None:
    """Rows of sessions that ran out go when the next one starts."""
    start(user)
    start(user, NOW + 13 * HOUR)
    assert Session.select().count() == 1


def test_history_and_activity_page_by_key(user: User) -> None:
    """Pages end and begin at an id: rows that come in between neither repeat nor hide any."""
    for number in range(5):
        SignIn.note("in", user, now=NOW + number)
        Activity.note("a", str(number), now=NOW, user_name="malee", company_id="t1")
    first = SignIn.page(size=2)
    SignIn.note("out", user, now=NOW + 9)
    second = SignIn.page(size=2, before=first[-1].id)
    assert [row.at - NOW for row in first + second] == [4, 3, 2, 1]
    lines = Activity.page(size=2)
    Activity.note("a", "new", now=NOW, user_name="malee")
    lines += Activity.page(size=9, before=lines[-1].id)
    assert [line.subject for line in lines] == ["4", "3", "2", "1", "0"]
    assert [line.subject for line in Activity.page(company_id="t1", size=1)] == ["4"]
