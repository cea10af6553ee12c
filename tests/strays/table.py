"""What can be done with rows and queries, as a table: take a thing in one company, use it in another.

Each action takes something from the models of a ledger and uses it, giving plain data, so that its result can be
compared with what plain Peewee gives. It names the guards that hold it back in another company; with those switched
off it goes through, and would read or write the wrong rows.

A few actions compare a row with one of the company where they are used. Comparing never raises, in Python: there, a row
of another company must be *another row*, and what such an action gives elsewhere is false.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

Models = SimpleNamespace


@dataclass(frozen=True)
class Action:
    """One row of the table.

    Attributes:
        name: what is done.
        guards: the guards that hold it back, separated by spaces.
        take: gets the thing, in the company that it belongs to.
        use: uses it; returns plain data.
        compares: it raises nothing in another company, and gives something false there.
    """

    name: str
    guards: str
    take: Callable[[Models], Any]
    use: Callable[[Models, Any], Any]
    compares: bool = False

    @property
    def group(self) -> str:
        """The module that it stands in, by which the tests go through the table."""
        return self.use.__module__.rpartition(".")[2]


ACTIONS: list[Action] = []


def use(
    name: str,
    guards: str,
    take: Callable[[Models], Any],
    how: Callable[..., Any],
    compares: bool = False,
) -> None:
    """Enter a row into the table."""
    ACTIONS.append(Action(name, guards, take, how, compares))


def item(m: Models) -> Any:
    return m.Item.get_by_id(1)


def journal(m: Models) -> Any:
    return m.Journal.get_by_id(1)


def label(m: Models) -> Any:
    return m.Label.get_by_id(1)


def texts(rows: Any) -> list[str]:
    return [row.text for row in rows]


def run(query: Any) -> Any:
    """Execute a query, so that it keeps its rows."""
    len(query)
    return query


def plain(row: Any) -> Any:
    """Return a row as plain data, whatever kind it is."""
    data = getattr(row, "__data__", row)
    return sorted(data.items()) if isinstance(data, dict) else tuple(data)
