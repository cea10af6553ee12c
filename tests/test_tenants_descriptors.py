"""With fewer descriptors than the pool was to have, what is idle is closed, and no file is taken for a bad one."""

from __future__ import annotations

import os
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from narrow_pool import assert_nothing_is_held, narrow_router
from notes import texts
from tenants import NoRoom, Router
from threads import holding, touching, wait_for

#: What opening a store cold takes: its folder's lock, the file, its log, and the log's index.
COLD = 4


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[Router]:
    """A router with room for two tenants of one store."""
    with narrow_router(tmp_path / "data") as router:
        router.pool.close()
        router.universal.release(wholly=True)
        yield router


@contextmanager
def descriptors_left(count: int) -> Iterator[None]:
    """Leave the process so many descriptors, and no more."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(name) for name in os.listdir("/proc/self/fd"))
    filler: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 16, limits[1]))
    try:
        with suppress(OSError):
            while True:
                filler.append(os.open(os.devnull, os.O_RDONLY))
        for _ in range(count):
            os.close(filler.pop())
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        for descriptor in filler:
            os.close(descriptor)


@pytest.mark.parametrize("left", range(COLD))
def test_none_left_is_no_fault_of_the_file(narrow: Router, left: int) -> None:
    """It says so, and how many the process may have; nothing is held, and the store opens once there are some."""
    with descriptors_left(left):
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        with (
            pytest.raises(NoRoom, match=rf"no file descriptors left, of the {limit} that"),
            touching(narrow, "a"),
        ):
            pass
        assert narrow.pool.leases() == narrow.pool._held == 0
    with touching(narrow, "a"):
        assert texts() == ["a"]
    assert_nothing_is_held(narrow)


@pytest.mark.parametrize("left", range(COLD))
def test_what_is_idle_is_closed_first(narrow: Router, left: int) -> None:
    """A cold store opens with the descriptors of what is warm, which counts as evicted."""
    with touching(narrow, "b"):
        pass
    evicted = narrow.pool.status().evictions
    with descriptors_left(left), touching(narrow, "a"):
        assert texts() == ["a"]
    assert narrow.pool.status().evictions > evicted
    assert_nothing_is_held(narrow)


def test_those_who_wait_are_served_after_one_that_found_none(narrow: Router) -> None:
    """The room of an entry whose store couldn't be opened goes to the next in the queue."""
    a, b = holding(narrow, "a").enters(), holding(narrow, "b").enters()
    c = holding(narrow, "c")
    wait_for(lambda: narrow.pool.status().waiting == 1)
    failed = threading.Event()
    opened = narrow.tenant("c").store("books")
    opened.open = lambda: _fail(failed)  # type: ignore[method-assign, assignment]
    a.leaves()
    wait_for(failed.is_set)
    assert isinstance(c.leaves(), NoRoom)
    with touching(narrow, "d"):
        assert texts() == ["d"]
    assert b.leaves() is None
    assert_nothing_is_held(narrow)


def _fail(failed: threading.Event) -> None:
    failed.set()
    raise NoRoom("none left")
