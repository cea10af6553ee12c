"""Login history: who signed in and out, from where, and who tried and failed."""

from __future__ import annotations

from typing import Self

from peewee import CharField, ForeignKeyField, IntegerField

from models.people.users import User
from tenants import RoutedModel

SIGNED_IN = "in"
SIGNED_OUT = "out"
FAILED = "failed"


class SignIn(RoutedModel):
    """One event. A failed one for a name that nobody has keeps no name: it may be a password, typed
    into the wrong field. `at` is UTC seconds; `id` grows with it, and pages go by it.
    """

    user = ForeignKeyField(User, null=True, backref="history", on_delete="CASCADE")
    at = IntegerField()
    event = CharField(max_length=8)
    address = CharField(max_length=64, default="")
    agent = CharField(max_length=200, default="")

    @classmethod
    def note(
        cls, event: str, user: User | None, *, now: float, address: str = "", agent: str = ""
    ) -> None:
        """Write one event down."""
        cls.create(user=user, at=int(now), event=event, address=address[:64], agent=agent[:200])

    @classmethod
    def page(
        cls, *, user: User | None = None, before: int | None = None, size: int = 50
    ) -> list[Self]:
        """The newest `size` events older than the one with id `before`; of one user if given."""
        rows = cls.select(cls, User).left_outer_join(User)
        if user is not None:
            rows = rows.where(cls.user == user)
        if before is not None:
            rows = rows.where(cls.id < before)
        return list(rows.order_by(cls.id.desc()).limit(size))
