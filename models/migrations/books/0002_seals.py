"""What is under seal from now on is sealed as it is."""

from typing import Any

from models.seals import seal_all

TABLES = (
    'CREATE TABLE "seals" ("subject" VARCHAR(255) NOT NULL, "key" VARCHAR(255) NOT NULL,'
    ' "digest" VARCHAR(255) NOT NULL, PRIMARY KEY ("subject", "key")) WITHOUT ROWID',
    'CREATE TABLE "seal_state" ("id" INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),'
    ' "changes" INTEGER NOT NULL, "total" VARCHAR(255) NOT NULL)',
)


def up(migrator: Any, db: Any) -> None:
    """Make the tables of seals, and seal every row."""
    for statement in TABLES:
        db.execute_sql(statement)
    seal_all(db.execute_sql, "books", last_id(db))


def last_id(db: Any) -> int:
    """The last id that a draft can have been given."""
    row = db.execute_sql("SELECT last_voucher_id FROM ledger_state").fetchone()
    return 0 if row is None else int(row[0])
