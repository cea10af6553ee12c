"""What jobs that write papers have in common: how far they are, and what is told where one can't be made."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from cuneifox.i18n import _
from cuneifox.jobs.work import Work
from cuneifox.papers import PaperFailed
from models.errors import BooksError

log = logging.getLogger("cuneifox.jobs")

Read = TypeVar("Read")

EVERY = 64
"""Rows after which it is told how far it is, where they come one by one."""

READING = 0.1
"""The part of a job's time that reading takes where pages are set afterwards."""


class Telling:
    """Tells how far a paper is, and has the job stop where it is to.

    Args:
        work: the job.
        count: how many rows, vouchers or statements there are, about; 0 where nobody knows.
        sets: whether pages are set once all are read, so that what is done comes after what is read.
    """

    def __init__(self, work: Work, count: int, sets: bool) -> None:
        self.work, self.count, self.sets = work, count, sets
        self._done = 0
        self._read = 0

    def reading(self, given: Iterable[Read]) -> Iterator[Read]:
        """Yield what is given, and tell how much is read of all that is given."""
        for each in given:
            if self.sets and not self._read % EVERY:
                self._tell_read()
            self._read += 1
            yield each
        self.count = max(self.count, self._read)

    def tick(self, done: int) -> None:
        """So many are done; called for each, or several times a second."""
        if done == self._done + 1 and done % EVERY:
            self._done = done
            return
        self._done = done
        if done == 0 and self.sets:
            self._tell_read()
        else:
            begin = READING if self.sets else 0.0
            self.work.progress(begin + (1 - begin) * self._part(done), self._of(done))

    def _tell_read(self) -> None:
        line = _("Reading: %(line)s", line=self._of(self._read))
        self.work.progress(READING * self._part(self._read), line)

    def _part(self, number: int) -> float:
        return min(number / self.count, 1.0) if self.count else 0.0

    def _of(self, number: int) -> str:
        if not self.count:
            return f"{number:,}"
        return _(
            "%(done)s of %(count)s",
            done=f"{min(number, self.count):,}",
            count=f"{self.count:,}",
        )


@contextmanager
def reading(work: Work, *roles: str) -> Iterator[Callable[[], None]]:
    """Read one state of these stores in the block, until what it yields is called, or the block ends.

    Setting pages takes longer than reading: the books aren't held meanwhile.

    Raises:
        BooksError: says why a paper can't be made; who runs the server finds more in the log.
    """
    with ExitStack() as snapshot, telling_why(work):
        snapshot.enter_context(work.snapshot(roles))
        yield snapshot.close


@contextmanager
def telling_why(work: Work) -> Iterator[None]:
    """Have BooksError say why a paper can't be made in the block; who runs the server finds more in the log."""
    try:
        yield
    except PaperFailed as error:
        log.error("Job %s: a PDF could not be made: %s", work.job.id, error)
        raise BooksError("%(text)s", text=str(error.text)) from error
