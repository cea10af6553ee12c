"""The rules of signing in: who has to wait, whose password is right, which cookies they get."""

from __future__ import annotations

import hashlib
import hmac

from flask import Response, request

from cuneifox.errors import TooManyTries
from cuneifox.identify import cookie_name
from cuneifox.request import this_request
from cuneifox.services import services
from models.people import Session, SignIn, SignInPace, User
from models.people.history import FAILED, SIGNED_IN, SIGNED_OUT
from models.people.throttle import Bucket, account_key, address_key, device_key

DEVICE = "cuneifox_device"
"""The cookie of a browser that has signed in before. It opens nothing; it gives the browser a
pace of its own, so that nobody can keep a user out of their account by guessing at it from
elsewhere."""
DEVICE_DAYS = 180


def check_password(name: str, password: str) -> User | None:
    """The user, if name and password are right and they may come in; else None.

    Raises TooManyTries while the account or the address has to wait. A wrong name costs the same
    time as a wrong password, and gets the same answer.
    """
    here = services()
    now = here.now()
    user = User.named(name) if len(name) <= 200 else None
    account, address = _buckets(name, user)
    wait = SignInPace.take([account, address], now, here.config.throttle.rows)
    if wait:
        raise TooManyTries(wait)
    stored = user.password_hash if user is not None and user.active else None
    if here.passwords.verify(stored, password) and user is not None:
        user.rehash(password, here.passwords)
        SignInPace.give_back([account, address], now)
        return user
    SignIn.note(FAILED, user, now=now, address=_address(), agent=_agent())
    return None


def _buckets(name: str, user: User | None) -> tuple[Bucket, Bucket]:
    pace = services().config.throttle
    key = account_key(name)
    if user is not None and (device := _known_device(user)):
        key = device_key(user.id, device)
    return (
        Bucket(key, pace.account_failures, pace.account_minutes * 60),
        Bucket(address_key(_address()), pace.address_failures, pace.address_minutes * 60),
    )


def open_session(response: Response, user: User, *, end_others: bool) -> None:
    """Begin a session under a new token, whatever cookie came; the old one of this browser ends."""
    here = services()
    now = here.now()
    asked = this_request()
    if asked.visit is not None:
        Session.end(asked.visit.session.digest)
    if end_others:
        Session.end_all(user)
    token = Session.start(
        user,
        now=now,
        lifetime=here.config.sessions.absolute_hours * 3600,
        address=_address(),
        agent=_agent(),
    )
    SignIn.note(SIGNED_IN, user, now=now, address=_address(), agent=_agent())
    secure = here.config.server.https
    response.set_cookie(cookie_name(), token, httponly=True, samesite="Lax", secure=secure)
    response.set_cookie(
        DEVICE,
        _device(user),
        max_age=DEVICE_DAYS * 86400,
        httponly=True,
        samesite="Lax",
        secure=secure,
    )


def close_session(response: Response) -> None:
    """End the session of this request, here and in the browser."""
    visit = this_request().visit
    if visit is not None:
        Session.end(visit.session.digest)
        SignIn.note(
            SIGNED_OUT, visit.user, now=services().now(), address=_address(), agent=_agent()
        )
    response.delete_cookie(
        cookie_name(), httponly=True, samesite="Lax", secure=services().config.server.https
    )


def _device(user: User) -> str:
    text = f"device:{user.id}:{user.password_changed_at}".encode()
    return hmac.new(services().secret, text, hashlib.sha256).hexdigest()


def _known_device(user: User) -> str:
    given = request.cookies.get(DEVICE, "").encode("utf-8", "replace")
    device = _device(user)
    return device if hmac.compare_digest(given, device.encode()) else ""


def _address() -> str:
    return request.remote_addr or ""


def _agent() -> str:
    return request.user_agent.string
