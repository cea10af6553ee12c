"""An application in a folder of its own, and browsers to visit it with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import AnyConverter, IntegerConverter
from werkzeug.test import TestResponse

from cuneifox import create_app
from cuneifox.config import Config, PasswordRules, Throttle
from models.companies import Company, create_company
from models.people import Membership, User

CHEAP = PasswordRules(time_cost=1, memory_kib=8, parallelism=1)
"""Passwords that cost nothing: what is tested is not argon2."""
PASSWORD = "a fox in the clay"


class Clock:
    """A clock that stands still until it is turned; `at` is UTC seconds."""

    def __init__(self) -> None:
        self.at = 1_800_000_000.0

    def __call__(self) -> float:
        return self.at

    def turn(self, seconds: float) -> None:
        """Let that much time pass."""
        self.at += seconds


class Browser:
    """A client that fills in the form token as a page would."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, **how: Any) -> TestResponse:
        return self.client.get(path, **how)

    def token(self, page: str = "/sign-in") -> str:
        found = re.search(r'name="csrf_token" value="(\w+)"', self.get(page).text)
        assert found, f"{page} has no form"
        return found[1]

    def post(self, path: str, page: str = "/sign-in", **form: Any) -> TestResponse:
        """Send a form with the token of a page; signed in, any page has the same."""
        form.setdefault("csrf_token", self.token(page))
        return self.client.post(path, data=form)

    def sign_in(self, user: str, password: str = PASSWORD, **form: Any) -> TestResponse:
        return self.post("/sign-in", user=user, password=password, **form)


class Site:
    """One installation. `clock` is the time that it goes by."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.clock = Clock()
        settings = {"data_folder": str(folder), "passwords": CHEAP} | settings
        self.config = Config(**settings)
        self.app = create_app(self.config, now=self.clock)
        self.app.testing = True
        self.services = self.app.extensions["cuneifox"]
        self.router = self.services.router

    def browser(self) -> Browser:
        """A browser without any cookies."""
        return Browser(self.app.test_client())

    def user(self, name: str, **given: Any) -> User:
        """A user with PASSWORD."""
        with self.app.app_context():
            return User.add(name, PASSWORD, passwords=self.services.passwords, **given)

    def company(self, slug: str, *members: User, levels: Any = None) -> Company:
        """A company with members that have all rights, or those given."""
        with self.app.app_context():
            company = create_company(self.router, slug=slug, name=f"The {slug} company")
            for user in members:
                rights = () if levels is None else (levels,)
                Membership.grant(user, company.tenant_id, *rights)
            return company

    def signed_in(self, name: str, **form: Any) -> Browser:
        """A browser in which that user has signed in."""
        browser = self.browser()
        response = browser.sign_in(name, **form)
        assert response.status_code == 303, response.text
        return browser

    def close(self) -> None:
        self.services.close()


def every_route(app: Flask) -> Iterator[tuple[str, str, Any]]:
    """(method, path, view) of all routes, with made-up values for what varies in a path.

    Tests that hold for every route take them from here, so that none has to be added to a list.
    """
    made_up = {IntegerConverter: 1}
    urls = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        values: dict[str, Any] = {}
        for name, converter in rule._converters.items():
            first = next(iter(converter.items), "x") if isinstance(converter, AnyConverter) else "x"
            values[name] = "acme" if name == "slug" else made_up.get(type(converter), first)
        path = urls.build(rule.endpoint, values)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, path, app.view_functions[rule.endpoint]


STRICT = Throttle(account_failures=3, account_minutes=1, address_failures=5, address_minutes=1)
"""Throttling that a test reaches quickly."""
