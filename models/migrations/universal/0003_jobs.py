"""Jobs, those who do them, and schedules."""

from typing import Any

TABLES = (
    'CREATE TABLE IF NOT EXISTS "jobs" ("id" VARCHAR(26) NOT NULL PRIMARY KEY, "kind" VARCHAR(40) NOT NULL, '
    '"arguments" TEXT NOT NULL, "once" VARCHAR(200), "tenant_id" VARCHAR(26) NOT NULL, "user_id" VARCHAR(26) '
    'NOT NULL, "session" VARCHAR(64) NOT NULL, "identity" VARCHAR(40) NOT NULL, "language" VARCHAR(8) NOT '
    'NULL, "state" VARCHAR(10) NOT NULL, "priority" INTEGER NOT NULL, "due_at" REAL NOT NULL, "progress" '
    'INTEGER NOT NULL, "line" VARCHAR(300) NOT NULL, "attempts" INTEGER NOT NULL, "most_attempts" INTEGER NOT '
    'NULL, "lapses" INTEGER NOT NULL, "lease" VARCHAR(80) NOT NULL, "lease_until" REAL NOT NULL, "worker" '
    'VARCHAR(60) NOT NULL, "reason" VARCHAR(20) NOT NULL, "asked_at" REAL NOT NULL, "started_at" REAL, '
    '"ended_at" REAL, "result_name" VARCHAR(200) NOT NULL, "result_place" VARCHAR(100) NOT NULL, "result_type" '
    'VARCHAR(100) NOT NULL, "result_size" INTEGER NOT NULL, "error" TEXT NOT NULL, "trace" TEXT NOT NULL, '
    '"seen" INTEGER NOT NULL)',
    'CREATE UNIQUE INDEX IF NOT EXISTS "job_once" ON "jobs" ("once")',
    'CREATE INDEX IF NOT EXISTS "job_session" ON "jobs" ("session")',
    'CREATE INDEX IF NOT EXISTS "job_worker" ON "jobs" ("worker")',
    'CREATE INDEX IF NOT EXISTS "job_state_priority_due_at" ON "jobs" ("state", "priority", "due_at")',
    'CREATE INDEX IF NOT EXISTS "job_tenant_id_state" ON "jobs" ("tenant_id", "state")',
    'CREATE INDEX IF NOT EXISTS "job_user_id_asked_at" ON "jobs" ("user_id", "asked_at")',
    'CREATE INDEX IF NOT EXISTS "job_ended_at" ON "jobs" ("ended_at")',
    'CREATE TABLE IF NOT EXISTS "job_workers" ("id" VARCHAR(60) NOT NULL PRIMARY KEY, "host" VARCHAR(200) NOT '
    'NULL, "process" INTEGER NOT NULL, "threads" INTEGER NOT NULL, "started_at" REAL NOT NULL, "seen_at" REAL '
    "NOT NULL)",
    'CREATE TABLE IF NOT EXISTS "schedules" ("id" INTEGER NOT NULL PRIMARY KEY, "name" VARCHAR(60), "kind" '
    'VARCHAR(40) NOT NULL, "arguments" TEXT NOT NULL, "tenant_id" VARCHAR(26) NOT NULL, "cron" VARCHAR(100) '
    'NOT NULL, "zone" VARCHAR(60) NOT NULL, "missed" VARCHAR(10) NOT NULL, "paused" INTEGER NOT NULL, '
    '"done_until" REAL NOT NULL, "made_by" VARCHAR(26) NOT NULL)',
    'CREATE UNIQUE INDEX IF NOT EXISTS "schedule_name" ON "schedules" ("name")',
    'CREATE INDEX IF NOT EXISTS "schedule_tenant_id" ON "schedules" ("tenant_id")',
)


def up(migrator: Any, db: Any) -> None:
    """Make the tables."""
    for statement in TABLES:
        db.execute_sql(statement)
