"""What had to wait is counted, once, and what had at once what it wanted isn't."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tenants import DBLock, LockTimeout, Router, RWLock
from tenants.contention import contention
from threads import Held, wait_for


@pytest.mark.parametrize(
    ("lock", "take"), [(DBLock(), lambda lock: lock), (RWLock(), lambda lock: lock.write_lock())]
)
def test_waits_are_counted(lock: Any, take: Callable[[Any], Any]) -> None:
    """One that is had at once isn't; one that is waited for is, with its seconds; one in vain is a time-out too."""
    before = contention.status()
    first = Held(lambda: take(lock)).enters()
    assert contention.status() == before
    second = Held(lambda: take(lock))
    wait_for(lambda: lock.waiting() == 1)
    first.leaves()
    second.enters()
    status = contention.status()
    assert (status.waits, status.timeouts) == (before.waits + 1, before.timeouts)
    assert status.waited_seconds > before.waited_seconds
    lock.timeout = 0.01
    with pytest.raises(LockTimeout), take(lock):
        pass
    second.leaves()
    status = contention.status()
    assert (status.waits, status.timeouts) == (before.waits + 2, before.timeouts + 1)
    assert status.waited_seconds > before.waited_seconds + 0.01


def test_it_is_the_processs(router: Router) -> None:
    """Locks of one file are one for all routers, and so are their counts."""
    assert router.contention is contention
