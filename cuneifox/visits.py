"""A visit: who is signed in, and the company that this request is about."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from models.actors import MODULES, Actor
from models.companies import Company
from models.people import Membership, Session, User
from models.registers import REGISTERS
from models.registers import STORE as REGISTERS_STORE
from tenants import Tenant


@dataclass
class Visit:
    """What is known once session and membership are checked.

    `company`, `membership` and `tenant` are None on pages that concern no company.
    """

    session: Session
    user: User
    tenant: Tenant | None = None
    company: Company | None = None
    membership: Membership | None = None

    @property
    def actor(self) -> Actor:
        """The user with the rights that they have in this company, as it is by now, or without any."""
        granted = self.granted
        closed = read_only_modules(self.tenant) if self.tenant is not None else ()
        return granted.reading_only(closed) if closed else granted

    @property
    def granted(self) -> Actor:
        """The user with the rights that were given to them, whatever the company's state."""
        if self.membership is not None:
            return self.membership.actor(self.user)
        return Actor(self.user.id, self.user.display_name, administers=self.user.is_administrator)


def read_only_modules(tenant: Tenant) -> Collection[str]:
    """The modules in which nothing can be written: all of an archived company's.

    Where the books are in quarantine it is all of them too, and where the registers are, those of the
    registers.
    """
    if tenant.is_archived or _in_quarantine(tenant, "books"):
        return MODULES
    if _in_quarantine(tenant, REGISTERS_STORE):
        return {register.module for register in REGISTERS.values()}
    return ()


def _in_quarantine(tenant: Tenant, role: str) -> bool:
    store = tenant.stores.get(role)
    return store is not None and store.trouble is not None
