"""One trial of a failing disk: the deed, what its error says, what is left, and whether it can be done then."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from peewee import PeeweeException

from models.check import check_company
from models.errors import BooksError
from tenants import ReadOnlyStore, Router, Tenant, TenantError, sqlite
from tenants.testing import open_database_files

from . import driver_connection
from .injecting import Fault, Injector
from .write_paths import BY, PATHS, NotDone, make, open_router, summary, voucher

_DISK = {10, 11, 13, 14, 26}
"""SQLite's primary result codes for what a disk does: I/O, damage, full, can't open, no database."""


class Done:
    """What came of a deed.

    Attributes:
        told: the error that was raised, or None.
        wrong: what is wrong with it, or with what the stores are like after it.
    """

    def __init__(self) -> None:
        self.told: str | None = None
        self.wrong: list[str] = []


def outcomes(name: str, folder: Path, lay: Callable[[], Path]) -> tuple[str, str]:
    """Make what is there before a deed, once; return what there is before and after it on a disk that works."""
    path = PATHS[name]
    make(folder, path)
    place = lay()
    before = _summary(place, path.migrating)
    router = open_router(place, migrating=path.migrating)
    path.deed(router)
    _close(router)
    after = _summary(place, path.migrating)
    return before, after


def _summary(place: Path, migrating: bool) -> str:
    router = open_router(place, migrating=migrating)
    try:
        return summary(router)
    finally:
        _close(router)


def _close(router: Router) -> None:
    router.universal.release(wholly=True)
    router.close()


def deed_of(name: str, place: Path, injector: Injector, fault: Fault, n: int) -> Done:
    """Do a deed while the disk fails at the nth call of a kind."""
    path, done = PATHS[name], Done()
    router = open_router(place, migrating=path.migrating)
    injector.disarm()
    injector.arm(fault, n)
    try:
        path.deed(router)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, it is judged
        done.told = f"{type(error).__name__}: {error}"
        done.wrong += _faults_of(error, name)
        _require_read_only(router, error, injector, done)
    finally:
        injector.heal()
    try:
        _close(router)
    except Exception as error:  # noqa: BLE001 - likewise
        done.wrong.append(f"the router can't be closed: {type(error).__name__}: {error}")
    left = {file for file in open_database_files() if file.startswith(str(place))}
    if left:
        done.wrong.append(f"left open: {sorted(left)}")
    return done


def _faults_of(error: BaseException, name: str) -> Iterator[str]:
    """What is wrong with an error as it reaches whoever asked for the deed."""
    ours = (TenantError, BooksError, PeeweeException, NotDone)
    # Scripts that ask for a connection of the driver's get its errors.
    if not isinstance(error, (*ours, sqlite.driver.Error) if name == "checkpoint" else ours):
        yield f"{type(error).__name__} reached the caller: {error}"
    if "transaction is active" in str(error) or "cannot rollback" in str(error):
        yield f"the error of the rollback was told: {error}"
    by_name = isinstance(error, NotDone) or " disk " in str(error)
    if not by_name and not any(map(_is_of_the_disk, _chain(error))):
        yield f"the disk isn't among the causes of {type(error).__name__}: {error}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _is_of_the_disk(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.EIO, errno.ENOSPC)
    return sqlite.primary_code(error) in _DISK


def _require_read_only(
    router: Router, error: BaseException, injector: Injector, done: Done
) -> None:
    """After a fault that SQLite told of the books, or of the catalogue, those aren't written any more."""
    codes = {sqlite.primary_code(one) for one in _chain(error)} & {10, 13}
    path = injector.path or ""
    if not codes or "/trial/data/" not in path:
        return
    injector.heal()
    if "universal.db" in path:
        if router.universal_store.read_only is None:
            done.wrong.append("the catalogue isn't read-only after a fault")
        return
    with suppress(TenantError):
        store = router.tenant("acme").store("books")
        if not path.startswith(store.path):
            return
        if store.read_only is None:
            done.wrong.append("the books aren't read-only after a fault")
        try:
            with router.using("acme"):
                from models.posting import post_input

                post_input(voucher(7), by=BY)
        except ReadOnlyStore:
            return
        done.wrong.append("the books were written after a fault")


def examine(name: str, place: Path, expected: tuple[str, str], done: Done) -> Iterator[str]:
    """What is wrong after a new start on a disk that works again."""
    path = PATHS[name]
    before, after = expected
    usual, driver_connection.vfs = driver_connection.vfs, None
    try:
        router = open_router(place, migrating=path.migrating)
        try:
            router.recover()
            found = summary(router)
            if not _is_whole(found, before, after, path.migrating):
                yield f"neither whole nor absent: {found}, and not {before} or {after}"
            if done.told is None and found != after:
                yield f"it was done, and isn't there: {found}"
            if found != after:  # what was damaged before stays so
                path.deed(router)
                again = summary(router)
                if again != after:
                    yield f"done again it isn't as it should be: {again}"
            router.pool.close()
            yield from _faults_of_books(router, place.parent / name)
        except Exception as error:  # noqa: BLE001 - likewise
            yield f"after a new start: {type(error).__name__}: {error}"
        finally:
            _close(router)
    finally:
        driver_connection.vfs = usual


def _is_whole(found: str, before: str, after: str, each: bool) -> bool:
    """Whether there is what was before, or what is after; with `each`, of each company for itself."""
    if not each:
        return found in (before, after)
    was, becomes = json.loads(before), json.loads(after)
    return all(what in (was[one], becomes[one]) for one, what in json.loads(found).items())


def _faults_of_books(router: Router, before: Path) -> Iterator[str]:
    """What the check finds, but in companies whose files are still, byte for byte, what they were before the deed."""
    for tenant in router.tenants():
        if tenant.state != "suspended" and not _is_untouched(tenant, before):
            yield from (str(finding) for finding in check_company(router, tenant))


def _is_untouched(tenant: Tenant, before: Path) -> bool:
    for store in tenant.stores.values():
        then = before / Path(store.path).relative_to(tenant.router.folder.parent)
        if Path(f"{store.path}-wal").exists() or not then.exists():
            return False
        if Path(store.path).read_bytes() != then.read_bytes():  # nobody has it open
            return False
    return True
