"""What each company should see, in plain Python."""

from __future__ import annotations

from typing import Any

Row = tuple[Any, ...]


class Shelf:
    """A store: its rows by id, and what somebody is in the middle of writing.

    Attributes:
        label: what its rows' texts begin with.
        rows: what is committed.
        writer: who has a transaction open.
        draft: what the writer sees.
        history: every row that ever was on it, for readers who began earlier.
    """

    def __init__(self, label: str) -> None:
        self.label = label
        self.rows: dict[int, Row] = {}
        self.writer: Seat | None = None
        self.draft: dict[int, Row] = {}
        self.history: set[tuple[int, Row]] = set()

    def __repr__(self) -> str:
        return self.label

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
        suspended: nobody may enter it.
    """

    def __init__(self, tenant_id: str, name: str, shelves: dict[str, Shelf]) -> None:
        self.id = tenant_id
        self.name = self.slug = name
        self.shelves = shelves
        self.suspended = False


class Seat:
    """What the model knows of an entry.

    Attributes:
        company: whose it is.
        thread: who may use its connections.
        outer: the seat that was the nearest live one when this was taken.
        live: False once it was left, or its key popped.
        entry: the router's.
        blocks: the open transactions, by shelf.
        half_read: how many half-read iterators may hold on to what it saw earlier, by shelf.
    """

    def __init__(self, company: Company, thread: int, outer: Seat | None, entry: Any) -> None:
        self.company = company
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
        return self.live and shelf in self.company.shelves.values()

    def __repr__(self) -> str:
        return f"{self.entry.key} of {self.company.slug}{'' if self.live else ', over'}"

    def leave(self) -> None:
        """It ends, and what it wrote without committing is gone."""
        self.live = False
        for shelf in self.company.shelves.values():
            if shelf.writer is self:
                shelf.end(commit=False)
        self.blocks.clear()
