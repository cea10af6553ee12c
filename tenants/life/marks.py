"""A mark says that a tenant's home is being changed: a file in `making/`, locked by whoever is at it.

What counts is always the catalogue: a home, or a store's file in it, that no row names is invisible, and one that a
row names is whole. The mark only says where such files may lie, so that nobody has to look through ten thousand homes;
and files are never taken for left-over merely because no row names them, as the catalogue may have been restored from
an older backup.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..errors import BadChange, TenantError
from ..places import (
    flush_folder,
    make_own_folder,
    open_own,
    relative_backup,
    relative_home,
    relative_mark,
    relative_path,
    remove_folder,
    remove_store,
)
from .steps import step

if TYPE_CHECKING:
    from ..router import Router


log = logging.getLogger("tenants")


class Mark:
    """`with Mark(router, owner, "purge"):` — whatever the catalogue doesn't name goes at the end, however that is.

    Should the process die in it, whoever recovers, or changes that home next, does the same.

    Args:
        router: the data folder.
        owner: the id of the tenant whose home is changed.
        change: what is done, for people.
        slug: what they call the tenant.
        stores: role and generation of the store files that come or go in the home.
        backup: the id under which a last backup is made of what is to be purged.
        lasting: it must outlive a power failure, too: what is left is more than lost room on the disk.

    Raises:
        BadChange: on entering, somebody else is changing that home.
        TenantError: on entering, the mark can't be written, or what somebody left can't be removed; nothing was
            changed. On leaving, what goes couldn't be removed; the change itself is done.
    """

    def __init__(
        self,
        router: Router,
        owner: str,
        change: str,
        slug: str,
        stores: list[tuple[str, int]] | None = None,
        backup: str = "",
        lasting: bool = False,
    ) -> None:
        self.router = router
        self.owner = owner
        self.slug = slug
        self.path = f"{router.path}/{relative_mark(owner)}"
        self.note = {"change": change, "slug": slug, "stores": stores or [], "backup": backup}
        self.lasting = lasting
        self._descriptor = -1

    def __enter__(self) -> Mark:
        try:
            self._make()
        except TenantError:
            raise  # that a lock wasn't had in time is an OSError, too
        except OSError as error:
            raise TenantError(
                f"{self.slug}: this can't be begun ({self.note['change']}: {error}); nothing was changed. Is there "
                f"room on the disk, and may this process write to the data folder?"
            ) from error
        return self

    def _make(self) -> None:
        make_own_folder(self.router.path, "making")
        while (descriptor := _lock(self.path, make=True)) is not None:
            if os.fstat(descriptor).st_size == 0:
                break
            settle(self.router, self.owner, descriptor)  # somebody died at it
        else:
            raise BadChange(
                f"{self.slug} is being changed by somebody else at this moment: nothing was done; try again then."
            )
        self._descriptor = descriptor
        try:
            os.write(descriptor, json.dumps(self.note).encode())
            if self.lasting:
                os.fsync(descriptor)
                flush_folder(os.path.dirname(self.path))
            step("marked")
        except BaseException:
            self.done()  # nothing was begun
            raise

    def expect(self, stores: list[tuple[str, int]]) -> None:
        """Note which store files come or go, where that wasn't known before the home was marked.

        Raises:
            OSError: it can't be written; nothing was begun.
        """
        note = json.dumps(self.note | {"stores": stores}).encode()
        # What is shorter, or cut short, reads as a note that names none: then no file has come yet.
        os.pwrite(self._descriptor, note, 0)
        os.ftruncate(self._descriptor, len(note))
        if self.lasting:
            os.fsync(self._descriptor)
        step("stores named")

    def done(self) -> None:
        """All is as the catalogue says: nothing needs to be looked for.

        Where the mark can't be removed it stays, and whoever comes to it next finds just that.
        """
        try:
            os.unlink(self.path)
        except OSError as error:
            log.warning(
                "%s: the mark of a change that is done stays for now (%s).", self.slug, error
            )
        os.close(self._descriptor)
        self._descriptor = -1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._descriptor < 0:
            return
        try:
            settle(self.router, self.owner, self._descriptor)
        except Exception as failure:
            # The mark stays, and recovery comes back to it. Where something else failed before, that is to be told.
            if error is None:
                raise TenantError(
                    f"{self.slug}: this is done ({self.note['change']}), but what is left of its files can't be "
                    f"removed yet ({failure}). See to that; it is tried again at the next start."
                ) from failure


def _lock(path: str, make: bool = False) -> int | None:
    """Open a mark and lock it. Returns its descriptor; None where somebody is at it, or it is gone."""
    while True:
        try:
            descriptor = open_own(path, make)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), os.lstat(path)):
                    return descriptor
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # whoever had it before was done with it: it is another file by now


def lock_left(router: Router, owner: str) -> int | None:
    """Lock a mark that somebody left. Returns its descriptor for `settle`; None where somebody is at it."""
    return _lock(f"{router.path}/{relative_mark(owner)}")


def settle(router: Router, owner: str, descriptor: int) -> str:
    """Remove what the catalogue doesn't name of a marked home, then the mark, and close it. Returns what was done.

    It may be cut short itself, and begun again.

    Args:
        router: the data folder.
        owner: whose home it is.
        descriptor: the locked mark.
    """
    try:
        note = _read(descriptor)
        done = _settle(router, owner, note)
        os.unlink(f"{router.path}/{relative_mark(owner)}")
        return done
    finally:
        os.close(descriptor)


def _read(descriptor: int) -> dict[str, Any]:
    with suppress(ValueError):
        note = json.loads(os.pread(descriptor, 1 << 20, 0))
        if isinstance(note, dict):
            return note
    return {}  # it was cut short before anything else was done


# What a replacement has kept stays until somebody discards it.
_NAMED = (
    "SELECT role, generation FROM store WHERE owner = ?1 "
    "UNION SELECT role, generation FROM kept_store WHERE owner = ?1 AND gone_at = ''"
)


def _settle(router: Router, owner: str, note: dict[str, Any]) -> str:
    # A connection of its own: this thread's may be in the middle of rows, and see the catalogue as it was.
    with router.universal_store.get_connection() as catalogue:
        known = catalogue.execute("SELECT 1 FROM tenant WHERE id = ?", (owner,)).fetchone()
        named = set(catalogue.execute(_NAMED, (owner,)))
        backed_up = note.get("backup") or ""
        is_there = catalogue.execute(
            "SELECT EXISTS (SELECT 1 FROM tenant WHERE id = ?1) OR EXISTS (SELECT 1 FROM store WHERE id = ?1)",
            (backed_up,),
        ).fetchone()[0]
    home = f"{router.path}/{relative_home(owner)}"
    label, change = note.get("slug") or owner, note.get("change") or "change"
    if known is None and not named:
        remove_folder(home)
        _flush(os.path.dirname(home))
        outcome = f"what is left of {label} was removed"
    else:
        for role, generation in note.get("stores") or []:
            if (role, generation) not in named:
                remove_store(f"{router.path}/{relative_path(owner, role, generation)}")
                _remove_snapshots(f"{home}/snapshots", f"{role}.{generation}.")
                step("store removed")
        _flush(home)
        outcome = f"{label} is as the catalogue says"
    step("home settled")
    if backed_up:
        backup = f"{router.path}/{relative_backup(backed_up)}"
        remove_folder(f"{backup}.part")
        if is_there:  # then it isn't the last one
            remove_folder(backup)
        _flush(os.path.dirname(backup))
    step("backup settled")
    return f"{change}: {outcome}"


def _flush(folder: str) -> None:
    """See that what was removed stays so: in a power failure the mark could go, and come back what it led to."""
    with suppress(FileNotFoundError):
        flush_folder(folder)


def _remove_snapshots(folder: str, prefix: str) -> None:
    """Remove what migrations keep of a store as it was before."""
    with suppress(FileNotFoundError):
        for name in os.listdir(folder):
            if name.startswith(prefix):
                os.unlink(f"{folder}/{name}")
