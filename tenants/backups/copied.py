"""A copy of a store as the application sees it: its models work on it as they are, in an entry of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import islice
from types import TracebackType
from typing import Any, NamedTuple

from .. import sqlite
from ..entries import fresh_thread_name
from ..opened import Connection
from ..router import Router
from ..store import Store
from ..tenant import Tenant
from . import examining
from .sensible import DEEPEST, are_sane


class Copy(NamedTuple):
    """A copy of a store.

    Attributes:
        name: what it is called among its unit's stores.
        path: its file, which nobody else has open.
        label: what people call the store.
        base: the full backup that changes can be told against, if there is one.
    """

    name: str
    role: str
    store: str
    owner: str
    generation: int
    path: str
    label: str
    base: dict[str, Any] | None = None

    @property
    def identity(self) -> sqlite.Identity:
        """What the copy has to say of itself."""
        return (self.store, self.owner, self.role, self.generation)

    def open(self) -> Any:
        """Open it to be read, and left as it is to the byte."""
        uri = sqlite.uri(self.path).replace("mode=rw", "mode=ro&immutable=1")
        connection = sqlite.driver.connect(
            uri, isolation_level=None, uri=True, check_same_thread=False, factory=Connection
        )
        found = os.lstat(self.path)
        connection.file = (found.st_dev, found.st_ino)
        connection.executescript(
            "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;"
        )
        return connection

    def faults(self, most: int) -> tuple[list[str], int]:
        """Return what SQLite finds wrong with it, and its schema's version."""
        try:
            with closing(self.open()) as connection:
                version = sqlite.require_identity(connection, self.identity, "the copy")
                said = connection.execute(f"PRAGMA integrity_check({most:d})").fetchall()
                found = [f"SQLite finds: {line}" for (line,) in said if line != "ok"]
                missing = islice(connection.execute("PRAGMA foreign_key_check"), most)
                found += [
                    f"row {row} of {table} refers to one of {parent} that isn't there"
                    for table, row, parent, _ in missing
                ]
                return found, version
        except (sqlite.driver.Error, sqlite.WrongFile) as error:
            return [f"it can't be read: {error}"], 0


class CopiedStore(Store):
    """A copy as a store of a tenant that nobody else knows of."""

    copy: Copy

    def open(self, any_version: bool = False) -> Any:
        connection = self.copy.open()
        self.database._add_conn_hooks(connection)
        return connection


class Scratch:
    """A router for entries of copies, made when it is first needed.

    Args:
        folder: a folder of its own.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._router: Router | None = None

    @property
    def router(self) -> Router:
        """The router."""
        if self._router is None:
            self._router = Router(f"{self.folder}/router")
        return self._router

    def close(self) -> None:
        """Close it."""
        if self._router is not None:
            self._router.universal.release(wholly=True)
            self._router.close()


class CopiedTenant:
    """`with CopiedTenant(…) as copied:` is in an entry of a tenant whose stores are copies.

    Args:
        scratch: where its router is.
        tenant, slug: whose copies.
        copies: of those stores that the tenant itself uses.
    """

    def __init__(self, scratch: Scratch, tenant: str, slug: str, copies: list[Copy]) -> None:
        self.router = scratch.router
        stores: dict[str, Store] = {}
        for copy in copies:
            if copy.name == copy.role:
                store = CopiedStore(self.router, *copy.identity, copy.path, copy.label)
                store.copy = copy
                store.trouble = "it is a copy of which a backup is made"
                stores[copy.role] = store
        self.tenant = Tenant(self.router, tenant, slug, stores)

    def __enter__(self) -> CopiedTenant:
        self._entry = self.router.enter((fresh_thread_name(), None), self.tenant)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.router.leave(self._entry)
        for store in self.tenant.stores.values():
            self.router.pool.close(store)

    def ask(self, check: str, most: int) -> list[str]:
        """Return what a check of the application finds wrong. One that stumbles has found that."""
        found: list[str] = []
        try:
            faults: Iterator[Any] = iter(examining.find(check)() or ())
            found += [str(fault) for fault in islice(faults, most)]
            if next(faults, None) is not None:
                found.append(f"and more that {check} finds")
        except Exception as error:  # noqa: BLE001 - damaged rows can make anything fail
            found.append(f"the check {check} stumbled: {type(error).__name__}: {error}")
        return [f"{self.tenant.slug}: {line}" for line in found]

    def describe(self, describe: str) -> dict[str, Any]:
        """Return what the application says of the copy's contents.

        Raises:
            ValueError: it isn't what JSON can hold.
        """
        facts = examining.find(describe)()
        with suppress(TypeError, ValueError):
            if (
                isinstance(facts, dict)
                and json.loads(json.dumps(facts)) == facts
                and are_sane(facts)
            ):
                return facts
        raise ValueError(
            f"{describe} returned no dictionary that JSON can hold, with whole numbers of 64 bits, nested {DEEPEST} "
            f"deep at most"
        )
