"""The table of what may happen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .world import World


@dataclass(frozen=True)
class Operation:
    """One row of the table.

    Attributes:
        name: what happens.
        weight: how often, compared with the others.
        do: does it; does nothing where it isn't possible as things are.
    """

    name: str
    weight: int
    do: Callable[[World], None]


OPERATIONS: list[Operation] = []


def operation(weight: int) -> Callable[[Callable[[World], None]], Callable[[World], None]]:
    """Enter a function into the table."""

    def enter(do: Callable[[World], None]) -> Callable[[World], None]:
        OPERATIONS.append(Operation(do.__name__, weight, do))
        return do

    return enter
