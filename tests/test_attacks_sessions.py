"""What was taken away works no more, from the next request on, on every route."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from attacks.arena import Arena, arena_in, cookie_name_of
from attacks.companies import ACME
from attacks.people import Identity
from attacks.probes import Probe
from attacks.standing import Standing
from cuneifox_site import PASSWORD
from models.people import Membership, Session, User
from models.people.sessions import digest_of

NEW_PASSWORD = "another fox in the clay"


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Arena]:
    with arena_in(tmp_path) as arena:
        yield arena


def send(arena: Arena, who: Identity, path: str, **form: str) -> Any:
    """Send a form as somebody, and return the answer."""
    return arena.ask(Probe("", "", "POST", path, who, form=form))


def user_of(arena: Arena, name: str) -> User:
    return User.get_by_id(Session.get_by_id(arena.people[name].digest).user_id)


def signs_out(arena: Arena, anna: Identity) -> None:
    send(arena, anna, "/sign-out")


def changes_the_password(arena: Arena, anna: Identity) -> None:
    form = {"old": PASSWORD, "password": NEW_PASSWORD, "again": NEW_PASSWORD}
    answer = send(arena, anna, "/account/password", **form)
    assert answer.status_code == 303
    token = new_token(arena, answer)
    later = anna._replace(token=token, digest=digest_of(token))
    assert get(arena, later, f"/c/{ACME}/") == 200


def signs_in_elsewhere(arena: Arena, anna: Identity) -> None:
    with arena.site.app.app_context():
        name = user_of(arena, "anna").name
    browser = arena.site.browser()
    assert browser.sign_in(name, end_others="1").status_code == 303


def ends_the_other_sessions(arena: Arena, anna: Identity) -> None:
    with arena.site.app.app_context():
        token = Session.start(user_of(arena, "anna"), now=arena.site.clock(), lifetime=3600)
    later = anna._replace(token=token, digest=digest_of(token))
    assert send(arena, later, "/account/sessions/end").status_code == 303


def is_made_inactive(arena: Arena, anna: Identity) -> None:
    with arena.site.app.app_context():
        address = f"/people/{user_of(arena, 'anna').id}/standing"
    assert send(arena, arena.people["root"], address).status_code == 303


def has_the_password_reset(arena: Arena, anna: Identity) -> None:
    with arena.site.app.app_context():
        address = f"/people/{user_of(arena, 'anna').id}/password"
    assert send(arena, arena.people["root"], address, password=NEW_PASSWORD).status_code == 303


def stays_away_for_long(arena: Arena, anna: Identity) -> None:
    arena.site.clock.turn(arena.site.config.sessions.idle_minutes * 60 + 1)


def stays_for_too_long(arena: Arena, anna: Identity) -> None:
    hours = arena.site.config.sessions.absolute_hours
    for _n in range(hours * 2 + 1):
        arena.site.clock.turn(1800)
        get(arena, anna, "/companies")


OVER = (
    signs_out,
    changes_the_password,
    signs_in_elsewhere,
    ends_the_other_sessions,
    is_made_inactive,
    has_the_password_reset,
    stays_away_for_long,
    stays_for_too_long,
)


def get(arena: Arena, who: Identity, path: str) -> int:
    return int(arena.ask(Probe("", "", "GET", path, who)).status_code)


def new_token(arena: Arena, answer: Any) -> str:
    name = cookie_name_of(arena.site)
    cookies = [text for text in answer.headers.getlist("Set-Cookie") if text.startswith(name)]
    return cookies[0].partition("=")[2].partition(";")[0]


@pytest.mark.parametrize("happens", OVER, ids=lambda happens: happens.__name__)
def test_a_session_that_is_over_opens_nothing(
    arena: Arena, happens: Callable[[Arena, Identity], None]
) -> None:
    """However it ended: every page sends to the sign-in, and nothing of acme's comes out or changes."""
    anna = arena.people["anna"]
    assert get(arena, anna, f"/c/{ACME}/journal") == 200
    happens(arena, anna)
    arena.log.taken()
    arena.standing = Standing(arena.site)
    gone = anna._replace(name=happens.__name__, signed_in=False, homes=frozenset())
    found = arena.fire_all(arena.quiver.everything(gone))
    assert not found, "\n".join(map(str, found[:10]))


def test_a_member_who_is_removed_is_out_at_once(arena: Arena) -> None:
    """The session goes on, and the company is as good as none."""
    anna = arena.people["anna"]
    assert get(arena, anna, f"/c/{ACME}/journal") == 200
    with arena.site.app.app_context():
        Membership.revoke(user_of(arena, "anna"), arena.site.router.tenant(ACME).id)
    arena.log.taken()
    arena.standing = Standing(arena.site)
    removed = anna._replace(name="remo", homes=frozenset())
    found = arena.fire_all(arena.quiver.everything(removed))
    assert not found, "\n".join(map(str, found[:10]))
    assert get(arena, anna, f"/c/{ACME}/journal") == 404
    assert get(arena, anna, "/companies") == 200


def test_a_right_that_is_taken_is_gone_at_once(arena: Arena) -> None:
    """A member without rights sees nothing of the stores and changes nothing in them."""
    anna = arena.people["anna"]
    assert get(arena, anna, f"/c/{ACME}/journal") == 200
    with arena.site.app.app_context():
        Membership.grant(user_of(arena, "anna"), arena.site.router.tenant(ACME).id, {})
    arena.log.taken()
    arena.standing = Standing(arena.site)
    lowered = anna._replace(name="lena")
    found = arena.fire_all(arena.quiver.everything(lowered))
    assert not found, "\n".join(map(str, found[:10]))
    assert get(arena, anna, f"/c/{ACME}/journal") == 403


def test_who_may_read_changes_nothing(arena: Arena) -> None:
    """Every form of every page, sent by a reader."""
    rita = arena.people["rita"]
    found = arena.fire_all(arena.quiver.everything(rita))
    assert not found, "\n".join(map(str, found[:10]))
    assert get(arena, rita, f"/c/{ACME}/journal") == 200
