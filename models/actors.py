"""Who does something in the books, and what they may."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import msgspec

from models.errors import NotAllowed

Level = Literal["none", "read", "add", "edit", "delete"]

LEVELS: tuple[Level, ...] = ("none", "read", "add", "edit", "delete")
"""Each level includes those before it."""

MODULES = ("ledger", "receivables", "inventory", "assets", "wages")
"""What rights are given for, one by one."""

_RANK = {level: rank for rank, level in enumerate(LEVELS)}


class Actor(msgspec.Struct, frozen=True):
    """A person or a part of the server, with the rights that it has in one company.

    Attributes:
        user_id: the user's id; for the server's own work ``system:`` and its purpose.
        name: what people read in the books.
        levels: a level per module; a module that is missing counts as none.
        may_freeze: may work in frozen months, freeze them and open them again.
        may_close: may close months and fiscal years.
        administers: may change the company and its people.
    """

    user_id: str
    name: str
    levels: dict[str, Level] = {}
    may_freeze: bool = False
    may_close: bool = False
    administers: bool = False

    @classmethod
    def system(cls, purpose: str) -> Actor:
        """Return the server itself at some work ("import", "demo"), with all rights."""
        levels: dict[str, Level] = dict.fromkeys(MODULES, "delete")
        return cls(f"system:{purpose}", purpose, levels, True, True, True)

    def reading_only(self, modules: Collection[str] = MODULES) -> Actor:
        """Return the actor without the rights to change anything in these modules.

        Without those of the ledger it can't freeze, close or administer the company either.
        """
        levels: dict[str, Level] = {
            module: "read" if module in modules and _RANK[level] > _RANK["read"] else level
            for module, level in self.levels.items()
        }
        rest = "ledger" not in modules
        return msgspec.structs.replace(
            self,
            levels=levels,
            may_freeze=self.may_freeze and rest,
            may_close=self.may_close and rest,
            administers=self.administers and rest,
        )

    def may(self, module: str, level: Level) -> bool:
        """Tell whether the actor has at least ``level`` in ``module``."""
        return _RANK[self.levels.get(module, "none")] >= _RANK[level]

    def demand(self, module: str, level: Level) -> None:
        """Raise NotAllowed unless the actor has at least ``level`` in ``module``."""
        if not self.may(module, level):
            raise NotAllowed(
                "%(name)s lacks the right to %(level)s in the module %(module)s; "
                "an administrator can grant it.",
                name=self.name,
                level=level,
                module=module,
            )

    def demand_close(self) -> None:
        """Raise NotAllowed unless the actor may close months and years."""
        if not self.may_close:
            raise NotAllowed(
                "%(name)s lacks the right to close periods; an administrator can grant it.",
                name=self.name,
            )

    def demand_freeze(self) -> None:
        """Raise NotAllowed unless the actor may freeze months and open them again."""
        if not self.may_freeze:
            raise NotAllowed(
                "%(name)s lacks the right to freeze months; an administrator can grant it.",
                name=self.name,
            )
