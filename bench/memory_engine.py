"""Stores in memory beside the same stores in files: making a tenant, and what a statement takes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from itertools import count

from peewee import CharField, IntegerField

from tenants import RoutedModel, Router, Tenant

from .figures import Figure, main, pairs, ratio

ROWS, STATEMENTS, TENANTS = 1000, 500, 20


class Seen(RoutedModel):
    """Somebody who is there."""

    token = CharField(unique=True)
    at = IntegerField(index=True)

    class Meta:
        store = "bench_live"


def measure() -> list[Figure]:
    """Measure both in turn."""
    with tempfile.TemporaryDirectory() as folder:
        memory = Router(f"{folder}/memory", engine="memory:")
        files = Router(f"{folder}/files")
        figures = [
            making(memory, files),
            *(statement(what, work, limit, memory, files) for what, work, limit in WORK),
        ]
        memory.close()
        files.close()
    return figures


def making(memory: Router, files: Router) -> Figure:
    """Make tenants of a template."""
    numbers = count()

    def make(router: Router) -> Callable[[], None]:
        def many() -> None:
            for _ in range(TENANTS):
                router.create(f"t{next(numbers)}", models=[Seen], template="live")

        return many

    what = "Making a tenant whose store is in memory ÷ in a file"
    return ratio(what, pairs(make(memory), make(files), 11), 1, TENANTS, "From a template")


def read_one() -> None:
    """Read a row by its key."""
    for n in range(STATEMENTS):
        Seen.get_by_id(n + 1)


def read_many() -> None:
    """Read all rows, some times."""
    for _ in range(5):
        list(Seen.select())


def write_one() -> None:
    """Change a row, each in a transaction of its own."""
    for n in range(STATEMENTS):
        Seen.update(at=n).where(Seen.id == n + 1).execute()


WORK: tuple[tuple[str, Callable[[], None], float], ...] = (
    ("Reading a row by its key in memory, its table locked, ÷ in a file", read_one, 1.5),
    (f"Reading {ROWS:,} rows in memory ÷ in a file", read_many, 1.2),
    ("Changing a row in memory ÷ in a file, where it waits for the disk", write_one, 1),
)


def statement(
    what: str, work: Callable[[], None], limit: float, memory: Router, files: Router
) -> Figure:
    """Do it in an entry of each."""

    def within(router: Router) -> Callable[[], None]:
        tenant = filled(router)

        def run() -> None:
            with router.using(tenant):
                work()

        return run

    calls = 5 if work is read_many else STATEMENTS
    return ratio(what, pairs(within(memory), within(files)), limit, calls, "One thread")


def filled(router: Router) -> Tenant:
    """Return a tenant with rows."""
    if "filled" in {tenant.slug for tenant in router.tenants()}:
        return router.tenant("filled")

    def fill() -> None:
        Seen.insert_many([{"token": str(n), "at": n} for n in range(ROWS)]).execute()

    return router.create("filled", models=[Seen], setup=fill)


if __name__ == "__main__":
    main(measure)
