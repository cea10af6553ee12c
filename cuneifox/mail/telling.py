"""Telling people of their jobs' ends: at once as each ends, and later for those whose end nobody was there to tell."""

from __future__ import annotations

import logging

from cuneifox.services import Services
from models.jobs.asking import Asker, ask
from models.jobs.job import NIGHTLY, Job
from models.jobs.tidings import ONCE, Ended, untold

log = logging.getLogger("cuneifox.jobs")

KIND = "mail"

MOST_ATTEMPTS = 100
"""Tries, with pauses of minutes: a mail server may be away for a night."""

LOOK_EVERY = 60.0
"""Seconds between two looks for ends that weren't told."""

LOOK_BACK = 3600.0
"""Seconds for which an end is news."""


def tell_of_end(services: Services, job: Job) -> None:
    """Have whoever asked for a job be written to, if it has ended, and they and the settings want that.

    What fails is told in the log: it costs nobody the job, and is made up for by `Latecomers`.
    """
    mail = services.config.mail
    if not mail.host or not job.user_id:
        return
    try:
        _ask(services, untold(mail.after_seconds, job_id=job.id))
    except Exception:
        log.exception("Asking for the mail about job %s failed; it is tried again", job.id)
    finally:
        services.router.universal.release()


class Latecomers:
    """Looks every so often for jobs whose end wasn't told: whoever ran them was killed, or given up.

    Args:
        services: the application's.
    """

    def __init__(self, services: Services) -> None:
        self.services = services
        self._looked = 0.0

    def look(self, now: float) -> None:
        """Look, if it is time to; `now` in UTC seconds."""
        mail = self.services.config.mail
        if not mail.host or 0 <= now - self._looked < LOOK_EVERY:
            return
        self._looked = now
        _ask(self.services, untold(mail.after_seconds, since=now - LOOK_BACK))


def _ask(services: Services, ended: list[Ended]) -> None:
    for each in ended:
        asked, is_new = ask(
            KIND, {"job": each.id}, Asker(identity=KIND, language=each.language), now=services.now(),
            priority=NIGHTLY, once=f"{ONCE}{each.id}", most_attempts=MOST_ATTEMPTS,
        )  # fmt: skip
        if is_new:
            services.queue.send(asked.id)
