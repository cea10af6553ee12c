"""The catalogue's tables, and how those of an older program become what this one wants."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .errors import StoreAhead

if TYPE_CHECKING:
    from .store import Store

# Each step makes of the catalogue before what the next version of this program wants; none is ever changed.
_STEPS = (
    (
        """CREATE TABLE tenant (
            id TEXT PRIMARY KEY, slug TEXT NOT NULL UNIQUE, created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE store (
            id TEXT PRIMARY KEY, owner TEXT NOT NULL REFERENCES tenant (id), role TEXT NOT NULL,
            generation INTEGER NOT NULL, url TEXT NOT NULL
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE tenant_store (
            tenant TEXT NOT NULL REFERENCES tenant (id), role TEXT NOT NULL, store TEXT NOT NULL REFERENCES store (id),
            PRIMARY KEY (tenant, role)
        ) STRICT, WITHOUT ROWID""",
    ),
    (
        "ALTER TABLE tenant ADD COLUMN state TEXT NOT NULL DEFAULT 'active'",
        "ALTER TABLE tenant ADD COLUMN reason TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE store ADD COLUMN schema TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE store ADD COLUMN trouble TEXT NOT NULL DEFAULT ''",
        """CREATE TABLE tombstone (
            id TEXT PRIMARY KEY, slug TEXT NOT NULL, purged_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
            backup TEXT NOT NULL DEFAULT ''
        ) STRICT, WITHOUT ROWID""",
        "CREATE TABLE catalogue (version INTEGER NOT NULL) STRICT",
        "INSERT INTO catalogue VALUES (0)",
    ),
    (
        # A store that others share outlives its owner's row, so `owner` can't refer to that any more.
        """CREATE TABLE store_3 (
            id TEXT PRIMARY KEY, owner TEXT NOT NULL, role TEXT NOT NULL, generation INTEGER NOT NULL,
            url TEXT NOT NULL, schema TEXT NOT NULL DEFAULT '', trouble TEXT NOT NULL DEFAULT '',
            UNIQUE (owner, role, generation)
        ) STRICT, WITHOUT ROWID""",
        "INSERT INTO store_3 (id, owner, role, generation, url, schema, trouble) "
        "SELECT id, owner, role, generation, url, schema, trouble FROM store",
        """CREATE TABLE tenant_store_3 (
            tenant TEXT NOT NULL REFERENCES tenant (id), role TEXT NOT NULL,
            store TEXT NOT NULL REFERENCES store_3 (id), PRIMARY KEY (tenant, role)
        ) STRICT, WITHOUT ROWID""",
        "INSERT INTO tenant_store_3 (tenant, role, store) SELECT tenant, role, store FROM tenant_store",
        "DROP TABLE tenant_store",
        "DROP TABLE store",
        "ALTER TABLE store_3 RENAME TO store",
        "ALTER TABLE tenant_store_3 RENAME TO tenant_store",
        "CREATE INDEX tenant_store_store ON tenant_store (store)",
        """CREATE TABLE purged_store (
            id TEXT PRIMARY KEY, owner TEXT NOT NULL, role TEXT NOT NULL, generation INTEGER NOT NULL,
            purged_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, backup TEXT NOT NULL,
            UNIQUE (owner, role, generation)
        ) STRICT, WITHOUT ROWID""",
    ),
    (
        # Files that a restore has replaced, kept until somebody says otherwise; `id` is the store's.
        """CREATE TABLE kept_store (
            id TEXT NOT NULL, owner TEXT NOT NULL, role TEXT NOT NULL, generation INTEGER NOT NULL,
            schema TEXT NOT NULL DEFAULT '', since TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, reason TEXT NOT NULL,
            PRIMARY KEY (owner, role, generation)
        ) STRICT, WITHOUT ROWID""",
        # Each backup that was made here: its manifest's SHA-256, what the application said of its contents (JSON),
        # where it is kept, and the bytes of its databases and of what is stored of them.
        """CREATE TABLE backup (
            tenant TEXT NOT NULL, stamp TEXT NOT NULL, digest TEXT NOT NULL, facts TEXT NOT NULL DEFAULT '{}',
            place TEXT NOT NULL DEFAULT '', bytes INTEGER NOT NULL DEFAULT 0, stored_bytes INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (tenant, stamp)
        ) STRICT, WITHOUT ROWID""",
        # How each tenant stands with its backups: what its files looked like as the last one was made.
        """CREATE TABLE backup_state (
            tenant TEXT PRIMARY KEY, signature TEXT NOT NULL DEFAULT '', failures INTEGER NOT NULL DEFAULT 0,
            error TEXT NOT NULL DEFAULT '', looked_at TEXT NOT NULL DEFAULT ''
        ) STRICT, WITHOUT ROWID""",
    ),
    # A kept file that was removed leaves its row, so that its generation is never given again.
    ("ALTER TABLE kept_store ADD COLUMN gone_at TEXT NOT NULL DEFAULT ''",),
    # Each tenant's last drill: whether its backup could be restored, and what was wrong (JSON).
    (
        """CREATE TABLE drill (
            tenant TEXT PRIMARY KEY, stamp TEXT NOT NULL, at TEXT NOT NULL, seconds REAL NOT NULL, faults TEXT NOT NULL
        ) STRICT, WITHOUT ROWID""",
    ),
)
_VERSION = (
    "SELECT CASE WHEN EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'catalogue') THEN -1 "
    "WHEN EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'tenant') THEN 1 ELSE 0 END"
)


def bring_up_to_date(universal: Store, rows: Callable[..., list[tuple]]) -> None:
    """Make of the catalogue what this program wants, each step once, whoever else starts at the same time.

    Args:
        universal: the shared store.
        rows: runs a query and returns its rows.

    Raises:
        StoreAhead: a newer program made it.
    """

    def version() -> int:
        found: int = rows(_VERSION)[0][0]
        if found < 0:
            found = rows("SELECT version FROM catalogue")[0][0]
        if found > len(_STEPS):
            raise StoreAhead(
                f"This data folder's catalogue is of version {found}, made by a newer program than this one, which "
                f"knows {len(_STEPS)}: install that program again. Nothing was changed."
            )
        return found

    def step_up() -> None:
        for step in _STEPS[version() :]:
            for statement in step:
                universal.execute_sql(statement)
        universal.execute_sql("UPDATE catalogue SET version = ?", (len(_STEPS),))

    # Asked first, so that a start waits for nobody who is writing.
    if version() < len(_STEPS):
        universal.write(step_up)
