"""What is done to stores as their models change: a folder of numbered files for each role, run once in each store.

Whoever changes a model adds the next file to its store's folder, in the format of `playhouse.migrations`:
``up(migrator, db)``. It names tables and columns as they were at the time, and uses none of the models,
which go on changing. New stores are made from the models, so both ways have to lead to the same tables; a
test compares them. One that changes columns or rows of what is under seal ends with `seals.seal_all`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from models.checks.files import book_triggers, triggers
from models.registers import register_triggers
from tenants import Store

_HERE = Path(__file__).parent

FOLDERS: dict[str, Path] = {
    role: _HERE / role for role in ("books", "registers", "attachments", "universal")
}
"""Where the migrations of each role lie; `universal` are those of what belongs to no company."""

_GUARDS = {
    "books": partial(triggers, book_triggers),
    "registers": partial(triggers, register_triggers),
}


def unguarded(store: Store, connection: Any) -> Iterator[str]:
    """Yield which of the rules that the database itself keeps are missing from a store that was just migrated."""
    if store.role in _GUARDS:
        for fault in _GUARDS[store.role](connection):
            yield fault.message
