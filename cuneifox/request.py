"""Requests that know their company: the slug in the URL, and who visits."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Flask, Request, request
from flask.globals import request_ctx

from cuneifox.visits import Visit


class CompanyRequest(Request):
    """A request with the company's `slug` from its URL (or None), its `visit` (or None if nobody is
    signed in), and an `id` of our own for the log.

    They stand here and not in `g`, which is new and empty in a nested application context.
    """

    slug: str | None = None
    visit: Visit | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.id = secrets.token_hex(8)
        self.noted: list[tuple[str, str]] = []


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
