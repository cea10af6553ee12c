"""The ways in which code comes to work for a company: each runs some work in an entry of one, or in none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import copy_context
from dataclasses import dataclass
from threading import Barrier, Thread
from typing import Any

import click
import flask
from werkzeug.test import EnvironBuilder

from tenants import Router, SharedEntry, WrongTenant
from tenants.flask import init_app

Work = Callable[[], Any]


class Site:
    """A router with what the ways need of it: an application, and a pool whose threads do one job after another."""

    def __init__(self, router: Router) -> None:
        self.router = router
        self.app = _make_app(router)
        self.pool = ThreadPoolExecutor(2)
        together = Barrier(2)
        list(self.pool.map(lambda n: together.wait(), range(2)))  # both threads are there now

    def close(self) -> None:
        """End the pool's threads."""
        self.pool.shutdown()


def _make_app(router: Router) -> flask.Flask:
    """An application that does the work that comes along with a request."""
    app = flask.Flask("ways")
    app.testing = True  # errors come out

    def identify(request: flask.Request) -> tuple[str, str] | None:
        slug = request.headers.get("X-Tenant")
        return (f"digest of {slug}", slug) if slug else None

    init_app(app, router, identify, may_enter=lambda token, tenant: True)

    def work() -> None:
        flask.request.environ["tests.work"]()

    @app.get("/at-once")
    def at_once() -> str:
        work()
        return "done"

    @app.get("/in-a-step")
    def in_a_step() -> flask.Response:
        work = flask.request.environ["tests.work"]

        def body() -> Iterator[str]:
            yield "begun"
            work()
            yield "done"

        return flask.Response(body())

    @app.get("/in-a-step-with-context")
    def in_a_step_with_context() -> flask.Response:
        def body() -> Iterator[str]:
            yield "begun"
            work()
            yield "done"

        return flask.Response(flask.stream_with_context(body()))

    return app


def _ask(path: str) -> Callable[[Site, str | None, Work], Any]:
    def ask(site: Site, slug: str | None, work: Work) -> Any:
        done: list[Any] = []
        environ = EnvironBuilder(path, headers={"X-Tenant": slug} if slug else {}).get_environ()
        environ["tests.work"] = lambda: done.append(work())
        body: Any = site.app.wsgi_app(environ, lambda status, headers, exc_info=None: None)
        try:
            for _ in body:
                pass
        finally:
            body.close()
        return done[0]

    return ask


def within_a_request(site: Site, slug: str | None, work: Work) -> Any:
    """A request, signed in or not, that enters the company itself, as a report over several companies does."""
    if slug is None:
        return _ask("/at-once")(site, None, work)

    def enter() -> Any:
        with site.router.using(slug):
            return work()

    return _ask("/at-once")(site, "initech", enter)


def _outcome(future: Future[Any], work: Work) -> None:
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001 - whatever it is, the caller gets it
        future.set_exception(error)


def _thread(token: str | None) -> Callable[[Site, str | None, Work], Any]:
    def run(site: Site, slug: str | None, work: Work) -> Any:
        future: Future[Any] = Future()
        if slug is None:
            thread = Thread(target=_outcome, args=(future, work))
            thread.start()
        else:
            thread = site.router.start_thread(
                _outcome, future, work, tenant=slug, session_token=token
            )
        thread.join()
        return future.result()

    return run


def thread_pool(site: Site, slug: str | None, work: Work) -> Any:
    """A job in a pool, in a thread that has done, or is in the middle of, another company's."""

    def job() -> Any:
        if slug is None:
            return work()
        with site.router.using(slug):
            return work()

    return site.pool.submit(job).result()


def nested_app_context(site: Site, slug: str | None, work: Work) -> Any:
    """An application context that is pushed within the entry, and so has an empty `g`."""
    with ExitStack() as stack:
        stack.enter_context(site.app.app_context())
        if slug is not None:
            stack.enter_context(site.router.using(slug))
        stack.enter_context(site.app.app_context())
        return work()


def copied_context(site: Site, slug: str | None, work: Work) -> Any:
    """A copy of the context, made in the entry; for none, the copy is used when the entry has been left."""
    with site.router.using(slug or "acme"):
        copied = copy_context()
        if slug is not None:
            return copied.run(work)
    return copied.run(work)


@click.command()
@click.option("--tenant")
@click.pass_obj
def command(job: tuple[Router, Work], tenant: str | None) -> Any:
    """Do the work, for a company or for none."""
    router, work = job
    if tenant is None:
        return work()
    with router.using(tenant):
        return work()


def command_line(site: Site, slug: str | None, work: Work) -> Any:
    """A click command."""
    arguments = [f"--tenant={slug}"] if slug else []
    return command.main(arguments, standalone_mode=False, obj=(site.router, work))


def generator(site: Site, slug: str | None, work: Work) -> Any:
    """A generator that enters the company, works, and leaves before it yields."""

    def steps() -> Iterator[Any]:
        if slug is None:
            yield work()
            return
        with site.router.using(slug):
            done = work()
        yield done

    return next(steps())


def waiting_generator(site: Site, slug: str | None, work: Work) -> Any:
    """A generator that yields within its entry, and lends it to its consumer: who may be in another company's."""

    def steps() -> Iterator[None]:
        if slug is None:
            yield
            return
        with site.router.using(slug):
            yield

    waiting = steps()
    try:
        next(waiting)
        return work()
    finally:
        waiting.close()


@dataclass(frozen=True)
class Way:
    """One way in.

    Attributes:
        name: what people call it.
        inside: does the work in an entry of the company of that slug that came about in this way; for None, where
            somebody came this way without a company.
        boundaries: what else, by its name in `guards.BOUNDARIES`, keeps companies apart on this way.
    """

    name: str
    inside: Callable[[Site, str | None, Work], Any]
    boundaries: str = ""

    @property
    def refusals(self) -> tuple[type[Exception], ...]:
        """What is raised for what was taken in another company."""
        return (WrongTenant, SharedEntry) if self.boundaries else (WrongTenant,)

    def __str__(self) -> str:
        return self.name


WAYS = [
    Way("request", _ask("/at-once")),
    Way("using within a request", within_a_request),
    Way("streamed response", _ask("/in-a-step")),
    Way("streamed response with context", _ask("/in-a-step-with-context")),
    Way("client thread", _thread("digest")),
    Way("server thread", _thread(None)),
    Way("thread pool", thread_pool),
    Way("nested app context", nested_app_context),
    Way("copy_context", copied_context),
    Way("command line", command_line),
    Way("generator", generator),
    Way("generator that waits", waiting_generator, "generators"),
]
