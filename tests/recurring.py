"""Templates of recurring vouchers, as tests make them, and running the jobs that they ask for."""

from __future__ import annotations

import datetime
from contextvars import Context
from typing import Any

from cuneifox.jobs import works
from cuneifox.jobs.running import run_job
from cuneifox.jobs.scheduling import ask_for_what_is_due
from cuneifox.jobs.work import Work
from cuneifox_site import Site
from ledgers import BY
from models.accounts import find_account
from models.actors import Actor
from models.jobs import taking
from models.jobs.job import Job
from models.journals import find_book
from models.recurring.given import TemplateInput, TemplateLine
from models.recurring.template import RecurringVoucher, add_template

SERVER = Actor("system:schedule:recurring", "schedule:recurring", {"ledger": "add"})
"""Who makes what is due, with the rights that it has."""


def line(code: str, amount: str, side: Any = "debit", **more: Any) -> TemplateLine:
    """A line on the account of a code."""
    return TemplateLine(find_account(code).stid, amount, side, **more)


def given(*lines: TemplateLine, **more: Any) -> TemplateInput:
    """A template in the general journal, of the slot's day, that is posted."""
    values = {"name": "Rent", "date_rule": "same_day", "text": "Rent", "posts": True} | more
    return TemplateInput(book=find_book("GJ").stid, lines=list(lines), **values)


def template(*lines: TemplateLine, **more: Any) -> RecurringVoucher:
    """The same, kept."""
    return add_template(given(*lines, **more), by=BY)


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def utc(text: str) -> float:
    """The UTC seconds of an ISO time with its offset."""
    return datetime.datetime.fromisoformat(text).timestamp()


def do_what_is_due(site: Site) -> list[Job]:
    """Ask for what is due by the site's clock, do it as a worker would, and return the jobs as they ended."""
    works.load()
    with site.app.app_context():
        asked = ask_for_what_is_due(site.services, site.clock.at)
    return [do(site) for _ in asked]


def do(site: Site) -> Job:
    """Do the job that is next, and return it as it ended."""
    with site.app.app_context():
        job = taking.take("worker", 9, now=site.clock.at)
    assert job is not None
    Context().run(run_job, site.app, Work(job, site.services))
    with site.app.app_context():
        return Job.get_by_id(job.id)
