"""The patterns of a program's own stores, from the template that its new tenants begin as."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from peewee import Model

from ..errors import RefusedFile
from .pattern import Pattern, pattern_of

if TYPE_CHECKING:
    from ..router import Router


class Template(NamedTuple):
    """What new tenants of a program begin as, in the words of `Router.create`.

    Attributes:
        name: of the template.
        models: models that declare a store.
        prepare: called in an entry of the template, once its tables are made.
    """

    name: str
    models: Iterable[type[Model]]
    prepare: Callable[[], object] | None = None

    def patterns(self, router: Router, roles: Iterable[str], folder: str) -> dict[str, Pattern]:
        """Return the patterns of stores of those roles.

        Args:
            router: whose templates are asked; the template is made where there is none.
            roles: of stores.
            folder: for files that are gone when this is done.

        Raises:
            RefusedFile: the program has no models of one of those roles.
        """
        by_role: dict[str, list[type[Model]]] = {}
        for model in self.models:
            role = model._meta.store
            if role is not None:
                by_role.setdefault(role, []).append(model)
        unknown = sorted(set(roles) - by_role.keys())
        if unknown:
            raise RefusedFile(
                f"This program has no {', '.join(map(repr, unknown))} stores, so that it takes no such file; it has "
                f"{', '.join(sorted(by_role))}."
            )
        patterns = {}
        for role, blank in router.templates.blanks(self.name, by_role, self.prepare).items():
            path = f"{folder}/{role}.blank.db"
            with open(path, "xb") as file:
                file.write(blank.content)
            try:
                patterns[role] = pattern_of(path)
            finally:
                os.unlink(path)
        return patterns
