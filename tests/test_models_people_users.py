from __future__ import annotations

import pytest

from models.errors import BadInput, Conflict, NotFound
from models.people import MODELS, Membership, Passwords, User
from tenants import Router

CHEAP = Passwords(time_cost=1, memory_kib=8, parallelism=1)


@pytest.fixture(autouse=True)
def tables(router: Router) -> None:
    router.universal.create_tables(MODELS)


def add(name: str, **given: object) -> User:
    return User.add(name, "a fox in the clay", passwords=CHEAP, **given)  # type: ignore[arg-type]


def test_a_user_is_found_by_name_in_any_case_and_by_id() -> None:
    """`User.find` takes a name, whatever its case, or an id."""
    user = add("Malee")
    assert User.find("mALEE").id == User.find(user.id).id == user.id


def test_a_user_that_there_is_not_is_said_to_be_missing() -> None:
    """`User.find` raises NotFound, naming what was asked for."""
    with pytest.raises(NotFound, match="no user nobody"):
        User.find("nobody")


def test_names_differ_by_more_than_case() -> None:
    """A second user whose name differs by case or width alone is refused, and nothing is stored."""
    add("malee")
    for name in ("MALEE", "\uff4dalee"):  # the second begins with a full-width m
        with pytest.raises(Conflict, match="already"):
            add(name)
    assert [user.name for user in User.list()] == ["malee"]


@pytest.mark.parametrize("name", ["", " ", "a b", "../x", "<b>", "x" * 41, "a\nb", 'a"b'])
def test_a_name_that_cannot_be_one_is_refused(name: str) -> None:
    """Empty, long and markup-like names are bad input."""
    with pytest.raises(BadInput):
        add(name)
    assert User.list() == []


def test_users_are_listed_by_name() -> None:
    """`User.list` goes by name, not by age or case."""
    for name in ("bee", "Ant", "cat"):
        add(name)
    assert [user.name for user in User.list()] == ["Ant", "bee", "cat"]


def test_somebody_always_administers_the_installation() -> None:
    """The last active administrator can neither be made inactive nor lose that right."""
    first, second = add("first", administers=True), add("second", administers=True)
    second.set_standing(active=False, administers=True)
    for active, administers in ((False, True), (True, False)):
        with pytest.raises(Conflict, match="only administrator"):
            User.find(first.id).set_standing(active=active, administers=administers)
    assert User.find(first.id).is_administrator


def test_no_password_is_stored() -> None:
    """What stands in the row is an argon2id hash with a salt of its own."""
    one, two = add("one"), add("two")
    assert one.password_hash.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert one.password_hash != two.password_hash


def test_a_membership_is_exactly_what_was_granted() -> None:
    """Granting again replaces: modules that are left out fall back to none."""
    user = add("malee")
    Membership.grant(user, "t1", {"ledger": "delete", "wages": "read"}, may_close=True)
    Membership.grant(user, "t1", {"ledger": "add"})
    found = Membership.find(user, "t1")
    assert found is not None
    actor = found.actor(user)
    assert actor.may("ledger", "add")
    assert not actor.may("ledger", "edit")
    assert not actor.may("wages", "read")
    assert not actor.may_close
    assert Membership.find(user, "t2") is None


@pytest.mark.parametrize("levels", [{"ledgers": "read"}, {"ledger": "write"}, {"ledger": ""}])
def test_rights_that_there_are_not_are_refused(levels: dict[str, str]) -> None:
    """A module or level that doesn't exist is bad input, and gives nothing."""
    user = add("malee")
    with pytest.raises(BadInput):
        Membership.grant(user, "t1", levels)
    assert Membership.of(user) == []
