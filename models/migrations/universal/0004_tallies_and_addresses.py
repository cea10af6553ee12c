"""What has become of jobs is counted, and users may have an address for e-mail."""

from typing import Any


def up(migrator: Any, db: Any) -> None:
    """Make the table, an index by which jobs on record are counted, and the column."""
    db.execute_sql(
        'CREATE TABLE IF NOT EXISTS "job_tallies" ("kind" VARCHAR(40) NOT NULL, "what" VARCHAR(10) NOT NULL,'
        ' "step" VARCHAR(12) NOT NULL, "number" INTEGER NOT NULL, "seconds" REAL NOT NULL,'
        ' PRIMARY KEY ("kind", "what", "step"))'
    )
    db.execute_sql('CREATE INDEX IF NOT EXISTS "job_kind_state" ON "jobs" ("kind", "state")')
    columns = {row[1] for row in db.execute_sql('PRAGMA table_info("user")').fetchall()}
    if columns and "email" not in columns:  # a folder that no application has used has no users yet
        db.execute_sql('ALTER TABLE "user" ADD COLUMN "email" VARCHAR(254) DEFAULT \'\' NOT NULL')
