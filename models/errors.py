"""What can go wrong with books. Below the web room errors know no HTTP status.

BooksError
├── BadInput            what was given can't be understood or isn't allowed; ``field`` names it
│   └── NotBalanced     the lines of a voucher don't sum to zero
├── NotAllowed          the actor lacks the right
├── NotFound            there is no such row in these books
├── Conflict            somebody or something was faster: versions, keys, codes, posted vouchers
├── PeriodLocked        the date lies where this actor may not work
│   ├── PeriodFrozen    the month is frozen, and the actor lacks the freeze right
│   ├── PeriodClosed    the month is closed, for good
│   └── YearClosed      the fiscal year is closed, until its closing voucher is reversed
├── PeriodNotReady      a month or year can't be closed yet; the message says what is in the way
└── BooksDamaged        the books disagree with themselves or with the catalogue
"""

from __future__ import annotations

from typing import Any

from tenants import current_entry


class BooksError(Exception):
    """Root of the tree.

    Args:
        msgid: the English message with ``%(name)s`` placeholders, which the web room translates.
        params: values for the placeholders; ``company`` is added from the current entry.
    """

    code = "books-error"
    """Stable, for programs."""

    def __init__(self, msgid: str, /, **params: Any) -> None:
        self.msgid = msgid
        self.params = params
        self.index: int | None = None
        """Which of many inputs it was about, counted from 0."""
        entry = current_entry()
        tenant = entry.tenant if entry is not None else None
        self.company: str | None = tenant.slug if tenant is not None else None
        super().__init__(msgid)

    @property
    def message(self) -> str:
        """The message in English, without the company."""
        return self.msgid % self.params

    def __str__(self) -> str:
        return f"{self.company}: {self.message}" if self.company else self.message


class BadInput(BooksError):
    """Raised when what was given can't be understood or isn't allowed.

    Args:
        field: the name of the input it is about; for a voucher's line ``lines.3.amount``.
    """

    code = "bad-input"

    def __init__(self, msgid: str, /, *, field: str = "", **params: Any) -> None:
        self.field = field
        super().__init__(msgid, field=field, **params)


class NotBalanced(BadInput):
    """Raised when the lines of a voucher don't sum to zero."""

    code = "not-balanced"


class NotAllowed(BooksError):
    """Raised when the actor lacks the right."""

    code = "not-allowed"


class NotFound(BooksError):
    """Raised when there is no such row in these books."""

    code = "not-found"


class Conflict(BooksError):
    """Raised when the row was changed meanwhile, is posted, or its key or code is taken."""

    code = "conflict"


class PeriodLocked(BooksError):
    """Raised when the date lies where this actor may not work."""

    code = "period-locked"


class PeriodFrozen(PeriodLocked):
    """Raised when the month is frozen, and the actor lacks the freeze right."""

    code = "period-frozen"


class PeriodClosed(PeriodLocked):
    """Raised when the month is closed, which nobody can undo."""

    code = "period-closed"


class YearClosed(PeriodLocked):
    """Raised when the fiscal year is closed; reversing its closing voucher opens it again."""

    code = "year-closed"


class PeriodNotReady(BooksError):
    """Raised when a month or year can't be closed yet."""

    code = "period-not-ready"


class BooksDamaged(BooksError):
    """Raised when the books disagree with themselves, or with what the catalogue knows of them."""

    code = "books-damaged"
