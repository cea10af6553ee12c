"""The activity log fills itself: each request that changed something leaves a line.

A view says in words what it did with `note`; one that doesn't is written down by its endpoint and path,
so that no page can be forgotten.
"""

from __future__ import annotations

from flask import Flask, Response, request

from cuneifox.request import this_request
from cuneifox.security import SAFE
from cuneifox.services import services
from models.people import Activity

UNLOGGED = ("auth.sign_in", "auth.sign_out", "auth.language")
"""Signing in and out has its own history; a language is nobody's business."""


def note(action: str, subject: str = "") -> None:
    """Say what this request does; it is written down once it has succeeded.

    `action` is a stable word like "people.add", `subject` names on what.
    """
    this_request().noted.append((action, subject))


def init_app(app: Flask) -> None:
    """Write the lines once a request has been answered well."""
    app.after_request(write_notes)


def write_notes(response: Response) -> Response:
    """One line per note; requests that failed leave none. A form that is shown again, neither."""
    asked = this_request()
    changed = request.method not in SAFE and request.endpoint not in UNLOGGED
    if asked.visit is None or response.status_code >= 400:
        return response
    if changed and not asked.noted:
        asked.noted.append((request.endpoint or "", request.path))
    company = asked.visit.company
    for action, subject in asked.noted:
        Activity.note(
            action,
            subject,
            now=services().now(),
            user_id=asked.visit.user.id,
            user_name=asked.visit.user.display_name,
            company_id=company.tenant_id if company else "",
            company_name=company.name if company else "",
        )
    return response
