"""Where attacks take place: an installation under watch, and what each answer is held against."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from peewee import sqlite3
from werkzeug.test import TestResponse

from attacks.companies import ACME, ALL_OWNERS, SLUGS, VICTIM, Attacked, owners_of
from attacks.forms import Forms
from attacks.furnished import fingerprint, homes, lay_out, needles
from attacks.marks import Sighting
from attacks.people import Identity, identities
from attacks.probes import MADE_UP_HOST, MADE_UP_ID, Probe, Quiver
from attacks.routes import UNSAFE, Heard, Pool, targets
from attacks.rules import forbidden, kept_out, may_look, may_write
from attacks.standing import Standing
from attacks.universal import Concerned, concerned
from attacks.watching import MADE, Log, Watch, errors_of, temporary_files_in, text_of
from cuneifox.identify import cookie_name
from cuneifox.security import _token
from models.people.sessions import digest_of
from tenants import UNIVERSAL

WRONG_TOKEN = "0" * 64


class Finding(NamedTuple):
    """Something that mustn't be."""

    what: str
    probe: str
    told: str

    def __str__(self) -> str:
        return f"{self.what}: {self.told}\n    {self.probe}"


class Arena:
    """An installation of its own, attacked from acme; globex is the victim.

    Args:
        folder: an empty one; the data folder is made in it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.temporary = folder / "tmp"
        self.temporary.mkdir(parents=True)
        lay_out(self.data)
        self.stack = ExitStack()
        self.site = Attacked(self.data)
        self.stack.callback(lambda: self.site.close())  # whichever is open by then
        self.people = identities(self.site)
        self.needles = needles(self.site, {who.token for who in self.people.values()})
        self.victim_rows: Concerned = concerned(self.site, f"people of {VICTIM}")
        self.homes = {slug: homes(self.site, slug) for slug in SLUGS}
        own = Pool.of(self.site, ACME, ("anna", "root", "remo"))
        other = Pool.of(self.site, VICTIM, ("boris",))
        spoofs = {
            "tenant": other.names["tenant"][0],
            "user": other.names["user"][0],
            "token": self.people["boris"].digest,
        }
        self.quiver = Quiver(
            targets(self.site.app),
            self.attackers(),
            own,
            other,
            Heard(self.site.app),
            Forms(self.site.app),
            spoofs,
        )
        self._reopen()
        self._set_up_watches()
        self.seen = self._learn()

    def _reopen(self) -> None:
        """Start anew, as a server does: nothing of the victim's is open any more."""
        self.site.close()
        self.site = Attacked(self.data)
        self.quiver.heard = Heard(self.site.app)
        self.quiver.forms = Forms(self.site.app)
        self.quiver.targets = targets(self.site.app)
        self.victim_rows = concerned(self.site, f"people of {VICTIM}")

    def _set_up_watches(self) -> None:
        self.stack.enter_context(temporary_files_in(self.temporary))
        self.log = Log()
        self.stack.callback(self.log.close)
        self.files_before = fingerprint(self.homes[VICTIM])
        self.rows_before = self.victim_rows.rows()
        self.standing = Standing(self.site)
        self.acme_files = [
            self.stack.enter_context(closing(sqlite3.connect(str(file))))
            for home in self.homes[ACME]
            for file in sorted(home.glob("*.db"))
        ]
        self.watch = Watch(self.homes[VICTIM])
        self.stack.callback(self.watch.close)
        self.made = Watch([self.temporary, self.folder], MADE)
        self.stack.callback(self.made.close)
        self.log.taken()
        self.answered: dict[int, int] = {}
        self.typed = ""  # what attackers have written into their own books so far

    def _learn(self) -> set[Sighting]:
        """Know the forms and what views ask for, as `crawl` found them; once is enough for a process."""
        routes = frozenset(str(rule) for rule in self.site.app.url_map.iter_rules())
        if routes not in _LEARNED:
            seen = self.crawl()
            _LEARNED[routes] = (self.quiver.heard.names, self.quiver.forms.by_endpoint, seen)
        names, forms, seen = _LEARNED[routes]
        self.quiver.heard.names = {view: set(known) for view, known in names.items()}
        self.quiver.forms.by_endpoint = dict(forms)
        return seen

    def crawl(self) -> set[Sighting]:
        """Open every page of acme's; return the texts on them, and learn the forms and what views ask for."""
        seen = set()
        for name in ("anna", "root"):
            for probe in self.quiver.crawl(self.people[name]):
                answer = self.ask(probe)
                text = answer.get_data().decode("utf-8", "replace")
                seen |= self.needles.in_text(text, owners_of(ACME), probe.path.lower())
                if answer.mimetype == "text/html":
                    self.quiver.forms.read(probe.path, text)
        self.log.taken()
        return seen

    def attackers(self) -> dict[str, Identity]:
        """Everybody but the victim's member, and who is also a member of both."""
        return {n: who for n, who in self.people.items() if who.user not in ("boris", "dora")}

    def close(self) -> None:
        """End the installation, and watch no more."""
        self.stack.close()

    # One request

    def ask(self, probe: Probe) -> TestResponse:
        """Send a probe and return the whole answer."""
        who = probe.who
        headers = {**probe.headers}
        if who.token:
            headers["Cookie"] = f"{cookie_name_of(self.site)}={who.token}"
        how: dict[str, Any] = {"headers": headers, "query_string": probe.query, "buffered": True}
        token = self.form_token(probe)
        if probe.method in UNSAFE and token:
            headers["X-CSRF-Token"] = token
        if probe.json is not None:
            how["json"] = probe.json
        elif probe.raw is not None:
            how["data"] = probe.raw
        elif probe.form is not None:
            how["data"] = probe.form
            if probe.multipart:
                how["content_type"] = "multipart/form-data"
        client = self.site.app.test_client(use_cookies=False)
        return client.open(probe.path, method=probe.method, **how)

    def form_token(self, probe: Probe) -> str:
        if probe.token == "none":
            return ""
        digest = probe.who.digest if probe.token == "right" else self.people["boris"].digest
        if not digest:
            return WRONG_TOKEN
        with self.site.app.app_context():
            return _token(digest)

    def fire(self, probe: Probe) -> list[Finding]:
        """Send a probe, and return what was wrong with the answer or with what it left behind."""
        versions = self.versions() if not may_write(probe) else []
        self.log.taken()  # what a test did in between
        try:
            answer = self.ask(probe)
        except Exception as error:  # noqa: BLE001 - whatever comes out of the application is a finding
            self.log.taken()
            return [Finding("crash", str(probe), repr(error))]
        if probe.method in UNSAFE:  # it may be kept, and shown for as long
            told = self.needles.in_text(probe.sent, ALL_OWNERS, self.typed)
            self.typed += "".join(f" {one.text}" for one in sorted(told))
        status = answer.status_code
        self.answered[status] = self.answered.get(status, 0) + 1
        found = [(what, told) for what, told in self._told(probe, answer)]
        if versions and versions != self.versions():
            found.append(("change without a right", "acme's files were written"))
        found += self._left(probe)
        return [Finding(what, str(probe), told) for what, told in found]

    def fire_all(self, probes: Iterable[Probe]) -> list[Finding]:
        """Fire them one after the other."""
        return [finding for probe in probes for finding in self.fire(probe)]

    # What is held against it

    def _told(self, probe: Probe, answer: TestResponse) -> Iterable[tuple[str, str]]:
        # The digest of a token is no secret: it stands in keys and logs. The token itself is one.
        sent = f"{probe.sent} {digest_of(probe.who.token)} {self.typed}"
        owners = forbidden(probe)
        body = answer.get_data().decode("utf-8", "replace")
        records = self.log.taken()
        headers = "\n".join(f"{name}: {value}" for name, value in answer.headers)
        for what, text in (("body", body), ("log", text_of(records))):
            if seen := self.needles.in_text(text, owners, sent):
                yield f"leak into the {what}", _named(seen)
        if seen := self.needles.in_cookie(headers, owners, sent):
            yield "leak into the headers", _named(seen)
        status = answer.status_code
        if status >= 500:
            yield "crash", f"status {status}: {errors_of(records)}"
        elif any(record.levelno >= logging.ERROR for record in records):
            yield "crash", f"an error was logged: {errors_of(records)}"
        if "Traceback (most recent call last)" in body:
            yield "crash", "a traceback in the answer"
        for made_up in (MADE_UP_HOST, MADE_UP_ID):
            if made_up in headers or made_up in body:
                yield "a made-up header was believed", made_up
        if not kept_out(probe, answer):
            yield "open door", f"status {status}, {answer.headers.get('Location', '')}"
        if list(self.site.app.db_dict) != [UNIVERSAL]:  # type: ignore[attr-defined]
            yield "entry left", str(list(self.site.app.db_dict))  # type: ignore[attr-defined]

    def _left(self, probe: Probe) -> list[tuple[str, str]]:
        found = []
        touched = self.watch.touched()
        if touched and not may_look(probe):
            found.append(("the victim's files were touched", str(sorted(map(str, touched)))))
        for file in self.made.touched():
            if file.parent == self.temporary and file.is_file():
                text = file.read_bytes().decode("latin-1")
                if seen := self.needles.in_text(text, forbidden(probe), probe.sent):
                    found.append(("leak into a temporary file", _named(seen)))
            if file.parent == self.folder:
                found.append(("file outside the data folder", str(file)))
        if probe.method in UNSAFE:
            found += self._changed_rows()
            self.standing.restore()
            self.log.taken()  # what was looked up here
        return found

    def _changed_rows(self) -> list[tuple[str, str]]:
        rows = self.victim_rows.rows()
        if rows == self.rows_before:
            return []
        differs = [table for table in rows if rows[table] != self.rows_before[table]]
        self.rows_before = rows
        return [("the victim's rows changed", ", ".join(differs))]

    def versions(self) -> list[int]:
        """A number per file of acme's that grows with each commit of somebody else's."""
        return [_version(connection) for connection in self.acme_files]

    def verdict(self) -> list[Finding]:
        """What an attack as a whole did to the victim; the arena is closed by it."""
        found = [Finding("the victim's rows changed", "all", t) for _w, t in self._changed_rows()]
        self.close()
        if fingerprint(self.homes[VICTIM]) != self.files_before:
            found.append(
                Finding("the victim's files changed", "all", str(fingerprint(self.homes[VICTIM])))
            )
        return found


_LEARNED: dict[frozenset[str], tuple[Any, Any, set[Sighting]]] = {}


"""By the application's addresses: names, forms and texts that were found there."""


def cookie_name_of(site: Attacked) -> str:
    """The name of the session's cookie."""
    with site.app.app_context():
        return cookie_name()


def _version(connection: Any) -> int:
    try:
        return int(connection.execute("PRAGMA data_version").fetchone()[0])
    except sqlite3.OperationalError:  # the company was purged, and its files with it
        return 0


def _named(seen: set[Sighting]) -> str:
    return ", ".join(f"{one.text} of {one.owner}" for one in sorted(seen)[:8])


@contextmanager
def arena_in(folder: Path) -> Any:
    """An arena, closed at the block's end."""
    arena = Arena(folder)
    try:
        yield arena
    finally:
        arena.close()
