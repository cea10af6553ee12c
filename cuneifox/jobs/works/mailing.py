"""Writing to whoever asked for a job that it has ended."""

from __future__ import annotations

from cuneifox.i18n import _, _l
from cuneifox.jobs.kinds import kind
from cuneifox.jobs.work import Work
from cuneifox.mail.letters import letter
from cuneifox.mail.postman import Postman
from cuneifox.mail.telling import KIND, MOST_ATTEMPTS
from models.errors import BooksError
from models.jobs.job import DONE, FAILED, Job
from models.people import User


@kind(
    KIND, lambda given: str(_l("E-mail about a job that has ended")), of_company=False, administers=True,
    most_attempts=MOST_ATTEMPTS,
)  # fmt: skip
def mail(work: Work) -> str:
    """Send the letter, unless there is nothing to tell any more, or nobody to tell it to."""
    settings = work.services.config.mail
    if not settings.host:
        raise BooksError("No mail is sent: host in [mail] is empty.")
    job = Job.get_or_none(Job.id == work.arguments["job"])
    if job is None or job.state not in (DONE, FAILED):
        return _("The job is no longer on record, so that there is nothing to tell.")
    user = User.get_or_none(User.id == job.user_id)
    if user is None or not user.active or not user.email:
        return _("Whoever asked for it has no address any more.")
    postman = Postman(settings, work.services.respite)
    with work.interruptible(postman.interrupt):
        postman.deliver(letter(job, user, work.services), user.email)
    return _("Sent to %(name)s.", name=user.name)
