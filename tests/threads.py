"""Threads that hold something until they are told, and waiting for what another thread is to bring about."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from notes import Note
from tenants import Router

PATIENCE = 60


def wait_for(condition: Callable[[], bool]) -> None:
    """Give way to other threads until something holds."""
    limit = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < limit, "it never came"
        time.sleep(0)


class Held:
    """A thread that is in a context until it is told to leave.

    Args:
        context: makes the context, in the thread.

    Attributes:
        error: what was raised on the way in, or inside.
    """

    def __init__(self, context: Callable[[], AbstractContextManager[object]]) -> None:
        self.error: BaseException | None = None
        self._inside, self._leave = threading.Event(), threading.Event()
        self._ended = threading.Event()
        self._context = context
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            with self._context():
                self._inside.set()
                assert self._leave.wait(PATIENCE)
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            self.error = error
        self._ended.set()

    @property
    def inside(self) -> bool:
        """True once it is in."""
        return self._inside.is_set()

    def enters(self) -> Held:
        """Wait until it is in."""
        wait_for(lambda: self.inside or self._ended.is_set())
        assert self.inside, self.error
        return self

    def leaves(self) -> BaseException | None:
        """Tell it to leave, wait for its end, and return what was raised."""
        self._leave.set()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()
        return self.error


@contextmanager
def touching(router: Router, slug: str) -> Iterator[None]:
    """An entry that has its tenant's stores in hand."""
    with router.using(slug):
        Note.select().count()
        yield


def holding(router: Router, slug: str) -> Held:
    """A thread that is in such an entry, or waits for it."""
    return Held(lambda: touching(router, slug))
