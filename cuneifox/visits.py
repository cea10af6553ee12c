"""A visit: who is signed in, and the company that this request is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from models.actors import Actor
from models.companies import Company
from models.people import Membership, Session, User


@dataclass
class Visit:
    """What is known once session and membership are checked.

    `company`, `membership` and `tenant` are None on pages that concern no company.
    """

    session: Session
    user: User
    tenant: Any = None
    company: Company | None = None
    membership: Membership | None = None

    @property
    def actor(self) -> Actor:
        """The user with the rights that they have in this company, or without any."""
        if self.membership is not None:
            return self.membership.actor(self.user)
        return Actor(self.user.id, self.user.display_name, administers=self.user.is_administrator)
