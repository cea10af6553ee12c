"""Writing to people: what of theirs has ended, and where to look at it. What it has made stays here."""

from __future__ import annotations

from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import urlsplit

from flask import current_app
from werkzeug.routing import BuildError

from cuneifox import formats
from cuneifox.i18n import _, current_language
from cuneifox.job_view import where
from cuneifox.jobs.kinds import title_of
from cuneifox.papers.harmless import harmless
from cuneifox.services import Services
from models.jobs.job import DONE, Job
from models.people import User
from models.people.addresses import clean_address

LONGEST = 150
"""Characters of what stands in a header."""

PROGRAM = "CuneiFox"


def letter(job: Job, user: User, services: Services) -> EmailMessage:
    """Return the letter that tells a person of the end of a job, in the language that is spoken.

    Raises:
        BadInput: what is stored of the person is no address.
    """
    mail = services.config.mail
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(PROGRAM, addr_spec=mail.sender)
    message["To"] = Address(one_line(user.display_name), addr_spec=clean_address(user.email))
    message["Subject"] = _subject(job)
    message["Date"] = format_datetime(datetime.fromtimestamp(services.now(), UTC))
    message["Message-ID"] = (
        f"<{job.id}.ended@{host_of(mail.site)}>"  # the same, should it be sent twice
    )
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_text(job, services), cte="quoted-printable")
    message["Content-Language"] = (
        current_language()
    )  # of the content, whose headers the line above makes anew
    return message


def one_line(text: str) -> str:
    """Return a text that is fit for a header: of one line, without control characters, and not too long."""
    line = " ".join(harmless(text).split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def link_to(job: Job, site: str) -> str:
    """Return the address of a job's page; of the front door, where an application has no such page."""
    urls = current_app.url_map.bind("")
    try:
        path = urls.build("jobs.show", {"id": job.id})
    except BuildError:
        path = "/"
    return site.rstrip("/") + path


def host_of(site: str) -> str:
    """Return the name of the host that people reach the server by."""
    return urlsplit(site).hostname or "localhost"


def _subject(job: Job) -> str:
    title = title_of(job.kind, job.given)
    told = (
        _("Ready: %(title)s", title=title)
        if job.state == DONE
        else _("Failed: %(title)s", title=title)
    )
    return one_line(told)


def _text(job: Job, services: Services) -> str:
    return "\n".join((*_what(job, services), "", *_where(job, services), "")) + "\n"


def _what(job: Job, services: Services) -> list[str]:
    title = harmless(title_of(job.kind, job.given))
    asked = formats.moment(services.local(job.asked_at))
    done = job.state == DONE
    told = (
        _("%(title)s: it is ready.", title=title)
        if done
        else _("%(title)s: it has failed.", title=title)
    )
    lines = [told, _("You asked for it on %(moment)s.", moment=asked)]
    if company := where(job):
        lines.append(_("Company: %(name)s", name=harmless(company)))
    return lines


def _where(job: Job, services: Services) -> list[str]:
    look = (
        _("Sign in and look at it here:") if job.state == DONE else _("Sign in and see why here:")
    )
    days = services.config.jobs.keep_days
    return [
        look,
        link_to(job, services.config.mail.site),
        "",
        _("It is kept for %(days)d days.", days=days),
        _(
            "Your address stands in your account there; take it out, and you are written to no more."
        ),
    ]
