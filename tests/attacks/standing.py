"""Keeps the people of an installation as they are, whatever an attack does to its own side."""

from __future__ import annotations

from typing import Any

from attacks.companies import Attacked

TABLES = ("user", "membership", "session")


class Standing:
    """What everybody had at first: rights, sessions, passwords."""

    def __init__(self, site: Attacked) -> None:
        self.run = site.router.universal.execute_sql
        self.database = site.router.universal
        self.first = self._now()

    def _now(self) -> dict[str, list[Any]]:
        query = 'SELECT * FROM "{}" ORDER BY 1, 2'
        return {table: self.run(query.format(table)).fetchall() for table in TABLES}

    def restore(self) -> None:
        """Give those back what they had who ended their session or changed what they are."""
        if self._now() == self.first:
            return
        names = [d[0] for d in self.run('SELECT * FROM "user" LIMIT 0').description]
        with self.database.atomic():
            for row in self.first["user"]:
                sets = ", ".join(f'"{name}" = ?' for name in names)
                self.run(f'UPDATE "user" SET {sets} WHERE id = ?', (*row, row[0]))
            for table in TABLES[1:]:
                self.run(f'DELETE FROM "{table}"')
                for row in self.first[table]:
                    marks = ", ".join("?" * len(row))
                    self.run(f'INSERT INTO "{table}" VALUES ({marks})', row)
