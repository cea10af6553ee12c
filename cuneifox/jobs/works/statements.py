"""Statements of account for many customers at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from cuneifox.clock import now_shown
from cuneifox.i18n import _l, ngettext
from cuneifox.jobs.kinds import kind
from cuneifox.jobs.papers import Telling, reading
from cuneifox.jobs.work import Work
from cuneifox.papers import StatementPaper
from cuneifox.papers.statements import FORMS, write_statements
from cuneifox.statement_papers import printed_statements, statements_of
from models.errors import BadInput


def _title(given: Mapping[str, Any]) -> str:
    name = _l("Statements of account")
    return f"{name} ({str(given['form']).upper()})"


@kind("statements", _title, needs=(("ledger", "read"), ("receivables", "read")))
def statements(work: Work) -> str:
    """Write the statements of `cuneifox.statement_papers.statements_of`, as one PDF or as a zip of one each.

    The job's arguments are a word of FORMS as `form`, and what that function takes.
    """
    given = work.arguments
    form = given.pop("form", "")
    if form not in FORMS:
        raise BadInput("Choose one PDF, or a zip.", field="form")
    with reading(work, "books", "registers") as read:
        found = statements_of(given)
        papers = printed_statements(found, now_shown(), work.actor.name)
        telling = Telling(work, found.count + len(found.figures), sets=True)
        papers = replace(papers, statements=_told(papers.statements, telling))
        with work.file(f"{papers.name}.{form}", FORMS[form]) as path:
            write_statements(form, papers, path, telling.tick, read)
    return ngettext("%(num)s statement", "%(num)s statements", len(found.figures))


def _told(papers: Iterable[StatementPaper], telling: Telling) -> Iterator[StatementPaper]:
    """The statements; it is told as they are read, and as their rows are."""
    for paper in telling.reading(papers):
        yield replace(paper, rows=telling.reading(paper.rows))
