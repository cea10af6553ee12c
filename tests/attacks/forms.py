"""The forms that pages show, as a browser would send them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.exceptions import HTTPException


@dataclass
class Form:
    """One form: where it goes, and what is in its fields; a field may stand there several times."""

    action: str
    method: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.page = page
        self.open: Form | None = None
        self.select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.open = Form(given.get("action") or self.page, given.get("method", "get").upper())
            self.forms.append(self.open)
        if self.open is None:
            return
        if tag == "button" and given.get("name"):
            self.open.buttons.append((given["name"], given.get("value", "")))
        elif tag in ("input", "textarea") and given.get("name"):
            self.open.fields.setdefault(given["name"], []).append(given.get("value", ""))
        elif tag == "select":
            self.select = given.get("name")
        elif tag == "option" and self.select:
            offered = self.open.fields.setdefault(self.select, [given.get("value", "")])
            if "selected" in given:
                offered[:] = [given.get("value", "")]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None
        elif tag == "select":
            self.select = None


class Forms:
    """All forms that were seen, by the view that they are sent to."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.by_endpoint: dict[str, list[Form]] = {}

    def read(self, page: str, html: str) -> None:
        """Take up the forms of a page; `page` is its own path."""
        reader = _Reader(page)
        reader.feed(html)
        urls = self.app.url_map.bind("localhost")
        for form in reader.forms:
            try:
                endpoint, _values = urls.match(urlsplit(form.action).path, form.method)
            except HTTPException:
                continue
            form.fields.pop("csrf_token", None)
            known = self.by_endpoint.setdefault(str(endpoint), [])
            if len(known) < 5 and form not in known:
                known.append(form)

    def of(self, endpoint: str) -> list[dict[str, Any]]:
        """What a browser would send to a view, by each button: lists where a field repeats."""
        found = []
        for form in self.by_endpoint.get(endpoint, ()):
            fields: dict[str, Any] = {
                name: held if len(held) > 1 else held[0] for name, held in form.fields.items()
            }
            found += [fields | {name: value} for name, value in form.buttons] or [fields]
        return found
