"""Guards that a trial can do without, to see that it finds what they prevent."""

from __future__ import annotations

from typing import Any

from tenants.connections import ConnectionState
from tenants.store import Store


def switch_off(name: str) -> None:
    """Take a guard out of this process."""
    if name == "read-only after a fault":
        Store.note = lambda store, error: None  # type: ignore[method-assign]
    elif name == "the first error":
        ConnectionState.rollback = _rollback  # type: ignore[method-assign]
    else:
        raise ValueError(f"There is no guard {name!r}.")


def _rollback(state: Any) -> None:
    """Roll back as one would who doesn't know that SQLite has done so already."""
    state.run("ROLLBACK")
    state.unlock()
