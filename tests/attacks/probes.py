"""One request of an attack, and how attacks are made: all of them in order, or at random by a seed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from attacks.companies import GLOBEX
from attacks.forms import Forms
from attacks.people import Identity
from attacks.routes import METHODS, UNSAFE, Heard, Pool, Target

ANYWAY = ("company", "slug", "tenant", "tenant_id", "user", "id", "next")
"""Names that are sent to every view, whether it asks for them or not."""

MADE_UP_HOST = f"{GLOBEX}.example"
MADE_UP_ID = "a" * 16
"""What an answer never has from made-up headers: it would lead elsewhere, or stand for somebody's request."""

SPOOFED: dict[str, dict[str, str]] = {
    "": {},
    "Host": {"Host": MADE_UP_HOST},
    "no Host": {"Host": ""},
    "X-Forwarded-*": {
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-Host": MADE_UP_HOST,
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Prefix": f"/c/{GLOBEX}",
        "X-Forwarded-Port": "443",
        "Forwarded": f"for=127.0.0.1;host={MADE_UP_HOST};proto=https",
        "X-Real-IP": "127.0.0.1",
    },
    "X-Request-Id": {"X-Request-Id": MADE_UP_ID, "X-Correlation-Id": MADE_UP_ID},
    "another path": {
        "X-Original-URL": f"/c/{GLOBEX}/journal.json",
        "X-Rewrite-URL": f"/c/{GLOBEX}/journal.json",
        "X-HTTP-Method-Override": "GET",
        "X-Script-Name": f"/c/{GLOBEX}",
        "Referer": f"http://localhost/c/{GLOBEX}/journal",
    },
    "another company": {
        "X-Company": GLOBEX,
        "X-Tenant": "{tenant}",
        "X-Tenant-Id": "{tenant}",
        "X-User": "{user}",
        "X-Remote-User": "{user}",
    },
    "another credential": {"Authorization": "Bearer {token}", "X-API-Key": "{token}"},
    "JSON": {"Accept": "application/json"},
}
"""Headers that somebody made up. What is in braces is the other company's."""

HOSTILE = (
    "\x00",
    "²",
    "9" * 400,
    "NaN",
    "9999-99-99",
    "'; DROP TABLE vouchers; --",
    "{{ 7919 * 7919 }}",
    "%(name)s",
    "../../universal.db",
    "file:x?mode=memory",
    "\u202e\ufeff\U0010ffff",
)
"""What comes instead of an id now and then."""

CARRIERS = ("nothing", "query", "form", "json", "multipart")
TOKENS = ("right", "none", "another's")


@dataclass(frozen=True)
class Probe:
    """A request, and what is known of it.

    Attributes:
        endpoint: the view that is meant.
        slug: the company in its address, "" for none.
        token: whether the form token sent is the sender's own.
    """

    endpoint: str
    slug: str
    method: str
    path: str
    who: Identity
    token: str = "right"
    query: dict[str, str] = field(default_factory=dict)
    form: dict[str, Any] | None = None
    json: dict[str, Any] | None = None
    multipart: bool = False
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def sent(self) -> str:
        """All that is sent but cookies, in lower case: what an answer may repeat."""
        parts = (self.path, self.query, self.form, self.json, self.headers, self.raw)
        return json.dumps(parts, ensure_ascii=False, default=str).lower()

    def __str__(self) -> str:
        told = f"{self.method} {self.path} by {self.who.name}, {self.token} token"
        for name in ("query", "form", "json", "raw", "headers"):
            if given := getattr(self, name):
                told += f", {name}={str(given)[:300]}"
        return told


def by_right(target: Target, who: Identity, method: str) -> bool:
    """Whether this would be no attack: administrators may change what concerns all companies."""
    return who.administers and method in UNSAFE and not target.of_company


class Quiver:
    """Makes probes.

    Args:
        targets: the application's routes.
        people: who attacks, by what they are called.
        own: what belongs to the company that they attack from.
        other: what belongs to the one that they attack.
        heard: the names that views ask for.
        forms: the forms that pages show.
        spoofs: what stands in braces in made-up headers.
    """

    def __init__(
        self,
        targets: list[Target],
        people: dict[str, Identity],
        own: Pool,
        other: Pool,
        heard: Heard,
        forms: Forms,
        spoofs: dict[str, str],
    ) -> None:
        self.targets = targets
        self.people = people
        self.own = own
        self.other = other
        self.heard = heard
        self.forms = forms
        self.spoofs = spoofs

    def in_order(self, targets: Iterable[Target]) -> Iterator[Probe]:
        """Each target by everybody, with everything made up, the other's ids everywhere, all methods."""
        chance = random.Random(7)
        for target in targets:
            methods = [m for m in METHODS if m in target.methods]
            odd = [m for m in METHODS if m not in target.methods]
            for who in self.people.values():
                for slug in (self.own.slug, self.other.slug)[: 1 + target.of_company]:
                    main = next((m for m in methods if m in UNSAFE), "GET")
                    for method in (main, chance.choice(("GET", *METHODS))):
                        if by_right(target, who, method):
                            continue
                        yield self.make(chance, target, who, slug, method)
            anna = self.people["anna"]
            for method in odd:
                yield self.make(chance, target, anna, self.own.slug, method)
            for method in methods:
                for spoof in SPOOFED:
                    slug = chance.choice((self.own.slug, self.other.slug))
                    yield self.make(chance, target, anna, slug, method, spoof=spoof)
                for carrier in CARRIERS:
                    yield self.make(chance, target, anna, self.own.slug, method, carrier=carrier)
                    yield self.make(chance, target, anna, self.other.slug, method, carrier=carrier)
            for method in UNSAFE & target.methods:
                for token in TOKENS:
                    yield self.make(chance, target, anna, self.own.slug, method, token=token)

    def at_random(self, chance: random.Random, count: int) -> Iterator[Probe]:
        """So many probes, each drawn anew."""
        people = list(self.people.values())
        for _n in range(count):
            target = chance.choice(self.targets)
            known = sorted(target.methods)
            method = chance.choice(known if chance.random() < 0.85 else METHODS)
            who = self.people["anna"] if chance.random() < 0.4 else chance.choice(people)
            if by_right(target, who, method):
                who = self.people["anna"]
            slug = chance.choice((self.own.slug, self.own.slug, self.other.slug, "initech"))
            yield self.make(
                chance,
                target,
                who,
                slug,
                method,
                spoof=chance.choice(list(SPOOFED)),
                carrier=chance.choice(CARRIERS),
                token=chance.choices(TOKENS, (8, 1, 1))[0],
            )

    def make(
        self,
        chance: random.Random,
        target: Target,
        who: Identity,
        slug: str,
        method: str,
        *,
        spoof: str = "",
        carrier: str = "",
        token: str = "right",
    ) -> Probe:
        """One probe; what isn't said is drawn."""
        pool = self.other if chance.random() < 0.7 else self.own
        rule = target.rule.rule
        values = {p.name: chance.choice(p.choices(pool, rule)) for p in target.places}
        carrier = carrier or ("form" if method in UNSAFE else chance.choice(("query", "nothing")))
        given = self._given(chance, target.endpoint)
        headers = {k: v.format(**self.spoofs) for k, v in SPOOFED[spoof].items()}
        return Probe(
            target.endpoint,
            slug if target.of_company else "",
            method,
            target.path(slug, values),
            who,
            token,
            query=given if carrier == "query" else {},
            form=given if carrier in ("form", "multipart") else None,
            json=given if carrier == "json" else None,
            multipart=carrier == "multipart",
            headers=headers,
        )

    def _given(self, chance: random.Random, endpoint: str) -> dict[str, Any]:
        """What is sent: all the names that the view asks for, or a page's own form with some changed."""
        names = [*self.heard.of(endpoint), *chance.sample(ANYWAY, 2)]
        shown = self.forms.of(endpoint)
        if shown and chance.random() < 0.6:
            changed = chance.sample(names, chance.choice((0, 1, 1, 2, 3)) % (len(names) + 1))
            return chance.choice(shown) | {name: self._word(chance) for name in changed}
        return {name: self._word(chance) for name in names if chance.random() < 0.9}

    def _word(self, chance: random.Random) -> str:
        if chance.random() < 0.1:
            return chance.choice(HOSTILE)
        source = self.other if chance.random() < 0.8 else self.own
        return chance.choice((*source.words, "", "1"))

    def everything(self, who: Identity, slug: str = "") -> Iterator[Probe]:
        """Each route of one's own company and of none, looked at and written to as its pages would."""
        for target in self.targets:
            if target.endpoint == "static" or by_right(target, who, "POST"):
                continue
            values = {p.name: p.choices(self.own, target.rule.rule)[-1] for p in target.places}
            path = target.path(slug or self.own.slug, values)
            at = slug or self.own.slug if target.of_company else ""
            form = next(iter(self.forms.of(target.endpoint)), None)
            yield Probe(target.endpoint, at, "GET", path, who)
            yield Probe(target.endpoint, at, "POST", path, who, form=form)

    def crawl(self, who: Identity) -> Iterator[Probe]:
        """What somebody finds by following links: each page of their own company, of some of its rows."""
        for target in self.targets:
            if "GET" not in target.methods:
                continue
            for n in range(12 if target.places else 1):
                choices = [p.choices(self.own, target.rule.rule) for p in target.places]
                if n >= max([1, *map(len, choices)]):
                    break
                values = {
                    p.name: held[n % len(held)]
                    for p, held in zip(target.places, choices, strict=True)
                }
                path = target.path(self.own.slug, values)
                slug = self.own.slug if target.of_company else ""
                yield Probe(target.endpoint, slug, "GET", path, who)
