"""Every address of the application, and what can stand in the places that vary in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import (
    AnyConverter,
    BaseConverter,
    FloatConverter,
    IntegerConverter,
    PathConverter,
    Rule,
    UUIDConverter,
)

from attacks.companies import Attacked, own_stores
from attacks.people import user_ids
from models.jobs.job import Job

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")
UNSAFE = frozenset(METHODS) - {"GET", "HEAD", "OPTIONS"}
OUTWARD = (
    "style.css",
    "../app.py",
    "..%2f..%2funiversal.db",
    "....//secret.key",
    "/etc/passwd",
    "%2e%2e/%2e%2e/etc/passwd",
    "..\\..\\secret.key",
    "style.css%00.db",
    "con",
    "x" * 5000,
)
"""What stands for a file's name."""


class CantFill(AssertionError):
    """Raised for a route with a place of which nobody said what may stand there."""


@dataclass
class Pool:
    """What belongs to one company and may be put where another's is expected."""

    slug: str
    numbers: list[int] = field(default_factory=list)
    names: dict[str, list[str]] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, site: Attacked, slug: str, people: tuple[str, ...]) -> Pool:
        """All numbers by which rows of a company are found, and its ids, names and codes."""
        pool = cls(slug)
        with site.app.app_context():
            tenant = site.router.tenant(slug)
            ids = user_ids(site)
            users = [ids[name] for name in people]
            theirs = (Job.tenant_id == tenant.id) | Job.user_id.in_(users)
            jobs = [job.id for job in Job.select(Job.id).where(theirs)]
            pool.names = {
                "id": [*users, tenant.id, *jobs],
                "user": users,
                "tenant": [tenant.id],
                "company": [tenant.id],
                "store": [store.id for store in tenant.stores.values()],
                "role": sorted(tenant.stores),
                "stamp": [backup.stamp for backup in site.services.backups.list(tenant)],
            }
            with site.router.using(tenant):
                for _role, store in own_stores(tenant):
                    pool.numbers += _keys(store.execute_sql)
                codes = tenant.store("books").execute_sql("SELECT code FROM accounts").fetchall()
        pool.numbers = sorted({*pool.numbers, 202601, 202612, 2024, 2026, 0, 2**63})
        given = [one for names in pool.names.values() for one in names]
        pool.words = [slug, *given, *(code for (code,) in codes[:5]), *map(str, pool.numbers[:40])]
        return pool


def _keys(run: Any) -> Iterator[int]:
    tables = run("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (table,) in tables:
        for _n, name, kind, _null, _d, key in run(f'PRAGMA table_info("{table}")').fetchall():
            if key and "INT" in kind.upper():
                rows = run(f'SELECT DISTINCT "{name}" FROM "{table}" ORDER BY 1 DESC LIMIT 12')
                yield from (row[0] for row in rows.fetchall())


@dataclass(frozen=True)
class Place:
    """A varying place of a rule."""

    name: str
    converter: BaseConverter

    def choices(self, pool: Pool, rule: str) -> list[Any]:
        """What of a company may stand here; CantFill where nothing is known of it."""
        kind = self.converter
        if isinstance(kind, AnyConverter):
            return sorted(kind.items)
        if isinstance(kind, IntegerConverter):
            return pool.numbers
        if isinstance(kind, FloatConverter):
            return [float(number) for number in pool.numbers]
        if isinstance(kind, PathConverter):
            return list(OUTWARD)
        if isinstance(kind, UUIDConverter) or self.name not in pool.names:
            raise CantFill(
                f"The route {rule} has a place {self.name!r} ({type(kind).__name__}) that the attacks don't know to "
                f"fill: say in attacks/routes.py, Pool.of, what of a company can stand there."
            )
        return pool.names[self.name]


@dataclass(frozen=True)
class Target:
    """One rule of the application."""

    rule: Rule
    places: tuple[Place, ...]
    of_company: bool

    @property
    def endpoint(self) -> str:
        """The view's name."""
        return str(self.rule.endpoint)

    @property
    def methods(self) -> frozenset[str]:
        """What the view takes."""
        return frozenset(self.rule.methods or ())

    def path(self, slug: str, values: dict[str, Any]) -> str:
        """The address, with a company's slug and these values in it."""
        given = values | ({"slug": slug} if self.of_company else {})
        built = self.rule.build(given, append_unknown=False)
        assert built is not None, self.rule
        return str(built[1])


def targets(app: Flask) -> list[Target]:
    """All rules, in one order."""
    found = []
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, str(rule.endpoint))):
        places = [Place(name, kind) for name, kind in rule._converters.items() if name != "slug"]
        found.append(Target(rule, tuple(places), "slug" in rule.arguments))
    return found


class Heard:
    """The names that views ask a query or a form for, heard as they ask; by endpoint."""

    def __init__(self, app: Flask) -> None:
        self.names: dict[str, set[str]] = {}
        heard = self

        class Listening(ImmutableMultiDict):  # type: ignore[type-arg]
            def get(self, key: Any, *more: Any, **how: Any) -> Any:
                heard.note(key)
                return super().get(key, *more, **how)

            def getlist(self, key: Any, *more: Any, **how: Any) -> Any:
                heard.note(key)
                return super().getlist(key, *more, **how)

            def __getitem__(self, key: Any) -> Any:
                heard.note(key)
                return super().__getitem__(key)

            def __contains__(self, key: Any) -> bool:
                heard.note(key)
                return super().__contains__(key)

        class ListeningRequest(app.request_class):  # type: ignore[name-defined, misc]
            parameter_storage_class = Listening

        app.request_class = ListeningRequest

    def note(self, name: Any) -> None:
        """A view asked for a name."""
        if isinstance(name, str) and request and request.endpoint:
            self.names.setdefault(request.endpoint, set()).add(name)

    def of(self, endpoint: str) -> list[str]:
        """What a view asked for so far, without the form's token."""
        return sorted(self.names.get(endpoint, set()) - {"csrf_token"})
