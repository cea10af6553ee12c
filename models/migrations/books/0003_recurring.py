"""Templates of recurring vouchers, and what was made of them; both begin empty, so that there is nothing to seal."""

from typing import Any

TABLES = (
    'CREATE TABLE "recurring_vouchers" ("stid" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "version" INTEGER NOT NULL,'
    ' "name" VARCHAR(255) NOT NULL, "book_stid" INTEGER NOT NULL, "date_rule" VARCHAR(255) NOT NULL CHECK (date_rule IN'
    " ('same_day', 'month_start', 'month_end', 'previous_month_end', 'next_month_start', 'next_month_end')),"
    ' "text" TEXT NOT NULL, "reference" VARCHAR(255) NOT NULL, "language" VARCHAR(255) NOT NULL CHECK (language IN'
    ' (\'en\', \'th\')), "posts" INTEGER NOT NULL, "lines" TEXT NOT NULL, "changed_by" VARCHAR(255) NOT NULL,'
    ' "changed_by_name" VARCHAR(255) NOT NULL, "changed_at" INTEGER NOT NULL,'
    ' FOREIGN KEY ("book_stid") REFERENCES "journal_books" ("stid"))',
    'CREATE TABLE "recurring_runs" ("key" VARCHAR(255) NOT NULL PRIMARY KEY, "template_stid" INTEGER NOT NULL,'
    ' "slot" DATE NOT NULL, "voucher_id" INTEGER NOT NULL, "posted" INTEGER NOT NULL, "made_by" VARCHAR(255) NOT NULL,'
    ' "made_by_name" VARCHAR(255) NOT NULL, "made_at" INTEGER NOT NULL)',
    'CREATE INDEX "recurringrun_template_stid_slot" ON "recurring_runs" ("template_stid", "slot")',
)


def up(migrator: Any, db: Any) -> None:
    """Make the tables."""
    for statement in TABLES:
        db.execute_sql(statement)
