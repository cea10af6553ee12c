"""When a company's books were set back is on record, as what was known of their chain may not hold since."""

from typing import Any


def up(migrator: Any, db: Any) -> None:
    """Make the table."""
    db.execute_sql(
        'CREATE TABLE IF NOT EXISTS "restorations" ("id" INTEGER NOT NULL PRIMARY KEY,'
        ' "tenant_id" VARCHAR(26) NOT NULL,'
        ' "at" VARCHAR(255) NOT NULL, "roles" VARCHAR(255) NOT NULL, "source" VARCHAR(255) NOT NULL,'
        ' "count" INTEGER NOT NULL,'
        ' "head" VARCHAR(255) NOT NULL, "lost_count" INTEGER NOT NULL, "lost_head" VARCHAR(255) NOT NULL,'
        ' "by" VARCHAR(255) NOT NULL)'
    )
    db.execute_sql(
        'CREATE INDEX IF NOT EXISTS "restoration_tenant_id" ON "restorations" ("tenant_id")'
    )
