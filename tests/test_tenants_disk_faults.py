"""A disk that fails where backups and restores work is told as that, and leaves nothing open and nothing written on."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backed_up import Site, site
from tenants import BackupFailed, ReadOnlyStore, TenantError, scratch, sqlite
from tenants.backups import copying
from tenants.backups.records import Records
from tenants.life import marks, steps
from tenants.scratch import scratch_folder
from tenants.testing import open_database_files

__all__ = ["site"]


def io_error() -> Exception:
    """What the driver raises where a disk fails."""
    error = sqlite.driver.OperationalError("disk I/O error")
    error.sqlite_errorcode = 10
    return error


def failing(make: Callable[[], Exception]) -> Callable[..., Any]:
    """A function that fails so, whatever it is given."""

    def fail(*args: Any, **named: Any) -> None:
        raise make()

    return fail


def bad_disk() -> OSError:
    return OSError(errno.EIO, "Input/output error", "/the/place")


def test_a_store_that_is_read_only_tells_the_fault_that_led_to_it(site: Site) -> None:
    """As the cause, without the frames of whoever met it."""
    store, fault = site.router.tenant("acme").store("books"), io_error()
    store.note(fault)
    with pytest.raises(ReadOnlyStore) as raised:
        store.require_writable()
    assert str(raised.value.__cause__) == "disk I/O error"
    assert raised.value.__cause__.__traceback__ is None


@pytest.mark.parametrize("code", [10, 13])
def test_a_store_whose_disk_fails_while_it_is_copied(
    site: Site, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """It isn't written any more; no room for its copy (13) is no fault of it. Both are told with their cause."""
    fault = io_error()
    fault.sqlite_errorcode = code  # type: ignore[attr-defined]
    monkeypatch.setattr(copying.copies, "copy", failing(lambda: fault))
    with pytest.raises(BackupFailed, match="No backup of acme") as raised:
        site.manager().backup_now("acme").require_good()
    assert raised.value.__cause__ is not None
    assert raised.value.__cause__.__cause__ is fault
    store = site.router.tenant("acme").store("books")
    assert store.read_only == ("an I/O error" if code == 10 else None)


def test_a_store_that_cannot_be_opened_to_be_copied(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the driver says as its file is opened counts, too."""
    store = site.router.tenant("acme").store("books")

    def fail(store: Any) -> None:
        raise sqlite.WrongFile("It can't be read.") from io_error()

    monkeypatch.setattr(type(store.engine), "open_to_look", lambda engine, store: fail(store))
    with pytest.raises(sqlite.WrongFile):
        store.open_to_look()
    assert store.read_only == "an I/O error"


@pytest.mark.parametrize("make", [io_error, bad_disk])
def test_a_run_that_cannot_read_the_catalogue(
    site: Site, monkeypatch: pytest.MonkeyPatch, make: Callable[[], Exception]
) -> None:
    """The error is ours, and has the disk's for its cause."""
    monkeypatch.setattr(Records, "signatures", failing(make))
    manager = site.manager()
    with pytest.raises(BackupFailed, match="Backups couldn't be made") as raised:
        manager.backup_now()
    assert isinstance(raised.value.__cause__, type(make()))
    assert manager.failures == 1


def test_a_restore_that_is_broken_off(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the disk fails in it, the error is ours, and nothing of it stays."""
    manager = site.manager()
    manager.backup_now().require_good()

    def reached(name: str) -> None:
        if name == "backup fetched":
            raise bad_disk()

    monkeypatch.setattr(steps, "reached", reached)
    with pytest.raises(BackupFailed, match="broken off: Input/output error at /the/place"):
        manager.restore("acme")
    assert not list(site.folder.glob("data/restoring/*"))


def test_a_mark_that_cannot_be_written(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store is replaced wholly or not at all; here not, and told in words."""
    manager = site.manager()
    manager.backup_now().require_good()
    before = site.texts("acme")
    monkeypatch.setattr(marks.Mark, "expect", failing(bad_disk))
    with pytest.raises(TenantError, match="The files of acme can't be put in place"):
        manager.restore("acme")
    assert site.texts("acme") == before


def test_a_folder_to_work_in_that_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says where, and no folder is left without its lock."""
    monkeypatch.setattr(scratch.fcntl, "flock", lambda *_: None)
    opened = os.open

    def fail(path: Any, *args: Any, **named: Any) -> int:
        if str(path).endswith("/lock"):
            raise bad_disk()
        return opened(path, *args, **named)

    monkeypatch.setattr(scratch.os, "open", fail)
    with (
        pytest.raises(TenantError, match=r"restoring can't be worked in"),
        scratch_folder(str(tmp_path), "restoring"),
    ):
        pass
    assert list((tmp_path / "restoring").iterdir()) == []


def test_a_folder_to_work_in_that_cannot_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The work is done all the same; its lock is closed, so that the next start removes the folder."""
    monkeypatch.setattr(scratch, "remove_folder", failing(bad_disk))
    with scratch_folder(str(tmp_path), "restoring") as folder:
        (Path(folder) / "half").touch()
    assert not [file for file in open_database_files() if str(tmp_path) in file]
    assert not [fd for fd in os.listdir("/proc/self/fd") if _leads_to(fd, folder)]
    assert "can't be removed" in caplog.text
    monkeypatch.undo()
    scratch.clear_dead(str(tmp_path), "restoring")
    assert not (tmp_path / "restoring").exists()


def _leads_to(descriptor: str, folder: str) -> bool:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}").startswith(folder)
    except FileNotFoundError:
        return False
