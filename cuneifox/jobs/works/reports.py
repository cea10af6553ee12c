"""A report as a file, however long it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cuneifox.clock import now_shown
from cuneifox.i18n import ngettext
from cuneifox.jobs.kinds import kind
from cuneifox.jobs.papers import Telling, reading
from cuneifox.jobs.work import Work
from cuneifox.papers import FORMS, write
from cuneifox.report_requests import REPORTS, signed_table_of
from models.errors import BadInput


def _title(given: Mapping[str, Any]) -> str:
    return f"{REPORTS[given['report']].title} ({str(given['form']).upper()})"


@kind("report", _title, needs=(("ledger", "read"),))
def report(work: Work) -> str:
    """Write one of `cuneifox.report_requests.REPORTS`.

    The job's arguments are its name as `report`, a word of FORMS as `form`, and besides what the report's page has in
    its query string.
    """
    given = work.arguments
    name, form = str(given.pop("report", "")), given.pop("form", "")
    if form not in FORMS:
        raise BadInput("Choose CSV, XLSX or PDF.", field="form")
    with reading(work, "books") as read:
        table = signed_table_of(name, given, now_shown(), work.actor.name)
        telling = Telling(work, table.count, sets=form == "pdf")
        with work.file(f"{table.name}.{form}", FORMS[form][1]) as path:
            write(form, replace(table, rows=telling.reading(table.rows)), path, telling.tick, read)
    return ngettext("%(num)s line", "%(num)s lines", telling.count)
