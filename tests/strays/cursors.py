"""Databases, cursors and transactions that were taken elsewhere."""

from __future__ import annotations

from .table import use

use(
    "a database taken before",
    "database",
    lambda m: m.Item._meta.database,
    lambda m, db: db.execute_sql("SELECT text FROM item ORDER BY id").fetchall(),
)
use(
    "write to a database taken before",
    "database",
    lambda m: m.Item._meta.database,
    lambda m, db: db.execute_sql("UPDATE item SET amount = 7").rowcount,
)
use(
    "a transaction made before",
    "database",
    lambda m: m.Item._meta.database.atomic(),
    lambda m, transaction: transaction.__enter__() and transaction.__exit__(None, None, None),
)
for _name, _how in {
    "one": lambda m, c: c.fetchone(),
    "some": lambda m, c: c.fetchmany(2),
    "all": lambda m, c: c.fetchall(),
    "next": lambda m, c: next(c),
    "loop": lambda m, c: list(c),
    "execute": lambda m, c: c.execute("SELECT 1").fetchone(),
}.items():
    use(
        f"a cursor taken before: {_name}",
        "cursor",
        lambda m: m.Item._meta.database.execute_sql("SELECT text FROM item ORDER BY id"),
        _how,
    )
