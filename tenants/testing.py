"""Pytest fixtures for applications on `tenants`: a detector of what tests leave behind, and two tenants to keep apart.

A `conftest.py` takes them in by `pytest_plugins = ["tenants.testing"]`, and says which models there are:

    @pytest.fixture
    def tenant_models():
        return [Note, Remark]

- `nothing_left_behind` fails a test that leaves an entry, a lease, a transaction, a router, a thread or an open file of
  a database. For all tests: `usefixtures = nothing_left_behind` in pytest's configuration.
- `tenant_router` is a router on an empty folder, closed at the end.
- `two_tenants` has two tenants with your models, and `assert_isolated`, which tries an action within each.

This is the only module of `tenants` that imports pytest, and nothing else in it imports this one.
"""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from peewee import Model

from . import routers
from .current import UNIVERSAL, current_entry
from .errors import NoTenant, WrongTenant
from .router import Router
from .tenant import Tenant

_DATABASE_ENDINGS = (".db", ".db-wal", ".db-shm", ".db-journal", ".lock", "/lock", "/maintenance")


def open_database_files() -> set[str]:
    """Paths of the database files that this process has open, by what the kernel says; none where it doesn't say."""
    found: set[str] = set()
    descriptors = Path("/proc/self/fd")
    for descriptor in descriptors.iterdir() if descriptors.is_dir() else ():
        try:
            path = os.readlink(descriptor)
        except OSError:  # the descriptor that listed the folder is gone by now
            continue
        if path.removesuffix(" (deleted)").endswith(_DATABASE_ENDINGS):
            found.add(path)
    return found


class Surroundings:
    """What there is at one moment: open routers, their entries and leases, transactions, threads, open files."""

    def __init__(self) -> None:
        self.routers = set(routers.open_ones())
        self.entries = {
            (router, key)
            for router in self.routers
            for key in list(router.db_dict)
            if key != UNIVERSAL
        }
        self.leases = {
            (router, lease.key) for router in self.routers for lease in router.pool.status().leases
        }
        self.transactions = {r for r in self.routers if r.universal.in_transaction()}
        self.threads = set(threading.enumerate())
        self.files = open_database_files()
        self.current = current_entry()


def left_behind(before: Surroundings) -> list[str]:
    """Say what there is now that wasn't there before, one line each.

    Files of a router that was open before aren't counted: a module's own server keeps its connections warm.
    """
    for thread in set(threading.enumerate()) - before.threads:
        thread.join(timeout=5)  # one that is on its way out may finish
    after = Surroundings()
    if after.routers - before.routers or after.files - before.files:
        gc.collect()  # what only a reference cycle still holds is garbage
        after = Surroundings()
    elders = tuple(f"{router.folder}/" for router in before.routers)
    found = [f"entry {key} of {router}" for router, key in after.entries - before.entries]
    found += [f"lease {key} of {router}" for router, key in after.leases - before.leases]
    found += [
        f"transaction on the shared database of {router}"
        for router in after.transactions - before.transactions
    ]
    found += [f"open router {router.folder}" for router in after.routers - before.routers]
    found += [f"thread {thread.name}" for thread in after.threads - before.threads]
    found += [f"open file {f}" for f in after.files - before.files if not f.startswith(elders)]
    if after.current is not None and after.current is not before.current:
        found.append(f"current entry {after.current}")
    return sorted(found)


@pytest.fixture
def nothing_left_behind() -> Iterator[None]:
    """Fails a test that leaves an entry or its lease, a transaction, a router, a thread or an open database file."""
    before = Surroundings()
    yield
    found = left_behind(before)
    if found:
        pytest.fail("The test left behind: " + ", ".join(found), pytrace=False)


@pytest.fixture
def tenant_models() -> list[type[Model]]:
    """The application's models that declare a store: to be overridden."""
    pytest.fail(
        "Say which models your tenants have: define a fixture `tenant_models` in conftest.py that returns them.",
        pytrace=False,
    )


@pytest.fixture
def tenant_router(tmp_path: Path) -> Iterator[Router]:
    """A router on an empty data folder, closed when the test ends."""
    router = Router(tmp_path / "tenants")
    yield router
    router.universal.release(wholly=True)
    router.close()


@pytest.fixture
def two_tenants(tenant_router: Router, tenant_models: Iterable[type[Model]]) -> TwoTenants:
    """Two tenants, `first` and `second`, with empty tables of the same models."""
    return TwoTenants(tenant_router, list(tenant_models))


class TwoTenants:
    """Two tenants that must not see each other's rows.

    Args:
        router: where they are made.
        models: models that declare a store.

    Attributes:
        first, second: the tenants.
    """

    def __init__(self, router: Router, models: list[type[Model]]) -> None:
        self.router = router
        self.models = models
        self.first = router.create("first", models=models)
        self.second = router.create("second", models=models)

    def assert_isolated(
        self, take: Callable[[], Any], use: Callable[[Any], Any], anywhere: bool = False
    ) -> None:
        """Fail unless what the first tenant's `take` returns can be used by the first tenant alone.

        `use` must go through in an entry of the first tenant, and raise `WrongTenant` or `NoTenant`, changing no row,
        in an entry of the second, and where there is none. All that the two do to the tenants' stores is rolled back.

        Args:
            take: gets something of the first tenant: a row, a query, a cursor.
            use: does something with it.
            anywhere: it needn't be refused where there is no entry, as for what only compares or reads values.
        """
        before = self.rows()
        with self.router.using(self.first), self._undone(self.first):
            use(take())
        with self.router.using(self.first), self._undone(self.first):
            thing = take()
            with self.router.using(self.second), self._undone(self.second):
                self._require_refused(use, thing, "in an entry of another tenant")
        if not anywhere:
            with self.router.using(self.first), self._undone(self.first):
                thing = take()
            self._require_refused(use, thing, "without an entry")
        if self.rows() != before:
            pytest.fail("It was refused, and yet it has changed rows.", pytrace=False)

    @staticmethod
    def _require_refused(use: Callable[[Any], Any], thing: Any, where: str) -> None:
        try:
            result = use(thing)
        except (NoTenant, WrongTenant):
            return
        pytest.fail(f"It went through {where}, and gave {result!r}.", pytrace=False)

    def rows(self) -> dict[str, dict[str, list[tuple[Any, ...]]]]:
        """Return every row of every model, by tenant and model."""
        found: dict[str, dict[str, list[tuple[Any, ...]]]] = {}
        for tenant in (self.first, self.second):
            with self.router.using(tenant):
                found[tenant.slug] = {
                    model.__name__: sorted(model.select().tuples(), key=repr)
                    for model in self.models
                }
        return found

    @staticmethod
    @contextmanager
    def _undone(tenant: Tenant) -> Iterator[None]:
        """Roll back at the end what the block does to the tenant's stores."""
        with ExitStack() as stack:
            for store in tenant.stores.values():
                transaction = stack.enter_context(store.database.atomic())
                stack.callback(transaction.rollback)
            yield
