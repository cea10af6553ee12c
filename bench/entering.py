"""Entering and leaving a warm company with three stores, leases and connections included."""

from __future__ import annotations

import tempfile
import timeit

from peewee import TextField

from tenants import RoutedModel, Router

from .figures import PAIRS, Figure, absolute, main

ENTRIES = 5000


class Book(RoutedModel):
    """A row of the books."""

    text = TextField()

    class Meta:
        store = "books"


class Register(RoutedModel):
    """A row of a register."""

    text = TextField()

    class Meta:
        store = "registers"


class Paper(RoutedModel):
    """An attachment."""

    text = TextField()

    class Meta:
        store = "attachments"


def measure() -> list[Figure]:
    """Measure 21 runs."""
    with tempfile.TemporaryDirectory() as folder:
        router = Router(folder)
        tenant = router.create("acme", models=[Book, Register, Paper])
        databases = [store.database for store in tenant.stores.values()]
        assert len(databases) == 3

        def enter_and_leave() -> None:
            with router.using(tenant):
                for database in databases:
                    database.connect()

        runs = timeit.repeat(enter_and_leave, number=ENTRIES, repeat=PAIRS)
        router.close()
    each = [run / ENTRIES for run in runs]
    note = f"{ENTRIES:,} entries each, every one with the connections of all three stores in hand"
    return [absolute("Enter + leave a warm company with three stores", each, 25, 1e6, "µs", note)]


if __name__ == "__main__":
    main(measure)
