"""Where files are prepared that are to become stores: fetched or copied, brought up, looked at; gone at the end."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .. import sqlite
from ..confined import Limits, Report, copy_rows
from ..engines import FILES
from ..errors import BackupFailed, RefusedFile, TenantError
from ..life import copies
from ..life.placing import make_ready
from ..life.steps import step
from ..scratch import RESTORING, scratch_folder
from ..store import Store
from ..tenant import Tenant, new_id
from . import copying
from .disk_words import told
from .examining import Examiner

if TYPE_CHECKING:
    from ..confined import Template
    from ..router import Router
    from .backup import Backup
    from .reading import Reader


class Workshop:
    """`with Workshop(…) as shop:` has a folder of its own within the data folder, and a process that looks at files.

    Args:
        router: the data folder.
        checks, describe: the application's functions for copies, by name.
    """

    def __init__(self, router: Router, checks: Sequence[str], describe: str | None) -> None:
        self.router = router
        self._kept = ExitStack()
        self._asked = (checks, describe)

    def __enter__(self) -> Workshop:
        self.folder = self._kept.enter_context(scratch_folder(self.router.path, RESTORING))
        self._examiner = Examiner(self.folder, *self._asked, None)
        self._kept.callback(self._examiner.close)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._kept.close()
        if isinstance(error, OSError) and not isinstance(error, TenantError):
            raise BackupFailed(f"This was broken off: {told(error)}") from error

    def room(self) -> str:
        """Return a new, empty folder."""
        path = f"{self.folder}/{new_id()}"
        os.mkdir(path, mode=0o700)
        return path

    # Getting files

    def fetch(self, reader: Reader, backup: Backup) -> dict[str, str]:
        """Return the paths of a backup's databases by name, each proven to be what was copied."""
        found = reader.fetch(backup, self.room())
        step("backup fetched")
        return {name: str(path) for name, path in found.items()}

    def rows(
        self,
        files: Mapping[str, str | Path],
        owner: str,
        template: Template | None,
        limits: Limits | None,
    ) -> tuple[dict[str, str], dict[str, Report]]:
        """Copy the rows of files that may be anybody's into stores of ours; return those, and what was copied.

        Args:
            files: by role.
            owner: the id of the tenant whose they are to be.
            template: what stores of this program begin as.
            limits: how much may be read.

        Raises:
            RefusedFile: one isn't taken, or holds values of another kind than its columns are for.
        """
        if template is None:
            raise RefusedFile(
                "Nothing vouches for what was offered, so only its rows may be taken, into a fresh store of this "
                "program: say what those are like (`template`)."
            )
        patterns = template.patterns(self.router, files, self.room())
        copied, reports = {}, {}
        for role, offered in files.items():
            target = f"{self.room()}/{role}.db"
            reports[role] = copy_rows(offered, patterns[role], target, limits)
            _require_no_odd(offered, reports[role])
            _give(target, owner)
            copied[role] = target
            step("rows copied")
        return copied, reports

    def current(self, tenant: Tenant | None, but: Collection[str]) -> dict[str, str]:
        """Copy a tenant's own stores as they are now, but for some roles, and return the copies' paths by role."""
        own = [s for s in tenant.own_stores() if s.role not in but] if tenant is not None else []
        own = [store for store in own if store.engine is FILES]
        if not own:
            return {}
        return dict(zip([s.role for s in own], copying.copy(own, self.room()), strict=True))

    def copy(self, store: Store) -> str:
        """Copy a store that nobody uses, log and all, and return the copy's path."""
        path = f"{self.room()}/{store.role}.db"
        try:
            with closing(store.open_to_look()) as connection:
                copies.copy(connection, path)
        except (OSError, sqlite.driver.Error) as error:
            if isinstance(error, TenantError):
                raise
            raise BackupFailed(
                f"{store.label} can't be copied to {path} ({error}): is there room on that disk?"
            ) from error
        return path

    # Looking at them

    def bring_up(self, files: Mapping[str, str], slug: str) -> None:
        """Look whether files are sound, and bring them to the program's schema.

        Raises:
            WrongFile, StoreAhead, MigrationFailed: one isn't, or can't be.
        """
        for path in files.values():
            identity = identity_of(path)
            make_ready(Store(self.router, *identity, path, f"{slug}/{identity[2]}"))
            step("file brought up")

    def look(
        self, files: Mapping[str, str], slug: str, enter: bool = True
    ) -> tuple[list[str], dict[str, Any]]:
        """Return what is wrong with files that are closed, by SQLite and the application; and facts of their contents.

        Args:
            files: by name; those named by their role are one tenant's stores.
            slug: what people call it.
            enter: ask the application, too.
        """
        told = [_question(name, path, slug) for name, path in sorted(files.items(), key=_order)]
        # Whoever the files say owns them: nobody else's folder is locked for an entry of theirs.
        question = {
            "look": True, "tenant": told[0]["owner"], "slug": slug, "stamp": "", "folder": "", "enter": enter,
            "unless": None, "copies": told,
        }  # fmt: skip
        answer = self._examiner.examine(question)
        if answer.get("error"):
            raise BackupFailed(f"The files of {slug} can't be looked at: {answer['error']}")
        step("files looked at")
        return answer.get("faults") or [], answer.get("facts") or {}


def identity_of(path: str) -> sqlite.Identity:
    """Return what a closed file says of itself. Raises `BackupFailed` where it says nothing."""
    uri = sqlite.uri(path).replace("mode=rw", "mode=ro&immutable=1")
    try:
        with closing(sqlite.driver.connect(uri, uri=True)) as file:
            row = file.execute(
                "SELECT store, owner, role, generation FROM store_identity"
            ).fetchone()
    except sqlite.driver.Error as error:
        raise BackupFailed(f"{path} doesn't say which store it is ({error}).") from error
    store, owner, role, generation = row
    return store, owner, role, generation


def _question(name: str, path: str, slug: str) -> dict[str, Any]:
    store, owner, role, generation = identity_of(path)
    return {
        "name": name, "role": role, "store": store, "owner": owner, "generation": generation, "path": path,
        "label": f"{slug}/{name}", "base": None,
    }  # fmt: skip


def _give(path: str, owner: str) -> None:
    """Let a file of ours that is closed say whose it is."""
    with closing(sqlite.driver.connect(sqlite.uri(path), isolation_level=None, uri=True)) as file:
        file.execute("PRAGMA journal_mode = MEMORY")
        file.execute("UPDATE store_identity SET owner = ?", (owner,))


def _order(item: tuple[str, str]) -> tuple[bool, str]:
    return item[0] != "books", item[0]


def _require_no_odd(offered: str | Path, report: Report) -> None:
    if report.odd:
        told = ", ".join(f"{column} ({number})" for column, number in list(report.odd.items())[:5])
        raise RefusedFile(
            f"{offered} isn't taken: columns in it hold values of another kind than they are for: {told}."
        )


def require_sound(faults: Iterable[str], what: str, error: type[TenantError]) -> None:
    """Raise an error that tells what is wrong, where anything is."""
    listed = list(faults)
    if listed:
        raise error(f"{what} isn't sound, so that nothing was changed: {'; '.join(listed[:5])}")
