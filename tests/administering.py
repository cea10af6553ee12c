"""An administrator and a member of two companies, and the forms by which a company as a whole is changed."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

from werkzeug.test import TestResponse

from cuneifox_site import Browser, Site
from models.people import Activity


def two_companies(folder: Path, **settings: Any) -> Site:
    """`chief` administers and is a member of acme and globex; `malee` is a member of acme alone."""
    site = Site(folder, **settings)
    chief = site.user("chief", administers=True)
    malee = site.user("malee")
    site.company("acme", chief, malee)
    site.company("globex", chief)
    return site


def page_of(site: Site, slug: str) -> str:
    """The address of a company's administration."""
    return f"/companies/{site.router.tenant(slug).id}"


def step(chief: Browser, page: str, name: str, **form: str) -> TestResponse:
    """Send one form of the administration page as the page has it now."""
    shown = chief.get(page).text
    seen = re.search(r'name="seen" value="(\w+)"', shown)
    assert seen, shown
    return chief.post(f"{page}/{name}", page, **{"seen": seen[1], **form})


def told(response: TestResponse) -> str:
    """What a page says is wrong, above the forms or at a field."""
    found = re.search(r'(?:role="alert"|<p class="error")[^>]*>(.*?)<', response.text, re.S)
    return unescape(found[1]) if found else ""


def logged(site: Site) -> list[tuple[str, str]]:
    """The newest activity, as (action, subject)."""
    with site.app.app_context():
        return [(line.action, line.subject) for line in Activity.page()]
