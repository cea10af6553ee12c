"""Two sessions on two companies in one process: thousands of mixed requests on several threads, and nothing strays.

`STRESS_REQUESTS` sets how many requests there are (2,400), `STRESS_SEED` repeats a run.
"""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator

import flask
import pytest

from notes import Contact, Note
from tenants import NotAMember, Router, current_store
from tenants.flask import init_app
from tenants.testing import open_database_files

REQUESTS = int(os.environ.get("STRESS_REQUESTS", "2400"))
SEED = int(os.environ.get("STRESS_SEED") or random.SystemRandom().randrange(2**32))
THREADS = 8
CANARIES = {"acme": "canary-of-acme-1f9c", "globex": "canary-of-globex-77ab"}


def make_app(router: Router) -> flask.Flask:
    """An application that reads, writes, streams and fails; a session is a member of the company of its name alone."""
    app = flask.Flask("stress")

    def identify(request: flask.Request) -> tuple[str, str] | None:
        slug = (request.view_args or {}).get("slug")
        session = request.headers.get("X-Session")
        if session is None or slug != session:
            flask.abort(404)
        return f"digest of {session}", slug

    init_app(app, router, identify)

    @app.get("/<slug>/notes")
    def notes(slug: str) -> str:
        return "\n".join(note.text for note in Note.select().order_by(Note.id.desc()).limit(40))

    @app.get("/<slug>/contacts")
    def contacts(slug: str) -> dict[str, str]:
        return {contact.name: Note.get_by_id(1).text for contact in Contact.select()}

    @app.get("/<slug>/stream")
    def stream(slug: str) -> flask.Response:
        def rows() -> Iterator[str]:
            for note in Note.select().order_by(Note.id.desc()).limit(150).iterator():
                yield f"{note.text} {Contact.get_by_id(1).name}\n"

        return flask.Response(rows())

    @app.get("/<slug>/broken-stream")
    def broken_stream(slug: str) -> flask.Response:
        def rows() -> Iterator[str]:
            yield from (note.text for note in Note.select().limit(3))
            raise ZeroDivisionError

        return flask.Response(rows())

    @app.post("/<slug>/notes")
    def add(slug: str) -> str:
        return current_store("books").write(Note.create, text=CANARIES[slug]).text

    @app.post("/<slug>/count")
    def count(slug: str) -> str:
        def add_one() -> int:
            note = Note.get_by_id(1)
            note.count += 1
            note.save()
            return note.count

        return str(current_store("books").write(add_one))

    @app.post("/<slug>/failing")
    def failing(slug: str) -> str:
        with current_store("books").writing():
            Note.create(text="never committed")
            raise ZeroDivisionError

    @app.post("/<slug>/left-open")
    def left_open(slug: str) -> str:
        current_store("books").database.session_start()
        Note.create(text="never committed")
        return Note.get_by_id(1).text

    @app.get("/<slug>/neighbour")
    def neighbour(slug: str) -> str:
        (other,) = set(CANARIES) - {slug}
        with pytest.raises(NotAMember):
            router.enter_here(other)
        return Note.get_by_id(1).text

    @app.errorhandler(ZeroDivisionError)
    def told(error: Exception) -> tuple[str, int]:
        return f"failed for {Note.get_by_id(1).text}", 500

    return app


class Visitor:
    """A thread's client: does a mixture of requests for one company or the other, and looks at what comes back."""

    def __init__(self, app: flask.Flask, seed: int) -> None:
        self.client = app.test_client()
        self.random = random.Random(seed)
        self.done: Counter[tuple[str, str]] = Counter()
        self.wrong: list[str] = []

    def visit(self, requests: int) -> None:
        """Do so many requests."""
        kinds: list[tuple[int, Callable[[str], None]]] = [
            (30, self.read), (20, self.stream), (10, self.abandon), (5, self.break_off), (15, self.add),
            (10, self.count), (5, self.fail), (3, self.leave_open), (5, self.trespass), (2, self.look_next_door),
        ]  # fmt: skip
        work = self.random.choices([k for _, k in kinds], [w for w, _ in kinds], k=requests)
        for kind in work:
            slug = self.random.choice(list(CANARIES))
            try:
                kind(slug)
            except Exception as error:  # noqa: BLE001 - a thread's errors are shown by the test
                self.wrong.append(f"{kind.__name__} for {slug}: {error!r}")

    def ask(self, slug: str, method: str, path: str, status: int = 200, needs: bool = True) -> str:
        with self.client.open(
            f"/{slug}/{path}", method=method, headers={"X-Session": slug}
        ) as response:
            text = response.get_data(as_text=True)
        self.look(slug, f"{method} {path}", text, needs)
        if response.status_code != status:
            self.wrong.append(f"{method} {path} for {slug}: {response.status}")
        return text

    def look(self, slug: str, what: str, text: str, needs: bool = True) -> None:
        own, foreign = CANARIES[slug], (set(CANARIES.values()) - {CANARIES[slug]}).pop()
        if foreign in text or "never committed" in text or (needs and own not in text):
            self.wrong.append(f"{what} for {slug} answered {text[:200]!r}")

    def read(self, slug: str) -> None:
        self.ask(slug, "GET", self.random.choice(["notes", "contacts"]))

    def stream(self, slug: str) -> None:
        self.ask(slug, "GET", "stream")

    def abandon(self, slug: str) -> None:
        with self.client.get(
            f"/{slug}/stream", headers={"X-Session": slug}, buffered=False
        ) as response:
            self.look(slug, "abandoned", next(iter(response.response)).decode())  # type: ignore[arg-type]

    def break_off(self, slug: str) -> None:
        response = self.client.get(f"/{slug}/broken-stream", headers={"X-Session": slug})
        with pytest.raises(ZeroDivisionError):
            response.get_data()
        response.close()

    def add(self, slug: str) -> None:
        self.ask(slug, "POST", "notes")
        self.done[slug, "notes"] += 1

    def count(self, slug: str) -> None:
        self.ask(slug, "POST", "count", needs=False)
        self.done[slug, "count"] += 1

    def fail(self, slug: str) -> None:
        self.ask(slug, "POST", "failing", 500)

    def leave_open(self, slug: str) -> None:
        with self.client.post(f"/{slug}/left-open", headers={"X-Session": slug}) as response:
            self.look(slug, "left open", response.get_data(as_text=True))

    def trespass(self, slug: str) -> None:
        (other,) = set(CANARIES) - {slug}
        with self.client.get(f"/{other}/notes", headers={"X-Session": slug}) as response:
            text = response.get_data(as_text=True)
        if response.status_code != 404 or any(canary in text for canary in CANARIES.values()):
            self.wrong.append(f"a trespass of {slug} was answered {text[:200]!r}")

    def look_next_door(self, slug: str) -> None:
        self.ask(slug, "GET", "neighbour")


def test_nothing_strays_between_two_companies(router: Router) -> None:
    """No answer holds a foreign row, what was acknowledged is there once, and nothing is open that wasn't before."""
    for slug, canary in CANARIES.items():

        def fill(canary: str = canary) -> None:
            Note.create(text=canary)
            Contact.create(name=canary)

        router.create(slug, models=[Note, Contact], setup=fill)
    router.universal.release()
    router.pool.close()
    before, lent = open_database_files(), router.pool.lent()
    app = make_app(router)
    visitors = [Visitor(app, SEED + n) for n in range(THREADS)]
    threads = [
        threading.Thread(target=visitor.visit, args=(REQUESTS // THREADS,)) for visitor in visitors
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wrong = [found for visitor in visitors for found in visitor.wrong]
    assert wrong == [], f"with STRESS_SEED={SEED}"
    assert list(router.db_dict) == [("universal", None)]
    done = sum((visitor.done for visitor in visitors), Counter())
    for slug, canary in CANARIES.items():
        with router.using(slug):
            assert {note.text for note in Note.select()} == {canary}
            assert Note.select().count() == 1 + done[slug, "notes"]
            assert Note.get_by_id(1).count == done[slug, "count"]
            for role in ("books", "registers"):
                assert current_store(role).execute_sql("PRAGMA quick_check").fetchone() == ("ok",)
            assert current_store("books").lock.waiting() == 0
    router.universal.release()
    assert router.pool.lent() == lent
    router.pool.close()
    assert open_database_files() == before


def test_the_looks_would_see_a_stray_row(router: Router) -> None:
    """The control of the above: one foreign row in one answer is found."""
    router.create("acme", models=[Note, Contact], setup=lambda: Contact.create(name="somebody"))
    visitor = Visitor(make_app(router), SEED)
    with router.using("acme"):
        Note.create(text=f"{CANARIES['acme']} and {CANARIES['globex']}")
    visitor.read("acme")
    visitor.stream("acme")
    assert visitor.wrong
