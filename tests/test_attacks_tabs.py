"""One person, one browser, two companies in two tabs: nothing of one shows or ends up in the other."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from attacks.arena import Arena, arena_in, cookie_name_of
from attacks.companies import ACME, VICTIM, owners_of
from attacks.marks import Sighting
from attacks.probes import Probe
from attacks.routes import Target
from pdf_text import needs_poppler, pages_of

BOTH = (ACME, VICTIM)


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Arena]:
    with arena_in(tmp_path) as arena:
        yield arena


def browser_of(arena: Arena, name: str) -> FlaskClient:
    """A browser with a session of that person's, which keeps its cookies."""
    client = arena.site.app.test_client()
    client.set_cookie(cookie_name_of(arena.site), arena.people[name].token)
    return client


def of_company(arena: Arena) -> list[Target]:
    return [target for target in arena.quiver.targets if target.of_company]


def foreign(arena: Arena, slug: str, text: str, sent: str = "") -> set[Sighting]:
    """What of the other company's stores stands in a text."""
    other = BOTH[1 - BOTH.index(slug)]
    stores = frozenset(one for one in owners_of(other) if not one.startswith("people"))
    return arena.needles.in_text(text, stores, sent)


def said(answer: TestResponse) -> str:
    """What an answer says, also as PDF or XLSX."""
    content = answer.get_data()
    if content.startswith(b"%PDF"):
        return "".join(pages_of(content))
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            return "".join(book.read(name).decode() for name in book.namelist())
    return answer.text


def values_of(arena: Arena, target: Target, slug: str, n: int = 0) -> dict[str, Any]:
    pool = arena.quiver.own if slug == ACME else arena.quiver.other
    choices = {p.name: p.choices(pool, target.rule.rule) for p in target.places}
    return {name: held[n % len(held)] for name, held in choices.items()}


@needs_poppler
def test_pages_of_two_companies_in_turn(arena: Arena) -> None:
    """Each page shows what is its company's, whichever was asked for before, also by ids of the other's rows."""
    shown = dict.fromkeys(BOTH, 0)
    for target in of_company(arena):
        if "GET" not in target.methods:
            continue
        for n in range(6 if target.places else 1):
            for slug in BOTH:
                for whose in BOTH:
                    path = target.path(slug, values_of(arena, target, whose, n))
                    probe = Probe(target.endpoint, slug, "GET", path, arena.people["dora"])
                    answer = arena.ask(probe)
                    assert answer.status_code < 500, path
                    assert not foreign(arena, slug, said(answer)), path
                    shown[slug] += answer.status_code == 200
    assert min(shown.values()) > 40


def test_a_form_of_one_company_sent_to_the_other(arena: Arena) -> None:
    """What is written goes to the company in the address alone, and pages show nothing of the first but what was sent.

    The form is as the first company's page shows it: its accounts, books and ids, in the same session.
    """
    dora = arena.people["dora"]
    sent = 0
    for target in of_company(arena):
        for method in {"POST", "PUT", "DELETE", "PATCH"} & target.methods:
            for form in (arena.quiver.forms.of(target.endpoint) or [{}])[:4]:
                before = arena.versions()
                path = target.path(VICTIM, values_of(arena, target, ACME))
                probe = Probe(target.endpoint, VICTIM, method, path, dora, form=form)
                answer = arena.ask(probe)
                assert answer.status_code < 500, (path, answer.text[-2000:])
                assert not foreign(arena, VICTIM, answer.text, probe.sent), path
                assert arena.versions() == before, path
                sent += 1
    assert sent > 25


def test_what_one_company_tells_is_not_shown_by_the_other(arena: Arena) -> None:
    """A message about what was done waits for a page of the company in which it was done."""
    tabs = browser_of(arena, "dora")
    name = f"{arena_mark()}name"
    form = {"code": "X1", "name": name, "unit": "kg", "active": "1", "csrf_token": token(arena)}
    assert tabs.post(f"/c/{ACME}/registers/products/new", data=form).status_code == 303
    for page in (f"/c/{VICTIM}/", f"/c/{VICTIM}/accounts", f"/c/{VICTIM}/nowhere"):
        assert name not in tabs.get(page).text
    assert name not in tabs.get("/companies").text
    assert name in tabs.get(f"/c/{ACME}/accounts").text
    assert name not in tabs.get(f"/c/{ACME}/accounts").text


def test_what_is_told_to_one_user_is_not_shown_to_the_next(arena: Arena) -> None:
    """Neither after signing out, nor where somebody else signs in with the same browser."""
    browser = browser_of(arena, "dora")
    name = f"{arena_mark()}name"
    form = {"code": "X1", "name": name, "unit": "kg", "active": "1", "csrf_token": token(arena)}
    assert browser.post(f"/c/{ACME}/registers/products/new", data=form).status_code == 303
    browser.delete_cookie(cookie_name_of(arena.site))
    assert name not in browser.get("/sign-in").text
    browser.set_cookie(cookie_name_of(arena.site), arena.people["anna"].token)
    for page in ("/companies", f"/c/{ACME}/"):
        assert name not in browser.get(page).text


def token(arena: Arena) -> str:
    who = arena.people["dora"]
    return arena.form_token(Probe("", "", "POST", "/", who))


def arena_mark() -> str:
    """A text that stands nowhere else."""
    return "zyxw" * 5
