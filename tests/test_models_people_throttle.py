from __future__ import annotations

import pytest

from models.people import MODELS, SignInPace
from models.people.throttle import Bucket, account_key, address_key, device_key
from tenants import Router

NOW = 1_800_000_000.0


@pytest.fixture(autouse=True)
def tables(router: Router) -> None:
    router.universal.create_tables(MODELS)


def bucket(name: str = "malee", failures: int = 3, seconds: float = 60) -> Bucket:
    return Bucket(account_key(name), failures, seconds)


def test_so_many_are_let_through_and_then_one_by_one() -> None:
    """Three in a minute: the fourth waits twenty seconds, not until the minute is over."""
    waits = [SignInPace.take([bucket()], NOW) for _ in range(4)]
    assert waits == [0, 0, 0, 20]
    assert SignInPace.take([bucket()], NOW + 19) == pytest.approx(1)
    assert SignInPace.take([bucket()], NOW + 20) == 0
    assert SignInPace.take([bucket()], NOW + 20) == 20


def test_who_is_refused_does_not_wait_the_longer_for_it() -> None:
    """Hammering while refused doesn't move the time of the next attempt: nobody is locked out."""
    for _ in range(3):
        SignInPace.take([bucket()], NOW)
    for _ in range(50):
        assert SignInPace.take([bucket()], NOW) == 20


def test_one_full_bucket_stops_and_fills_no_other() -> None:
    """An account that has to wait costs the address nothing more."""
    tight, wide = bucket(failures=1), Bucket(address_key("192.0.2.1"), 2, 60)
    assert SignInPace.take([tight, wide], NOW) == 0
    for _ in range(5):
        assert SignInPace.take([tight, wide], NOW) > 0
    assert SignInPace.take([bucket("other", 1), wide], NOW) == 0
    assert SignInPace.take([bucket("third", 1), wide], NOW) > 0


def test_what_was_right_does_not_count() -> None:
    """Signing in rightly all day fills nothing."""
    for _ in range(20):
        assert SignInPace.take([bucket()], NOW) == 0
        SignInPace.give_back([bucket()], NOW)


def test_the_table_is_bounded() -> None:
    """However many names are tried, the rows stay under the bound, and the fullest are kept."""
    for _ in range(3):
        SignInPace.take([bucket("attacked")], NOW, rows=10)
    for number in range(40):
        SignInPace.take([bucket(f"name{number}")], NOW, rows=10)
    assert SignInPace.select().count() <= 10
    assert SignInPace.take([bucket("attacked")], NOW, rows=10) > 0


def test_addresses_of_one_customer_are_one() -> None:
    """IPv6 goes by its /64; IPv4 and everything unreadable by itself."""
    assert address_key("2001:db8::1") == address_key("2001:db8::ffff:1")
    assert address_key("2001:db8::1") != address_key("2001:db8:0:1::1")
    assert address_key("192.0.2.1") != address_key("192.0.2.2")
    assert address_key("") == address_key("nonsense")


def test_keys_hold_nothing_that_was_typed() -> None:
    """What somebody typed for a name (a password, maybe) can't be read from the table."""
    keys = [account_key("hunter2hunter2"), address_key("192.0.2.1"), device_key("u", "d")]
    assert len(set(keys)) == 3
    assert all(len(key) == 64 and "hunter2" not in key for key in keys)
    assert account_key(" Malee ") == account_key("mALEE")
