"""Backups of what has changed, and restoring some of them aside to see that they hold what they should."""

from __future__ import annotations

import logging

from cuneifox.i18n import _l, ngettext
from cuneifox.jobs.kinds import kind
from cuneifox.jobs.work import Work
from models.backing_up import differences
from models.errors import BooksError
from tenants import BackupManager

log = logging.getLogger("cuneifox")


@kind(
    "backup", lambda given: str(_l("Backup of all companies")), of_company=False, administers=True
)
def back_up(work: Work) -> str:
    """Make a backup of each company that has changed since its last one."""
    manager = _manager(work)
    with work.interruptible(manager.stop):
        report = manager.backup_now()
    work.check()
    if report.failed:
        raise BooksError(
            "Backups failed: %(names)s. The operator finds the causes in the log.",
            names=", ".join(sorted(each.slug for each in report.failed))[:500],
        )
    return ngettext("%(num)s backup was made.", "%(num)s backups were made.", len(report.made))


@kind(
    "drill", lambda given: str(_l("Drill of restoring backups")), of_company=False, administers=True
)
def drill(work: Work) -> str:
    """Restore some backups aside, and compare them with the books."""
    report = _manager(work).drill(work.services.config.backups.drill_companies, differences)
    log.info(
        "%d backups were restored aside and compared; %d weren't as they should be.",
        len(report.drills), len(report.failed),
    )  # fmt: skip
    if report.failed:
        raise BooksError(
            "%(count)d of the backups that were restored aside aren't as they should be; the log names them.",
            count=len(report.failed),
        )
    return ngettext(
        "%(num)s backup was restored aside, and holds what it should.",
        "%(num)s backups were restored aside, and hold what they should.",
        len(report.drills),
    )


def _manager(work: Work) -> BackupManager:
    manager = work.services.backups
    if manager is None:
        raise BooksError("No backups are made: folder in [backups] is empty.")
    return manager
