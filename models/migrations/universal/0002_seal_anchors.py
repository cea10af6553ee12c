"""The catalogue knows what the seals in each store come to."""

from typing import Any


def up(migrator: Any, db: Any) -> None:
    """Make the table."""
    db.execute_sql(
        'CREATE TABLE IF NOT EXISTS "seal_anchors" ("store_id" VARCHAR(26) NOT NULL PRIMARY KEY,'
        ' "changes" INTEGER NOT NULL, "total" VARCHAR(255) NOT NULL)'
    )
