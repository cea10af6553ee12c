"""What the server does by itself: at which times, and asking for it when they come."""

from __future__ import annotations

from cuneifox.services import Services
from models.jobs.schedules import Schedule, make_schedule, take_due

DEFAULTS = (
    # name, kind, cron line, what becomes of missed times
    ("clean-up", "clean_up", "17 * * * *", "latest"),
    ("check-up", "check_up", "40 4 * * 0", "latest"),
    ("nightly-backup", "backup", "30 1 * * *", "latest"),
)
"""What every installation begins with; the drill of restoring is added at the hour that the settings name."""


def make_defaults(services: Services) -> None:
    """Write down the schedules that every installation has, unless they are there."""
    config, now = services.config, services.now()
    hour = config.backups.drill_hour
    wanted = [*DEFAULTS, *([("drill", "drill", f"0 {hour} * * *", "skip")] if hour >= 0 else [])]
    known = {schedule.name for schedule in Schedule.select(Schedule.name)}
    for name, kind, cron, missed in wanted:
        if name not in known:
            make_schedule(kind, cron, config.time_zone, now=now, name=name, missed=missed)


def ask_for_what_is_due(services: Services, now: float) -> list[str]:
    """Ask for the jobs whose time has come; return their ids."""
    asked: list[str] = []
    for schedule in list(Schedule.select().where(~Schedule.paused)):
        asked += take_due(schedule, now=now)
    for job_id in asked:
        services.queue.send(job_id)
    return asked
