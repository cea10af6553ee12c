"""The budget is counted in file descriptors, follows the process's limit, and says what it would need."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from notes import Contact, Note, texts
from tenants import NoRoom, Router, TenantError
from tenants.leasing.budget import Budget


def limited(monkeypatch: pytest.MonkeyPatch, soft: int) -> None:
    """Let the process's limit be that."""
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (soft, resource.RLIM_INFINITY))


@pytest.mark.parametrize(
    ("soft", "total"), [(1024, 768), (256, 192), (20_000, 1000), (resource.RLIM_INFINITY, 1000)]
)
def test_it_follows_the_limit(monkeypatch: pytest.MonkeyPatch, soft: int, total: int) -> None:
    """Three quarters of what the process may open, and a thousand at most; an eighth is for nested entries."""
    limited(monkeypatch, soft)
    assert Budget.of() == Budget(total, total // 8)


def test_what_the_process_may_not_open_cant_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for sockets and logs must be left; both numbers are told."""
    limited(monkeypatch, 256)
    assert Budget.of(224).total == 224
    with pytest.raises(TenantError, match=r"225 file descriptors.* may open 256"):
        Budget.of(225)


@pytest.mark.parametrize("named", [True, False])
def test_too_little_for_any_tenant(monkeypatch: pytest.MonkeyPatch, named: bool) -> None:
    """It is refused at the start, with the number that is needed; that number is enough."""
    if not named:
        limited(monkeypatch, 8)
    with pytest.raises(TenantError, match=r"pool is to have 6 .* takes 7"):
        Budget.of(6 if named else None)


def test_too_little_for_one_tenant(tmp_path: Path) -> None:
    """Its first touch raises at once and names the number that is needed, which is enough; others are served."""
    router = Router(tmp_path / "data", descriptors=100)
    router.create("small", models=[Note])
    router.create("large", models=[Note, Contact])
    router.close()
    router = Router(tmp_path / "data", descriptors=9, patience=60)
    with (
        pytest.raises(NoRoom, match=r"has 9 .* too small for large: its 2 stores .* take 10"),
        router.using("large"),
    ):
        texts()
    with router.using("small"):
        Note.create(text="there")
    assert router.pool.leases() == router.pool.status().waiting == 0
    router.close()
    router = Router(tmp_path / "data", descriptors=10, patience=60)
    with router.using("large"):
        assert texts() == []
        assert Contact.select().count() == 0
    router.close()


def test_no_more_is_open_than_is_counted(tmp_path: Path) -> None:
    """What the kernel says is open of the data folder never exceeds what the pool says."""
    router = Router(tmp_path / "data", descriptors=40)
    for n in range(8):
        router.create(f"t{n}", models=[Note, Contact])
    router.universal.release()
    for n in range(8):
        with router.using(f"t{n}"):
            Note.create(text="x")
            Contact.create(name="y")
            other = router.tenant(f"t{(n + 1) % 8}").store("books")
            router.pool.close(
                other
            )  # SQLite leaves a file open as long as another connection has locks on it
            with other.get_connection():
                assert len(opened(tmp_path)) <= router.pool.status().used <= 40
        assert len(opened(tmp_path)) <= router.pool.status().used <= 40
    router.pool.close()
    assert (opened(tmp_path), router.pool.status().used) == ([], 0)
    router.close()


def opened(folder: Path) -> list[str]:
    """What this process has open of a folder, by descriptor, but for what each router has one of, whatever it serves.

    That is the catalogue's notice, which it maps, and the lock by which processes take turns at the shared database.
    """
    apart = (".notice", "universal.db.lock")
    found = []
    for descriptor in os.listdir("/proc/self/fd"):
        path = f"/proc/self/fd/{descriptor}"
        if os.path.lexists(path):
            found.append(os.readlink(path))
    return [path for path in found if path.startswith(f"{folder}/") and not path.endswith(apart)]
