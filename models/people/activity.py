"""The activity log: who did what, when, in which company."""

from __future__ import annotations

from typing import Self

from peewee import CharField, IntegerField

from tenants import RoutedModel


class Activity(RoutedModel):
    """One thing that somebody did. The user's name and the company's are kept as they were then.

    `action` is a stable word such as "companies.create"; `subject` says on what. `at` is UTC
    seconds; `id` grows with it, and pages go by it. `company_id` is the tenant's id, or "".
    """

    at = IntegerField()
    user_id = CharField(max_length=26, default="", index=True)
    user_name = CharField(max_length=80)
    company_id = CharField(max_length=26, default="")
    company_name = CharField(max_length=200, default="")
    action = CharField(max_length=60)
    subject = CharField(max_length=300, default="")

    class Meta:
        indexes = ((("company_id", "id"), False),)

    @classmethod
    def note(
        cls,
        action: str,
        subject: str = "",
        *,
        now: float,
        user_id: str = "",
        user_name: str,
        company_id: str = "",
        company_name: str = "",
    ) -> None:
        """Write one line into the log."""
        cls.create(
            at=int(now),
            user_id=user_id,
            user_name=user_name[:80],
            company_id=company_id,
            company_name=company_name[:200],
            action=action[:60],
            subject=subject[:300],
        )

    @classmethod
    def page(
        cls,
        *,
        company_id: str | None = None,
        user_id: str | None = None,
        before: int | None = None,
        size: int = 50,
    ) -> list[Self]:
        """The newest `size` lines under the one with id `before`; of a company or user if given."""
        rows = cls.select()
        if company_id is not None:
            rows = rows.where(cls.company_id == company_id)
        if user_id is not None:
            rows = rows.where(cls.user_id == user_id)
        if before is not None:
            rows = rows.where(cls.id < before)
        return list(rows.order_by(cls.id.desc()).limit(size))
