"""What the shared database holds of one company and its people: rows that name their ids."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attacks.companies import ALL_OWNERS, PURGED, SLUGS, VICTIM, Attacked, own_stores
from attacks.marks import mark_of
from attacks.people import USERS, user_ids
from attacks.planting import SHAPED, Column, Run, carries, telling, text_columns

OF_NOBODY = {
    "store_identity": "says that the file is the shared database",
    "schema_migration": "says which steps of the program were done",
    "job_workers": "processes of the server",
    "job_tallies": "how many jobs of each kind there were, and how long they took, of all companies together",
    "signinpace": "digests of names and addresses, which tell nothing",
}
"""Tables of the shared database that hold no row of a company or of a person, and why."""


def ids_of(site: Attacked, owner: str) -> set[str]:
    """Return the ids that stand for an owner: of tenant, stores and users."""
    home = owner.removeprefix("people of ")
    with site.app.app_context():
        found = {user for name, user in user_ids(site).items() if USERS[name] == home}
        if home in SLUGS:
            tenant = site.router.tenant(home)
            found |= {tenant.id, *(store.id for _role, store in own_stores(tenant))}
        if home == VICTIM:
            found.add(PURGED)
    return found


class Concerned:
    """The rows of the shared database that concern an owner.

    Args:
        run: runs SQL on it.
        ids: the owner's.
        everyone: the ids of all owners, by which the columns that hold ids are found.
    """

    def __init__(self, run: Run, ids: Iterable[str], everyone: Iterable[str]) -> None:
        self.run = run
        self.ids = sorted(ids)
        self.columns: dict[str, list[str]] = {}
        for column in text_columns(run):
            if column.table not in OF_NOBODY and _holds(run, column, list(everyone)):
                self.columns.setdefault(column.table, []).append(column.name)

    def where(self, table: str) -> str:
        """The condition of the owner's rows in a table; its ids are letters and digits."""
        wanted = ", ".join(f"'{one}'" for one in self.ids)
        named = [f'"{name}" IN ({wanted})' for name in self.columns.get(table, ())]
        return " OR ".join(named) or "0"

    def rows(self) -> dict[str, list[Any]]:
        """All rows of the owner, by table, in one order."""
        query = 'SELECT * FROM "{0}" WHERE {1}'
        return {
            table: sorted(self.run(query.format(table, self.where(table))).fetchall(), key=repr)
            for table in self.columns
        }

    def telling(self) -> set[str]:
        """Values that tell by themselves that they are the owner's."""
        return telling(self.run, lambda column: self.where(column.table)) | set(self.ids)

    def unmarked(self, owner: str) -> list[str]:
        """Text columns of which no row carries the owner's mark, and no reason says why."""
        return [
            f"{column.table}.{column.name}"
            for column in text_columns(self.run)
            if column.table not in OF_NOBODY
            and not column.is_key
            and column.name not in self.columns.get(column.table, ())
            and (column.table, column.name) not in SHAPED
            and not carries(self.run, column, mark_of(owner))
        ]


def _holds(run: Run, column: Column, ids: list[str]) -> bool:
    marks = ", ".join("?" * len(ids))
    query = f'SELECT 1 FROM "{column.table}" WHERE "{column.name}" IN ({marks}) LIMIT 1'
    return run(query, ids).fetchone() is not None


def concerned(site: Attacked, owner: str) -> Concerned:
    """The rows that concern an owner."""
    everyone = {
        one for each in ALL_OWNERS if each.startswith("people") for one in ids_of(site, each)
    }
    return Concerned(site.router.universal.execute_sql, ids_of(site, owner), everyone)
