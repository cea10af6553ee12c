"""Requests that know their company: the slug in the URL, and who visits."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Flask, Request, current_app, request
from flask.globals import request_ctx

from cuneifox.visits import Visit
from models.companies import Company

FORM = "application/x-www-form-urlencoded"
STRANGERS_FORM = 64 * 1024
"""Bytes of a form from whoever isn't signed in."""


class CompanyRequest(Request):
    """A request with the company's `slug` from its URL (or None), its `visit` (or None if nobody is
    signed in), and an `id` of our own for the log. `stale` ones came without a valid form token and
    may change nothing. What those did that are `is_noted` is in the activity log already.

    They stand here and not in `g`, which is new and empty in a nested application context.
    """

    slug: str | None = None
    stale: bool = False
    is_noted: bool = False
    visit: Visit | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.id = secrets.token_hex(8)
        self.noted: list[tuple[str, str, Company | None]] = []

    @property
    def shown_again(self) -> bool:
        """Whether this sends a form whose view shows it again rather than lose it (`cuneifox.access`)."""
        view = current_app.view_functions.get(self.endpoint or "")
        return self.method == "POST" and getattr(view, "shows_again", False)

    @property
    def max_content_length(self) -> int | None:
        """Bytes that a body may have: MAX_CONTENT_LENGTH, and less where all is read at once.

        Werkzeug holds a plain form in memory whatever its size (MAX_FORM_MEMORY_SIZE is for the parts
        of multipart ones alone), and makes many times that of it.
        """
        most = [super().max_content_length]
        if self.mimetype == FORM:
            most.append(self.max_form_memory_size)
        if self.visit is None:
            most.append(STRANGERS_FORM)
        return min((size for size in most if size is not None), default=None)

    @max_content_length.setter
    def max_content_length(self, value: int | None) -> None:
        self._max_content_length = value


def init_urls(app: Flask) -> None:
    """Take the slug out of URLs before views see it, and put it into those that they make."""

    @app.url_value_preprocessor
    def take_slug(endpoint: str | None, values: dict[str, Any] | None) -> None:
        if values and "slug" in values:
            this_request().slug = values.pop("slug")

    @app.url_defaults
    def give_slug(endpoint: str, values: dict[str, Any]) -> None:
        if (
            "slug" not in values
            and request_ctx
            and app.url_map.is_endpoint_expecting(endpoint, "slug")
        ):
            values["slug"] = this_request().slug


def this_request() -> CompanyRequest:
    """The request that is being answered."""
    return request._get_current_object()  # type: ignore[attr-defined]
