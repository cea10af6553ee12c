"""A tenant of two stores whose snapshots get old when a test says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from notes import Contact, Note
from tenants import Router, Tenant
from tenants.snapshots.logs import log_size
from threads import wait_for


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Aging:
    """`acme`, with a note and a contact, whose snapshots are watched by a clock of the test's.

    Attributes:
        tenant, router, clock: what they are called.
    """

    def __init__(self, folder: Path) -> None:
        self.router = Router(folder)
        self.clock = self.router.snapshots.clock = Clock()
        self.tenant: Tenant = self.router.create("acme", models=[Note, Contact], setup=fill)

    def passes(self, seconds: float = 601.0) -> None:
        """Let time pass, and wait until the thread that watches has seen to that."""
        self.clock.seconds += seconds
        self.router.snapshots.look()
        wait_for(lambda: self.router.snapshots.status().open == 0)

    def write(self, times: int = 1, size: int = 1) -> None:
        """Write notes, a transaction each, of so many characters."""
        with self.router.using(self.tenant):
            for _ in range(times):
                Note.create(text="x" * size)

    def log(self, role: str = "books") -> int:
        """How large a store's write-ahead log is."""
        return log_size(self.tenant.store(role))


def fill() -> None:
    """A row in each store."""
    Note.create(text="first")
    Contact.create(name="Ann")


def aging(folder: Path) -> Iterator[Aging]:
    """A fixture's: closed at the end."""
    made = Aging(folder)
    yield made
    made.router.close()
