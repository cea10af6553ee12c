"""Who does the work: threads, steps of streamed bodies, and copies of a context."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextvars import Context
from queue import SimpleQueue
from typing import Any

import flask
from werkzeug.test import EnvironBuilder

from tenants import Router
from tenants.flask import init_app

from .model import Seat

Job = Callable[[], Any]


def _outcome(job: Job) -> tuple[Any, BaseException | None]:
    try:
        return job(), None
    except BaseException as error:  # noqa: BLE001 - whoever gave the job gets it
        return None, error


def _value(outcome: tuple[Any, BaseException | None]) -> Any:
    value, error = outcome
    if error is None:
        return value
    try:
        raise error
    finally:
        # It would stand in a frame of its own traceback, and keep alive what that has in hand, such as a cursor.
        del error, outcome


class Hand:
    """The calling thread.

    Attributes:
        seat: where it sits, by the model; it may be dead.
        thread: the ident of its thread.
        seats: every seat that it took and hasn't left.
    """

    def __init__(self) -> None:
        self.seat: Seat | None = None
        self.seats: list[Seat] = []
        self.thread = threading.get_ident()

    def arrive(self) -> None:
        """It is about to do something."""

    def run(self, job: Job) -> Any:
        """Do a job, here and now."""
        return job()

    def __repr__(self) -> str:
        return f"{type(self).__name__} on {self.thread}"


class Worker(Hand):
    """A thread that does a job when it is told to. Where the router starts it, it is in a company from the start."""

    def __init__(self, router: Router, tenant: str | None, token: str | None) -> None:
        super().__init__()
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._outcomes: SimpleQueue[Any] = SimpleQueue()
        if tenant is None:
            self._thread = threading.Thread(target=self._work)
            self._thread.start()
        else:
            self._thread = router.start_thread(self._work, tenant=tenant, session_token=token)
        self.thread = self._outcomes.get()

    def _work(self) -> None:
        self._outcomes.put(threading.get_ident())
        while (job := self._jobs.get()) is not None:
            self._outcomes.put(_outcome(job))

    def run(self, job: Job) -> Any:
        self._jobs.put(job)
        return _value(self._outcomes.get())

    def end(self) -> None:
        """Let the thread end."""
        self._jobs.put(None)
        self._thread.join()


class InContext(Hand):
    """A copy of a context, used by some thread."""

    def __init__(self, context: Context, seat: Seat | None, hand: Hand) -> None:
        self.context = context
        self.seat = seat
        self.hand = hand
        self.thread = hand.thread

    def run(self, job: Job) -> Any:
        return self.hand.run(lambda: self.context.run(job))


class Stream:
    """A response that is being sent: each step of its body does a job."""

    def __init__(self, app: flask.Flask, slug: str | None, number: int) -> None:
        environ = EnvironBuilder("/", headers={"X-Tenant": slug} if slug else {}).get_environ()
        environ["tests.cell"] = self.cell = []
        self.token = environ["tests.token"] = f"digest-{number}"
        self.body: Any = app.wsgi_app(environ, lambda status, headers, exc_info=None: None)
        self.seat: Seat | None = None

    def step(self, job: Job) -> Any:
        """Do a job in the next step of the body."""
        self.cell.append(job)
        next(self.body)
        return _value(self.cell.pop())


class InStream(Hand):
    """A step of a stream, taken by some thread: whoever sends the body has its entry."""

    def __init__(self, stream: Stream, hand: Hand) -> None:
        self.stream = stream
        self.hand = hand
        self.seat = stream.seat
        self.thread = hand.thread

    def arrive(self) -> None:
        if self.seat is not None:
            self.seat.thread = self.thread

    def run(self, job: Job) -> Any:
        self.arrive()
        return self.hand.run(lambda: self.stream.step(job))


def make_app(router: Router) -> flask.Flask:
    """An application whose one page does in each step of its body what it finds in the request's cell."""
    app = flask.Flask("world")
    app.testing = True

    def identify(request: flask.Request) -> tuple[str, str] | None:
        slug = request.headers.get("X-Tenant")
        return (request.environ["tests.token"], slug) if slug else None

    init_app(app, router, identify)

    @app.get("/")
    def page() -> flask.Response:
        cell = flask.request.environ["tests.cell"]

        def body() -> Iterator[bytes]:
            while True:
                cell.append(_outcome(cell.pop()))
                yield b"."

        return flask.Response(body())

    return app
