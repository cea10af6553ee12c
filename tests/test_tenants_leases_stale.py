"""An entry goes by what the catalogue says when it first touches a store, not by what it said before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from narrow_pool import COST, narrow_router
from notes import Note, texts
from tenants import (
    Router,
    TenantSuspended,
    UnknownTenant,
    WrongFile,
    current_store,
)
from tenants.leasing.budget import Budget
from threads import holding, wait_for


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[Router]:
    """A router with room for two tenants of one store."""
    with narrow_router(tmp_path / "data") as router:
        yield router


# What the catalogue says by then


def change(router: Router, sql: str, *params: object) -> None:
    """Change a row of the catalogue as another process would."""
    with router.notice.changing():
        router.universal_store.write(router.universal.execute_sql, sql, params)


def test_a_tenant_that_was_suspended_meanwhile(narrow: Router) -> None:
    """An entry that has touched nothing yet is refused, also where it waited for room; nothing is held by it."""
    narrow.pool.patience = 0
    with narrow.using("a"):
        change(narrow, "UPDATE tenant SET state = 'suspended', reason = 'unpaid' WHERE slug = 'a'")
        with pytest.raises(TenantSuspended, match="unpaid"):
            texts()
        assert narrow.pool.leases() == 0
    narrow.pool.patience = 60
    # Two entries that have looked at the catalogue, and this thread, which has too.
    narrow.pool.budget = Budget(2 * (COST + 3) + 3, 0)
    holders = [holding(narrow, slug).enters() for slug in "cd"]
    waiting = holding(narrow, "b")
    wait_for(lambda: narrow.pool.status().waiting == 1)
    change(narrow, "UPDATE tenant SET state = 'suspended' WHERE slug = 'b'")
    holders[0].leaves()
    assert isinstance(waiting.leaves(), TenantSuspended)
    assert holders[1].leaves() is None
    assert_nothing_held_but_warm(narrow)


def assert_nothing_held_but_warm(router: Router) -> None:
    """No lease and nobody waiting."""
    assert router.pool.leases() == router.pool.status().waiting == 0


def test_a_tenant_that_is_gone(narrow: Router) -> None:
    """Its warm connections aren't handed out."""
    with narrow.using("a"):
        tenant = narrow.tenant("a")
        change(narrow, "DELETE FROM tenant_store WHERE tenant = ?", tenant.id)
        change(narrow, "DELETE FROM store WHERE owner = ?", tenant.id)
        change(narrow, "DELETE FROM tenant WHERE id = ?", tenant.id)
        with pytest.raises(UnknownTenant):
            texts()


def test_a_store_that_was_replaced(narrow: Router) -> None:
    """The file of the old generation isn't read, warm as it is; the next entry looks for the new one."""
    with narrow.using("a"):
        assert texts() == ["a"]  # warm from here on
    with narrow.using("a"):
        old = current_store("books")
        place = f"tenants/{old.owner}/books.2.db"
        change(
            narrow,
            "UPDATE store SET generation = 2, url = ? WHERE id = ?",
            f"sqlite:///{place}",
            old.id,
        )
        with pytest.raises(WrongFile, match="a/books was replaced"):
            texts()
    assert old not in narrow.pool.warm.stores
    with pytest.raises(WrongFile, match=r"a/books is missing"), narrow.using("a"):
        texts()
    assert_nothing_held_but_warm(narrow)


def test_a_tenant_that_was_archived_meanwhile(narrow: Router) -> None:
    """An entry from before, which has touched nothing, may read and not write."""
    from tenants import ReadOnlyStore

    with narrow.using("a"):
        change(narrow, "UPDATE tenant SET state = 'archived' WHERE slug = 'a'")
        with pytest.raises(ReadOnlyStore, match="archived"):
            Note.create(text="late")
        assert texts() == ["a"]
