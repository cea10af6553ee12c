"""The activity log fills itself: each request that changed something leaves a line.

A view says in words what it did with `note`; one that doesn't is written down by its endpoint and path,
so that no page can be forgotten.
"""

from __future__ import annotations

import logging

from flask import Flask, Response, request
from peewee import PeeweeException

from cuneifox.request import this_request
from cuneifox.security import SAFE
from cuneifox.services import services
from cuneifox.visits import Visit
from models.companies import Company
from models.people import Activity
from tenants import TenantError

log = logging.getLogger("cuneifox")

UNLOGGED = ("auth.sign_in", "auth.sign_out", "auth.language")
"""Signing in and out has its own history; a language is nobody's business."""


def note(action: str, subject: str = "", company: Company | None = None) -> None:
    """Say what this request does; it is written down once it has succeeded.

    `action` is a stable word like "people.add", `subject` names on what, `company` where, if that isn't
    the request's own.
    """
    this_request().noted.append((action, subject, company))


def noted_elsewhere() -> None:
    """Say that what this request does is in the log already, written in the transaction that did it."""
    this_request().is_noted = True


def init_app(app: Flask) -> None:
    """Write the lines once a request has been answered well."""
    app.after_request(write_notes)


def write_notes(response: Response) -> Response:
    """One line per note; requests that failed leave none, and neither do forms shown again.

    What was done is done: if the line can't be written, it goes to the log, and the answer goes out.
    """
    asked = this_request()
    if asked.visit is None or response.status_code >= 400:
        return response
    if not asked.noted and not asked.is_noted and _changed_something(response):
        asked.noted.append((request.endpoint or "", request.path, None))
    try:
        if asked.noted:
            _write(asked.visit, asked.noted)
    except (PeeweeException, TenantError):
        log.exception("Request %s isn't in the activity log: %s", asked.id, asked.noted)
    return response


def _changed_something(response: Response) -> bool:
    shown_again = response.status_code == 200 and response.mimetype == "text/html"
    return request.method not in SAFE and request.endpoint not in UNLOGGED and not shown_again


def _write(visit: Visit, notes: list[tuple[str, str, Company | None]]) -> None:
    with Activity._meta.database.atomic():  # one wait for the disk, however many companies
        for action, subject, elsewhere in notes:
            company = elsewhere or visit.company
            Activity.note(
                action,
                subject,
                now=services().now(),
                user_id=visit.user.id,
                user_name=visit.user.display_name,
                company_id=company.tenant_id if company else "",
                company_name=company.name if company else "",
            )
