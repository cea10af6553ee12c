"""The consolidated trial balance as a file, of as many companies as it takes."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from cuneifox.calendar_scope import CalendarScope
from cuneifox.clock import now_shown
from cuneifox.consolidated_papers import consolidated_paper
from cuneifox.consolidated_requests import TITLE, asked_of
from cuneifox.consolidation import (
    UNREADABLE,
    Wanted,
    failed_part,
    failure_of,
    note_reading,
    read_part,
)
from cuneifox.i18n import _, ngettext
from cuneifox.jobs.entering import Stopped
from cuneifox.jobs.kinds import companies_of, kind
from cuneifox.jobs.papers import READING, Telling, telling_why
from cuneifox.jobs.work import Work
from cuneifox.papers import FORMS, write
from models.companies import Company
from models.errors import BadInput
from models.reports.consolidated import Consolidated, Part, consolidate
from tenants import Tenant

log = logging.getLogger("cuneifox.jobs")

PASSING = ("busy", "late")
"""Failures that may pass: the job is tried again for them, and at its last attempt goes on without the company."""

STOPPING = {"suspended": "company", "gone": "company", "revoked": "rights"}
"""Failures for which it stops, with the reason."""


def _title(given: Mapping[str, Any]) -> str:
    return f"{TITLE} ({str(given['form']).upper()})"


def _companies(given: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(given["companies"]))


@kind("consolidated", _title, needs=(("ledger", "read"),), of_company=False, companies=_companies)
def consolidated(work: Work) -> str:
    """Write the trial balances of several companies side by side.

    The job's arguments are the companies' ids as `companies`, a word of FORMS as `form`, and what
    `cuneifox.consolidated_requests.asked_of` takes. Each company is read in an entry of its own; whose files can't be
    read is named in the paper.
    """
    given = work.arguments
    form = given.get("form", "")
    if form not in FORMS:
        raise BadInput("Choose CSV, XLSX or PDF.", field="form")
    asked = asked_of(given, CalendarScope.typed(given))
    read: list[Company] = []
    parts = _parts(work, asked.wanted, read)
    report = consolidate(asked.wanted.first, asked.wanted.last, parts)
    note_reading(read, asked.wanted, work.job.user_id, work.actor.name, work.services.now())
    table = consolidated_paper(
        form, report, asked.figure, now_shown(), work.actor.name, asked.parentheses
    )
    telling = Telling(work, table.count, sets=True)
    with telling_why(work), work.file(f"{table.name}.{form}", FORMS[form][1]) as path:
        write(form, table, path, telling.tick)
    return _line(report)


def _parts(work: Work, wanted: Wanted, read: list[Company]) -> Iterator[Part]:
    """A part for each company; those that could be read are put into `read`."""
    count = len(companies_of(work.job.kind, work.arguments))
    for number, (company, tenant) in enumerate(work.companies()):
        line = _("%(done)s of %(count)s", done=f"{number:,}", count=f"{count:,}")
        work.progress(READING * number / count, _("Reading: %(line)s", line=line))
        part = _part(work, company, tenant, wanted)
        if not part.failure:
            read.append(company)
        yield part


def _part(work: Work, company: Company, tenant: Tenant, wanted: Wanted) -> Part:
    try:
        return read_part(company, tenant, wanted, work.snapshot(("books",), tenant))
    except UNREADABLE as error:
        work.check()
        failure = failure_of(error)
        if failure in STOPPING:
            raise Stopped(STOPPING[failure], company) from error
        if failure in PASSING and work.job.attempts < work.job.most_attempts:
            raise
        log.warning("%s can't be read for a consolidated report: %s", tenant.slug, error)
        return failed_part(company, tenant, failure)


def _line(report: Consolidated) -> str:
    columns = [column for block in report.blocks for column in block.columns]
    failed = [column.slug for column in columns if column.failure]
    if failed:
        return _(
            "Without %(names)s, which could not be read; the file says why.",
            names=", ".join(failed)[:200],
        )
    return ngettext("%(num)s company", "%(num)s companies", len(columns))
