"""Vouchers as one PDF, by the thousand."""

from __future__ import annotations

from dataclasses import replace

from cuneifox.clock import now_shown
from cuneifox.file_names import file_name
from cuneifox.i18n import _l, ngettext
from cuneifox.jobs.kinds import kind
from cuneifox.jobs.papers import Telling, reading
from cuneifox.jobs.work import Work
from cuneifox.journal_scope import asked_of, ids_to_print, wanted_of
from cuneifox.papers import write_vouchers
from cuneifox.report_requests import check_days
from cuneifox.voucher_papers import printed

MOST_VOUCHERS = 50_000
"""In one PDF."""


@kind("vouchers", lambda given: str(_l("Vouchers as PDF")), needs=(("ledger", "read"),))
def vouchers(work: Work) -> str:
    """Print the posted vouchers that a filter of the journal shows, the oldest first.

    The job's arguments are those of `cuneifox.journal_scope.FILTERS`, as the journal has them in its query string.
    """
    wanted = wanted_of(asked_of(work.arguments))
    check_days(wanted["first"], wanted["last"])
    with reading(work, "books", "registers") as read:
        ids = ids_to_print(wanted, MOST_VOUCHERS)
        name = file_name("vouchers", wanted["first"], wanted["last"])
        papers = printed(ids, name, now_shown(), work.actor.name)
        telling = Telling(work, len(ids), sets=True)
        papers = replace(papers, vouchers=telling.reading(papers.vouchers))
        with work.file(f"{papers.name}.pdf", "application/pdf") as path:
            write_vouchers(papers, path, telling.tick, read)
    return ngettext("%(num)s voucher", "%(num)s vouchers", len(ids))
