"""Memberships: what a user may do in a company."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Self

from peewee import BooleanField, CharField, CompositeKey, ForeignKeyField

from models.actors import LEVELS, MODULES, Actor
from models.errors import BadInput
from models.people.users import User
from tenants import RoutedModel

ALL = dict.fromkeys(MODULES, "delete")
"""The highest level in each module."""


class Membership(RoutedModel):
    """One user in one company: a level per module, and the rights to freeze and to close months.

    There is a row for whoever may open the company at all, even if every level is "none". It is
    read on each request, so that a right that is taken away is gone at once.
    """

    user = ForeignKeyField(User, backref="memberships", on_delete="CASCADE")
    tenant_id = CharField(max_length=26, index=True)
    ledger = CharField(max_length=8, default="none")
    receivables = CharField(max_length=8, default="none")
    inventory = CharField(max_length=8, default="none")
    assets = CharField(max_length=8, default="none")
    wages = CharField(max_length=8, default="none")
    may_freeze = BooleanField(default=False)
    may_close = BooleanField(default=False)

    class Meta:
        primary_key = CompositeKey("user", "tenant_id")

    @classmethod
    def grant(
        cls,
        user: User,
        tenant_id: str,
        levels: Mapping[str, str] = ALL,
        *,
        may_freeze: bool = False,
        may_close: bool = False,
    ) -> None:
        """Make the user a member with exactly these rights; a module left out is "none".

        Raises BadInput for a module or level that there isn't.
        """
        for module, level in levels.items():
            if module not in MODULES:
                raise BadInput("There is no module %(module)s.", field="module", module=module)
            if level not in LEVELS:
                raise BadInput(
                    "There is no level %(level)s: it is one of %(levels)s.",
                    field=module,
                    level=level,
                    levels=", ".join(LEVELS),
                )
        rights = {module: levels.get(module, "none") for module in MODULES}
        cls.insert(
            user=user, tenant_id=tenant_id, may_freeze=may_freeze, may_close=may_close, **rights
        ).on_conflict_replace().execute()

    @classmethod
    def revoke(cls, user: User, tenant_id: str) -> None:
        """The user is no member any more; nothing happens if they weren't one."""
        cls.delete().where(cls.user == user, cls.tenant_id == tenant_id).execute()

    @classmethod
    def find(cls, user: User, tenant_id: str) -> Self | None:
        """The user's membership of a company, or None."""
        return cls.get_or_none(cls.user == user, cls.tenant_id == tenant_id)

    @classmethod
    def among(cls, user: User, tenant_ids: Collection[str]) -> dict[str, Self]:
        """The user's memberships of some companies, by the companies' ids; of those that they are a member of."""
        rows = cls.select().where(cls.user == user, cls.tenant_id.in_(list(tenant_ids)))
        return {row.tenant_id: row for row in rows}

    @classmethod
    def of(cls, user: User) -> list[Self]:
        """All memberships of a user."""
        return list(cls.select().where(cls.user == user).order_by(cls.tenant_id))

    @classmethod
    def within(cls, tenant_id: str) -> list[Self]:
        """All members of a company with their users, by name."""
        rows = cls.select(cls, User).join(User).where(cls.tenant_id == tenant_id)
        return list(rows.order_by(User.name_key))

    @property
    def levels(self) -> dict[str, str]:
        """The level in each module."""
        return {module: getattr(self, module) for module in MODULES}

    def actor(self, user: User) -> Actor:
        """The user as who does something in this company's books."""
        return Actor(
            user_id=user.id,
            name=user.display_name,
            levels=self.levels,  # type: ignore[arg-type]
            may_freeze=self.may_freeze,
            may_close=self.may_close,
            administers=user.is_administrator,
        )
