"""Going through the orders in which threads can take their steps.

`frontrun` runs threads under a scheduler of its own, one step at a time, and goes through the orders that could make a
difference (by dynamic partial order reduction): all of those in which a thread is interrupted once or twice, as told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import frontrun
import pytest

from notes import Contact, Note
from tenants import Router, store_locks
from tenants.contention import contention

#: Past so many orders an exploration counts as unfinished, and fails.
MOST = 4000


@pytest.fixture
def scheduler(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Says that `frontrun` may take the place of locks while it explores; its own command line would do the same."""
    monkeypatch.setenv("FRONTRUN_ACTIVE", "1")
    yield
    store_locks.forget_all()


def explore(
    setup: Callable[[], Any],
    workers: list[Callable[[Any], Any]],
    holds: Callable[[Any], bool],
    **options: Any,
) -> Any:
    """Take the workers' steps in every order that could make a difference; return what that showed."""

    def set_up() -> Any:
        contention.forget()  # so that its lock is the scheduler's too
        return setup()

    return frontrun.explore(
        setup=set_up,
        workers=workers,
        invariant=holds,
        detect_io=False,
        reproduce_on_failure=0,
        max_executions=MOST,
        **options,
    )


def require(*args: Any, least: int = 2, **options: Any) -> None:
    """Fail unless the invariant holds in every order, of which there are at least so many."""
    result = explore(*args, **options)
    assert result.property_holds, result.explanation
    assert least <= result.num_explored < MOST


@pytest.fixture
def peopled(router: Router) -> Router:
    """`acme` and `globex`, with a note each."""
    for slug in ("acme", "globex"):
        router.create(slug, models=[Note, Contact], setup=lambda slug=slug: Note.create(text=slug))
    return router
