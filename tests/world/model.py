"""What each company should see, in plain Python."""

from __future__ import annotations

from typing import Any

Row = tuple[Any, ...]


class Shelf:
    """A store: its rows by id, and what somebody is in the middle of writing.

    Attributes:
        label: what its rows' texts begin with.
        owner: the id of the tenant whose own it is.
        titles: what its journals' titles begin with, of which a copy's are its original's.
        rows: what is committed.
        writer: who has a transaction open.
        draft: what the writer sees.
        history: every row that ever was on it, for readers who began earlier.
    """

    def __init__(self, label: str, owner: str) -> None:
        self.label = self.titles = label
        self.owner = owner
        self.rows: dict[int, Row] = {}
        self.writer: Seat | None = None
        self.draft: dict[int, Row] = {}
        self.history: set[tuple[int, Row]] = set()

    def __repr__(self) -> str:
        return self.label

    def copy(self, label: str, owner: str) -> Shelf:
        """What a copy of it holds: all that is committed."""
        made = Shelf(label, owner)
        made.titles, made.rows = self.titles, dict(self.rows)
        made.history = set(made.rows.items())
        return made

    def seen_by(self, seat: Seat) -> dict[int, Row]:
        """The rows that whoever has that seat reads, and writes to."""
        return self.draft if self.writer is seat else self.rows

    def put(self, seat: Seat, number: int, row: Row) -> None:
        """Write a row."""
        self.seen_by(seat)[number] = row
        self.history.add((number, row))

    def next_id(self, seat: Seat) -> int:
        """The id that a new row gets."""
        return max(self.seen_by(seat), default=0) + 1

    def begin(self, seat: Seat) -> None:
        """Open a transaction."""
        self.writer, self.draft = seat, dict(self.rows)

    def end(self, commit: bool) -> None:
        """Close the transaction."""
        if commit:
            self.rows = self.draft
        self.writer, self.draft = None, {}


class Company:
    """A company and its shelves, by role; affiliates have one of them in common.

    Attributes:
        id: its tenant's.
        name: the slug that it had at first.
        slug: the one that it has.
        state: "active", "suspended", in which nobody may enter it, or "archived", in which nobody may write in it.
        changes: how often it came from one state into another.
        purged: it is gone.
    """

    def __init__(self, tenant_id: str, name: str, shelves: dict[str, Shelf]) -> None:
        self.id = tenant_id
        self.name = self.slug = name
        self.shelves = shelves
        self.state = "active"
        self.changes = 0
        self.purged = False


class Seat:
    """What the model knows of an entry.

    Attributes:
        company: whose it is.
        thread: who may use its connections.
        outer: the seat that was the nearest live one when this was taken.
        live: False once it was left, or its key popped.
        entry: the router's.
        blocks: the open transactions, by shelf.
        shelves: those that it is for: the company may have come to use others since.
        half_read: how many half-read iterators may hold on to what it saw earlier, by shelf.
    """

    def __init__(self, company: Company, thread: int, outer: Seat | None, entry: Any) -> None:
        self.company = company
        self.shelves = dict(company.shelves)
        self.state, self.changes = company.state, company.changes
        self.thread = thread
        self.outer = outer.nearest_live() if outer is not None else None
        self.live = True
        self.entry = entry
        self.blocks: dict[Shelf, Any] = {}
        self.half_read: dict[Shelf, int] = {}

    def nearest_live(self) -> Seat | None:
        """It, or the nearest around it that is live."""
        seat: Seat | None = self
        while seat is not None and not seat.live:
            seat = seat.outer
        return seat

    def holds(self, shelf: Shelf | None) -> bool:
        """True where that shelf may be reached from here."""
        return self.live and shelf in self.shelves.values()

    def is_outdated(self) -> bool:
        """True where its company is gone, or uses another store by now: then nobody had its stores in hand."""
        return self.company.purged or self.shelves != self.company.shelves

    def may_write(self) -> bool | None:
        """False in one that began in an archived company; None where that has changed since, so that either will do."""
        return self.state != "archived" if self.changes == self.company.changes else None

    def __repr__(self) -> str:
        return f"{self.entry.key} of {self.company.slug}{'' if self.live else ', over'}"

    def leave(self) -> None:
        """It ends, and what it wrote without committing is gone."""
        self.live = False
        for shelf in self.shelves.values():
            if shelf.writer is self:
                shelf.end(commit=False)
        self.blocks.clear()
