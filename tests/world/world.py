"""One thing after another, each compared with what the model says."""

from __future__ import annotations

import shutil
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from routed_models import Customer, Item, Journal, books
from tenants import UNIVERSAL, DBLock, Router

from .hands import Hand, InContext, InStream, Stream, Worker, make_app
from .model import Company, Seat, Shelf
from .things import Thing

#: Each company, and whose registers it has.
COMPANIES = {"acme": "acme", "affil": "acme", "globex": "globex", "initech": "globex"}


class Leak(AssertionError):
    """Raised when what happened isn't what the model says: a row went astray, or somebody was wrongly refused."""


def set_up(folder: Path) -> Router:
    """Make a router with the companies, on an empty folder."""
    router = Router(folder)
    _create_all(router)
    router.may_enter = lambda token, tenant: True
    return router


def _create_all(router: Router) -> None:
    for slug, owner in COMPANIES.items():
        models = [*books.models, Customer]
        share = {} if owner == slug else {"registers": owner}
        router.create(slug, models, share=share, template="world")


def _purge_all(router: Router) -> None:
    for tenant in router.tenants():
        if tenant.state == "active":
            router.suspend(tenant, "the end of the world")
        router.purge(tenant)
    for store in router.unused_stores():
        router.purge_store(store)
    shutil.rmtree(router.folder / "purged")


class World:
    """Several companies, and what happens to them.

    Args:
        router: as `set_up` made it; all rows are made anew.
        choose: given n, returns a number below n. All that happens follows from what it returns.

    Attributes:
        done: how often something worked, was refused, or waited in vain, and how often somebody moved: entered, left,
            began, ended. What wasn't possible as things were isn't counted.
        reshaped: True once a company was made or purged, or its stores aren't those that it had at first.
    """

    def __init__(self, router: Router, choose: Callable[[int], int]) -> None:
        self.router = router
        self.choose = choose
        self.app = make_app(router)
        self.log: deque[tuple[object, ...]] = deque(maxlen=100)
        self.done: Counter[str] = Counter()
        self.texts = 0
        self.streams_made = 0
        self.reshaped = False
        ids = {name: router.tenant(name).id for name in COMPANIES}
        registers = {o: Shelf(f"{o}/registers", ids[o]) for o in COMPANIES.values()}
        self.companies = [
            Company(
                ids[name],
                name,
                {"books": Shelf(f"{name}/books", ids[name]), "registers": registers[owner]},
            )
            for name, owner in COMPANIES.items()
        ]
        self.workers: list[Any] = [Hand()]
        self.bases: dict[Worker, Seat] = {}
        self.streams: list[Stream] = []
        self.contexts: list[tuple[Any, Seat | None]] = []
        self.things: list[Thing] = []
        self._patience, DBLock.TIMEOUT = DBLock.TIMEOUT, 0.0
        self._fill()

    def _fill(self) -> None:
        for company in self.companies:
            with self.router.using(company.slug) as entry, entry.stores["books"].writing():
                for model in (Item, Journal):
                    model.delete().execute()
                label = company.shelves["books"].label
                for code in ("1", "2"):
                    Journal.create(code=code, title=f"{label} {code}")
                with entry.stores["registers"].writing():
                    Customer.delete().execute()

    # Hands and things

    def any(self, things: list[Any]) -> Any:
        """Choose one of them."""
        return things[self.choose(len(things))]

    def hand(self, shelf: Shelf | None = None) -> Hand:
        """Choose who does something: anybody, or by preference one who is in a company, and has that shelf."""
        hands: list[Any] = [*self.workers, *self.streams, *self.contexts]
        if self.choose(3):
            hands = [hand for hand in hands if self._suits(_seat_of(hand), shelf)] or hands
        chosen = self.any(hands)
        if isinstance(chosen, Hand):
            return chosen
        worker = self.any(self.workers)
        if isinstance(chosen, Stream):
            return InStream(chosen, worker)
        return InContext(*chosen, worker)

    @staticmethod
    def _suits(seat: Seat | None, shelf: Shelf | None) -> bool:
        return seat is not None and (seat.live if shelf is None else seat.holds(shelf))

    def seats(self) -> list[Seat]:
        """Every seat that somebody took and hasn't left, those whose key was popped too."""
        found = [seat for worker in self.workers for seat in worker.seats]
        found += [stream.seat for stream in self.streams if stream.seat is not None]
        return [*found, *self.bases.values()]

    def drop(self, thing: Thing) -> None:
        """Let go of a thing."""
        thing.it = None
        if thing in self.things:
            self.things.remove(thing)
        if thing.kind.name == "iterator" and thing.seat is not None:
            thing.seat.half_read[thing.shelf] -= 1

    def note(self, *what: object) -> None:
        """Remember what happens, for whoever has to find out how it came to that."""
        self.log.append(what)

    def fail(self, why: str) -> None:
        """Raise what isn't as the model says, and what led to it."""
        raise Leak(why + "\nafter:\n" + "\n".join(" ".join(map(str, what)) for what in self.log))

    # The end

    def close(self) -> None:
        """Leave everything, and compare what is left behind, also in the files, with the model."""
        try:
            self._leave_all()
        finally:
            DBLock.TIMEOUT = self._patience
            for worker in self.workers[1:]:
                worker.end()
        if list(self.router.db_dict) != [UNIVERSAL]:
            self.fail(f"left behind: {list(self.router.db_dict)}")
        for company in self.companies:
            self._compare_files(company)
        if self.reshaped:
            _purge_all(self.router)
            _create_all(self.router)
        else:
            self._undo_changes()

    def _undo_changes(self) -> None:
        for company in self.companies:
            if company.state != "active":
                self.router.resume(company.id)
            self.router.rename(company.id, f"was-{company.name}")  # out of the others' way
        for company in self.companies:
            company.slug = self.router.rename(company.id, company.name).slug

    def _leave_all(self) -> None:
        for thing in list(self.things):
            self.drop(thing)
        for stream in self.streams:
            stream.body.close()
            if stream.seat is not None:
                stream.seat.leave()
        for worker in reversed(self.workers):
            for seat in reversed(worker.seats):
                worker.run(lambda entry=seat.entry: self.router.leave(entry))
                seat.leave()
        for seat in self.bases.values():  # which their threads leave as they end
            seat.leave()

    def _compare_files(self, company: Company) -> None:
        columns = {
            "books": "id, journal_id, text, amount FROM item",
            "registers": "stid, 0, name FROM customer",
        }
        for role, shelf in company.shelves.items():
            with self.router.tenant(company.slug).store(role).get_connection() as connection:
                rows = connection.execute(f"SELECT {columns[role]}").fetchall()
            if {row[0]: tuple(row[1:]) for row in rows} != shelf.rows:
                self.fail(f"{shelf.label} holds {rows} and should hold {shelf.rows}")


def _seat_of(hand: Any) -> Seat | None:
    return hand[1] if isinstance(hand, tuple) else hand.seat
