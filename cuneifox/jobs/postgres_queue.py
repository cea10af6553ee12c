"""A queue in PostgreSQL: a server that stands still with its connections open is given up in time."""

from __future__ import annotations

import time
from typing import Any

import psycopg
from huey.storage import PostgresStorage
from psycopg.conninfo import conninfo_to_dict

from cuneifox.jobs.storages import ANSWER_WITHIN, NAME, REST

OPTIONS: dict[str, Any] = {
    "connect_timeout": 2,  # the least that its library knows
    "tcp_user_timeout": round(ANSWER_WITHIN * 1000),
    "keepalives_idle": 5,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "application_name": NAME,
}
"""What a URL doesn't say otherwise. They see a machine that is gone; one that stands still takes what is sent to it."""


class Impatient(psycopg.Connection[Any]):
    """A connection on which nothing is waited for longer than ANSWER_WITHIN seconds, unless by who gives a time.

    One that didn't answer in time is closed: nobody knows what will come on it.
    """

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for what the library does on the connection.

        Raises:
            psycopg.OperationalError: the server hasn't answered.
        """
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        end = time.monotonic() + ANSWER_WITHIN
        try:
            return super().wait(gen, interval, ANSWER_WITHIN)
        except psycopg.OperationalError:
            if time.monotonic() < end:
                raise
            self.close()
            raise psycopg.OperationalError("it doesn't answer") from None


class PostgresQueue(PostgresStorage):
    """In a table of a PostgreSQL server.

    Args:
        place: its URL, whose own options are kept.
    """

    def __init__(self, place: str) -> None:
        given = conninfo_to_dict(place)
        self._options = {name: value for name, value in OPTIONS.items() if name not in given}
        self._place = place
        self._rest_until = 0.0
        super().__init__(NAME, connection=self._connected, create_tables=False)

    def _connected(self) -> psycopg.Connection[Any]:
        """Connect; who comes right after one who couldn't doesn't wait once more, for threads take turns here."""
        if time.monotonic() < self._rest_until:
            raise psycopg.OperationalError("it didn't answer a moment ago")
        try:
            return Impatient.connect(self._place, **self._options)
        except psycopg.Error:
            self._rest_until = time.monotonic() + REST
            raise

    def prepare(self) -> None:
        """Make the tables."""
        self.initialize_schema()
