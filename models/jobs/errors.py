"""What can go wrong with jobs."""

from __future__ import annotations

from models.errors import BooksError


class TryLater(BooksError):
    """Raised by work that failed for a reason that may pass: the job is begun anew after a pause."""

    code = "try-later"
