"""Leases and maintenance of a tenant's folder exclude each other, in a process and between them, whoever dies when."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from notes import Child, Note, child, texts
from tenants import LockTimeout, Router, WouldDeadlock, WrongFile
from tenants.leasing.homes import Home
from threads import Held, holding, touching, wait_for

#: Says "in" once it has what its arguments name, and lets go when it is told to.
OTHER = """
import sys
from notes import Note, texts
from tenants import Router
router = Router(sys.argv[1])
home = router.tenant("acme").store("books").home
if sys.argv[2] == "lease":
    with router.using("acme"):
        texts()
        print("in", flush=True)
        sys.stdin.readline()
else:
    with router.maintaining("acme"):
        print("in", flush=True)
        sys.stdin.readline()
router.close()
"""


@pytest.fixture
def acme(router: Router) -> Home:
    """The folder of a tenant with a note."""
    tenant = router.create("acme", models=[Note], setup=lambda: Note.create(text="first"))
    return tenant.store("books").home


def at_rest(home: Home) -> bool:
    """True where nobody has it, in any process, and nothing lies about."""
    with home.maintaining(0):
        pass
    files = set(os.listdir(home.folder))
    return "maintenance" not in files and (home._intent, home._maintainer, home._wanted) == (
        -1,
        0,
        0,
    )


# In one process


def test_maintenance_waits_for_leases_and_new_ones_for_it(router: Router, acme: Home) -> None:
    """Also for those that began after it was asked for: else a busy tenant would never be maintained."""
    first = holding(router, "acme").enters()
    keeper = Held(lambda: router.maintaining("acme", patience=60))
    wait_for(lambda: acme._wanted == 1)
    second = holding(router, "acme")
    first.leaves()
    keeper.enters()
    assert not second.inside
    assert acme.leases() == 0
    keeper.leaves()
    second.enters()
    assert second.leaves() is None
    assert at_rest(acme)


def test_each_waits_no_longer_than_it_may(router: Router, acme: Home) -> None:
    """The error says for how long, and nothing was changed."""
    with touching(router, "acme"):
        keeper = Held(lambda: router.maintaining("acme", patience=0.02))
        error = keeper.leaves()
        assert isinstance(error, LockTimeout)
        assert "acme was in use for 0.0" in str(error)
    router.pool.patience = 0.02
    keeper = Held(lambda: router.maintaining("acme")).enters()
    with (
        pytest.raises(LockTimeout, match=r"acme was being maintained for 0\.0"),
        router.using("acme"),
    ):
        texts()
    assert keeper.leaves() is None
    assert at_rest(acme)


def test_whoever_maintains_may_work_on_the_stores(router: Router, acme: Home) -> None:
    """In entries, in connections of its own, and in maintenance within maintenance, which ends nothing early."""
    with router.maintaining("acme") as tenant:
        with touching(router, "acme"), tenant.store("books").get_connection() as connection:
            assert connection.execute("SELECT text FROM note").fetchall() == [("first",)]
        with router.maintaining("acme"):
            pass
        late = holding(router, "acme")
        with touching(router, "acme"):
            Note.create(text="second")
        assert not late.inside
    late.enters()
    assert late.leaves() is None
    assert at_rest(acme)


def test_a_lease_taken_inside_may_outlast_the_maintenance(router: Router, acme: Home) -> None:
    """From then on it is like any other: others may lease too, and maintenance waits for it."""
    with router.maintaining("acme"):
        entry = router.enter_here("acme")
        assert texts() == ["first"]
    assert holding(router, "acme").enters().leaves() is None
    with child(OTHER, router.folder, "lease") as other:
        assert other.hears() == "in"
        assert isinstance(Held(lambda: acme.maintaining(0)).leaves(), LockTimeout)
        other.told()
    router.leave(entry)
    assert at_rest(acme)


def test_maintenance_inside_a_lease_is_refused_at_once(router: Router, acme: Home) -> None:
    """It would wait for the thread's own entry; of another tenant it is possible."""
    router.create("globex", models=[Note])
    with touching(router, "acme"):
        with pytest.raises(WouldDeadlock, match="acme"), router.maintaining("acme", patience=60):
            pass
        with router.maintaining("globex"):
            assert texts() == ["first"]
    assert at_rest(acme)


@pytest.mark.parametrize("when", ["leases", "another process"])
def test_an_interrupted_wait_for_maintenance(
    router: Router, acme: Home, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Ctrl-C while it waits: nothing is declared any more, and leases go on."""

    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    def maintain() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(Home, "_wait", interrupted)
            with pytest.raises(KeyboardInterrupt), acme.maintaining(60):
                pass

    if when == "leases":
        held = holding(router, "acme").enters()
        maintain()
        assert held.leaves() is None
    else:
        with child(OTHER, router.folder, "lease") as other:
            assert other.hears() == "in"
            maintain()
            other.told()
    assert router.homes.maintainers == []
    with touching(router, "acme"):
        pass
    assert at_rest(acme)


def test_who_waits_for_another_process_minds_its_own(router: Router, acme: Home) -> None:
    """A lease that waits for a foreign maintenance to end waits for one of its own process that came meanwhile too."""
    with child(OTHER, router.folder, "maintain") as other:
        assert other.hears() == "in"
        late = holding(router, "acme")
        wait_for(lambda: acme._changed._waiters)  # type: ignore[attr-defined]
        keeper = Held(lambda: router.maintaining("acme"))
        wait_for(lambda: acme._maintainer)
        other.told()
    keeper.enters()
    assert not late.inside
    assert acme.leases() == 0
    assert keeper.leaves() is None
    late.enters()
    assert late.leaves() is None
    assert at_rest(acme)


def test_descriptors_are_given_back(router: Router, acme: Home) -> None:
    """Leases and maintenance, also those that failed, leave none open but the one that is counted."""
    router.universal.release()
    router.pool.close()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        with touching(router, "acme"):
            with pytest.raises(WouldDeadlock), acme.maintaining(0):
                pass
            assert isinstance(Held(lambda: acme.maintaining(0)).leaves(), LockTimeout)
        with acme.maintaining(0):
            pass
    router.universal.release()
    router.pool.close()
    assert len(os.listdir("/proc/self/fd")) == before


# Two routers, several processes


def test_a_number_that_was_closed_is_never_closed_again(
    router: Router, acme: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By then it may be a database's. Also where Ctrl-C comes as it is closed."""
    close = os.close

    def interrupted(descriptor: int) -> None:
        close(descriptor)
        raise KeyboardInterrupt

    acme.lease(0)
    acme.release()
    with monkeypatch.context() as patch:
        patch.setattr(os, "close", interrupted)
        with pytest.raises(KeyboardInterrupt):
            acme.close()
    assert acme._descriptor == -1
    with touching(router, "acme"):
        assert texts() == ["first"]


@pytest.fixture
def second(router: Router) -> Iterator[Router]:
    """Another router of this process on the same data folder."""
    second = Router(router.folder)
    yield second
    second.close()


def test_two_routers_of_one_process(router: Router, second: Router, acme: Home) -> None:
    """They exclude each other like two processes."""
    with touching(router, "acme"):
        with pytest.raises(LockTimeout), second.maintaining("acme", patience=0.02):
            pass
        with touching(second, "acme"):
            assert texts() == ["first"]
    with second.maintaining("acme"):
        router.pool.patience = 0.02
        with pytest.raises(LockTimeout), router.using("acme"):
            texts()
    assert at_rest(acme)


def test_a_lease_of_another_process_holds_maintenance_up(router: Router, acme: Home) -> None:
    """Until it ends; leases of several processes don't mind each other."""
    with child(OTHER, router.folder, "lease") as other:
        assert other.hears() == "in"
        with touching(router, "acme"):
            assert texts() == ["first"]
        with pytest.raises(LockTimeout, match="in use"), router.maintaining("acme", patience=0.02):
            pass
        keeper = Held(lambda: router.maintaining("acme", patience=60))
        wait_for(lambda: acme._intent >= 0)
        other.told()
    keeper.enters()
    assert keeper.leaves() is None
    assert at_rest(acme)


def test_maintenance_of_another_process_holds_leases_up(router: Router, acme: Home) -> None:
    """Until it ends, and whoever has none."""
    with child(OTHER, router.folder, "maintain") as other:
        assert other.hears() == "in"
        late = holding(router, "acme")
        wait_for(lambda: acme._changed._waiters)  # type: ignore[attr-defined]
        assert not late.inside
        other.told()
    late.enters()
    assert late.leaves() is None
    assert at_rest(acme)


def test_a_process_that_is_never_idle_lets_others_maintain(router: Router, acme: Home) -> None:
    """As soon as another process wants the stores, no new lease begins, though this one always has some."""
    first = holding(router, "acme").enters()
    with child(OTHER, router.folder, "maintain") as other:
        wait_for(acme._is_wanted_elsewhere)
        second = holding(router, "acme")
        wait_for(lambda: acme._changed._waiters)  # type: ignore[attr-defined]
        assert not second.inside
        first.leaves()
        assert other.hears() == "in"
        assert not second.inside
        other.told()
    second.enters()
    assert second.leaves() is None
    assert at_rest(acme)


def kill_once(router: Router, what: str, ready: Callable[[Child], bool]) -> None:
    """Kill another process that has a lease or maintains, or wants to, as soon as it is ready."""
    other = Child(OTHER, router.folder, what)
    try:
        wait_for(lambda: ready(other))
    finally:
        other.process.kill()
        other.process.communicate()


@pytest.mark.parametrize("what", ["lease", "maintain"])
def test_a_process_that_is_killed_leaves_no_lock(router: Router, acme: Home, what: str) -> None:
    """Its lease and its maintenance end with it; what it left lying of its intent is cleared away."""
    kill_once(router, what, lambda other: other.hears() == "in")
    assert os.path.exists(f"{acme.folder}/maintenance") == (what == "maintain")
    with touching(router, "acme"):
        Note.create(text="second")
    assert not os.path.exists(f"{acme.folder}/maintenance")
    assert at_rest(acme)


def test_a_process_that_is_killed_while_it_waits(router: Router, acme: Home) -> None:
    """Maintenance that was declared and never begun holds nobody up."""
    with touching(router, "acme"):
        kill_once(router, "maintain", lambda _: os.path.exists(f"{acme.folder}/maintenance"))
        assert holding(router, "acme").enters().leaves() is None
    assert at_rest(acme)


def test_an_intent_that_was_withdrawn_hides_no_other(router: Router, acme: Home) -> None:
    """Whoever locks a file that is no longer in the folder has declared nothing, and does so anew."""
    stale = acme._open("maintenance")
    os.unlink(f"{acme.folder}/maintenance")
    plain, given = acme._open, [stale]
    acme._open = lambda name: given.pop() if name == "maintenance" and given else plain(name)  # type: ignore[method-assign]
    with acme.maintaining(60):
        assert os.path.exists(f"{acme.folder}/maintenance")
    assert given == []
    assert at_rest(acme)


def test_a_folder_that_was_put_back_has_another_lock(router: Router, acme: Home) -> None:
    """A lock that was deleted with its folder locks nothing: the one that is there is taken."""
    with touching(router, "acme"):
        pass
    assert acme._descriptor >= 0
    os.unlink(f"{acme.folder}/lock")
    with touching(router, "acme"), child(MAINTAINS_IN_VAIN, router.folder):
        pass
    assert at_rest(acme)


MAINTAINS_IN_VAIN = """
import sys
from tenants import LockTimeout, Router
router = Router(sys.argv[1])
try:
    with router.maintaining("acme", patience=0.02):
        raise SystemExit("it was maintained although it is in use")
except LockTimeout:
    pass
router.close()
"""


def test_a_folder_that_is_gone(router: Router, acme: Home, tmp_path: Path) -> None:
    """The error names the tenant and says what to do."""
    router.universal.release()
    router.pool.close()
    os.rename(acme.folder, tmp_path / "aside")
    with pytest.raises(WrongFile, match="folder of acme can't be locked"), router.using("acme"):
        texts()
    with pytest.raises(WrongFile, match="folder of acme"), router.maintaining("acme"):
        pass
    os.rename(tmp_path / "aside", acme.folder)
    with touching(router, "acme"):
        pass
    assert at_rest(acme)


# Forks

FORKS = """
import os, sys
from notes import Note, child, texts
from tenants import LockTimeout, Router
router = Router(sys.argv[1])
other = Router(sys.argv[1])
def in_use():
    try:
        with other.maintaining("acme", patience=0.02):
            return False
    except LockTimeout:
        return True

entry = router.enter_here("acme")
texts()
reading, writing = os.pipe()
pid = os.fork()
if pid == 0:
    os.close(writing)
    home = router.homes.of(entry.tenant.id)
    code = 0 if home.leases() == 0 and home._descriptor == -1 and router.pool.leases() == 0 else 1
    router.leave(entry)
    os.read(reading, 1)
    os._exit(code)
os.close(reading)
assert in_use(), "the child has let go of the parent's lock"
router.leave(entry)
assert not in_use(), "the child holds the parent's lock"
os.close(writing)
assert os.waitpid(pid, 0)[1] == 0, "the child has leases of its parent's"
other.close()
router.close()
"""


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_neither_holds_nor_releases(router: Router, acme: Home) -> None:
    """The parent's lock is the parent's: it outlasts what the child does, and doesn't outlast the lease."""
    with child(FORKS, router.folder):
        pass
    assert at_rest(acme)


def test_many_threads_lease_and_maintain(router: Router, acme: Home) -> None:
    """Never both at once, and all of them come through."""
    router.pool.patience = 60
    wrong: list[str] = []
    inside = {"leases": 0, "maintenance": 0}

    def lease() -> None:
        for _ in range(50):
            with touching(router, "acme"):
                inside["leases"] += 1
                if inside["maintenance"]:
                    wrong.append("leased while it was maintained")
                inside["leases"] -= 1

    def maintain() -> None:
        for _ in range(10):
            with router.maintaining("acme", patience=60):
                inside["maintenance"] = 1
                if acme.leases():
                    wrong.append("maintained while it was leased")
                inside["maintenance"] = 0

    threads = [threading.Thread(target=work) for work in (lease, lease, lease, maintain, maintain)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert at_rest(acme)
