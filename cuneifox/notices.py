"""Notices: what was just done, told on the next page; never on one of another company or to somebody else.

Flask keeps what is flashed in a cookie of the browser. A browser may have two companies open in two tabs, and people
may share it one after the other, so each notice remembers for whom it is, and of which company.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, message_flashed, session

from cuneifox.request import this_request

KEPT = "_flashes"
"""Under this name Flask's `flash` appends (kind, text)."""

MOST = 5
"""Notices that wait for a page of their company; a cookie holds no more than 4 KiB."""


def init_app(app: Flask) -> None:
    """Sign every notice, and give the templates `notices()`."""
    message_flashed.connect(_sign, app)
    app.jinja_env.globals["notices"] = notices


def _sign(sender: Flask, **_told: Any) -> None:
    """Add to the notice that was just flashed who is to read it, and on which company's pages."""
    kept = session[KEPT]
    user, company = _here()
    session[KEPT] = [*kept[:-1], (*kept[-1], user, company)][-MOST:]


def _here() -> tuple[str, str]:
    """Who reads, and of which company ("" for neither)."""
    visit = this_request().visit
    if visit is None:
        return "", ""
    return visit.user.id, visit.tenant.id if visit.tenant is not None else ""


def notices() -> list[tuple[str, str]]:
    """Take out (kind, text) of what is to be told on this page.

    What is for another company's pages waits; what is for another user is dropped.
    """
    if not session.get(KEPT):
        return []
    user, company = _here()
    mine = [notice for notice in session[KEPT] if len(notice) == 4 and notice[2] in ("", user)]
    waiting = [notice for notice in mine if notice[3] not in ("", company)]
    if waiting:
        session[KEPT] = waiting
    else:
        del session[KEPT]
    return [(notice[0], notice[1]) for notice in mine if notice[3] in ("", company)]
