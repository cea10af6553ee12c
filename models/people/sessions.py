"""Sessions: who is signed in. They are kept here, not in the cookie, and so can be ended at once."""

from __future__ import annotations

import hashlib
import secrets
from typing import Self

from peewee import CharField, ForeignKeyField, IntegerField

from models.people.prepared import Prepared
from models.people.users import User
from tenants import RoutedModel

SEEN_EVERY = 60
"""Seconds: `seen_at` is not written more often, so that reading a page writes nothing."""


class Session(RoutedModel):
    """One signed-in browser. Its token is random, 256 bits, and known to the browser alone; what is
    stored, and stands in keys and logs, is the token's SHA-256. Times are UTC seconds.
    """

    digest = CharField(max_length=64, primary_key=True)
    user = ForeignKeyField(User, backref="sessions", on_delete="CASCADE")
    started_at = IntegerField()
    seen_at = IntegerField()
    expires_at = IntegerField(index=True)
    address = CharField(max_length=64, default="")
    agent = CharField(max_length=200, default="")

    @classmethod
    def start(
        cls, user: User, *, now: float, lifetime: int, address: str = "", agent: str = ""
    ) -> str:
        """Begin a session of at most `lifetime` seconds, and return the token for its cookie."""
        token = secrets.token_urlsafe(32)
        with cls._meta.database.atomic():
            cls.delete().where(cls.expires_at <= now).execute()
            cls.create(
                digest=digest_of(token),
                user=user,
                started_at=int(now),
                seen_at=int(now),
                expires_at=int(now) + lifetime,
                address=address[:64],
                agent=agent[:200],
            )
        return token

    @classmethod
    def live(cls, token: str, *, now: float, idle: int) -> Self | None:
        """The session of a token with its user, if it goes on; `idle` is in seconds."""
        found = _LIVE.first(digest_of(token), now, now - idle)
        if found is None:
            return None
        session, session.user = found
        session._dirty.clear()
        return session

    def seen(self, now: float) -> None:
        """Remember that the session was used; written at most every SEEN_EVERY seconds."""
        if now - self.seen_at >= SEEN_EVERY:
            self.seen_at = int(now)
            Session.update(seen_at=self.seen_at).where(Session.digest == self.digest).execute()

    @classmethod
    def end(cls, digest: str) -> None:
        """End one session; nothing happens if it is over already."""
        cls.delete().where(cls.digest == digest).execute()

    @classmethod
    def end_all(cls, user: User, but: str = "") -> int:
        """End a user's sessions, except for the one whose digest is `but`; returns how many."""
        ended = cls.delete().where(cls.user == user, cls.digest != but)
        return int(ended.execute())

    @classmethod
    def of(cls, user: User, *, now: float, idle: int) -> list[Self]:
        """A user's live sessions, the latest used first."""
        rows = cls.select().where(cls.user == user, cls.expires_at > now, cls.seen_at > now - idle)
        return list(rows.order_by(cls.seen_at.desc(), cls.digest))


def digest_of(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


_LIVE = Prepared(
    'SELECT {columns} FROM {s} JOIN {u} ON "u"."id" = "s"."user_id" '
    'WHERE "s"."digest" = ? AND "s"."expires_at" > ? AND "s"."seen_at" > ? AND "u"."active"',
    s=Session,
    u=User,
)
