"""What has become of jobs is counted."""

from typing import Any


def up(migrator: Any, db: Any) -> None:
    """Make the table, and an index by which jobs on record are counted."""
    db.execute_sql(
        'CREATE TABLE IF NOT EXISTS "job_tallies" ("kind" VARCHAR(40) NOT NULL, "what" VARCHAR(10) NOT NULL,'
        ' "step" VARCHAR(12) NOT NULL, "number" INTEGER NOT NULL, "seconds" REAL NOT NULL,'
        ' PRIMARY KEY ("kind", "what", "step"))'
    )
    db.execute_sql('CREATE INDEX IF NOT EXISTS "job_kind_state" ON "jobs" ("kind", "state")')
