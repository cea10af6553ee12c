"""A response that streams works in its request's entry until it is closed, however the server goes about it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import flask
import pytest
from flask import Flask

from flask_app import Exchange, each_text, make_app, texts
from routed_models import Item, Person, tenant
from tenants import UNIVERSAL, NoTenant, Router, current_entry

STREAMS = ["/stream", "/stream-with-context"]


@pytest.fixture(scope="module")
def companies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Router]:
    """`acme` and `globex`, with the same rows but for their names."""
    router = Router(tmp_path_factory.mktemp("streams") / "data")
    tenant(router, "acme")
    tenant(router, "globex")
    router.universal.create_tables([Person])
    yield router
    router.close()


@pytest.fixture
def app(companies: Router) -> Iterator[Flask]:
    """The application; whatever a test did with it, no entry is left."""
    yield make_app(companies, may_enter=lambda token, t: True)
    assert set(companies.db_dict) == {UNIVERSAL}
    assert current_entry() is None
    companies.may_enter = None


@pytest.mark.parametrize("path", STREAMS)
def test_a_stream_has_its_entry_to_the_end(app: Flask, companies: Router, path: str) -> None:
    """The entry lives while the body is read, is current in its steps alone, and ends as the body is closed."""
    exchange = Exchange(app, path, "acme")
    assert exchange.step().endswith("acme 1\n")
    assert len(companies.db_dict) == 2
    assert current_entry() is None
    with pytest.raises(NoTenant):
        texts()
    assert exchange.rest().endswith("acme 3\n")
    assert set(companies.db_dict) == {UNIVERSAL}


@pytest.mark.parametrize("path", STREAMS)
def test_interleaved_streams(app: Flask, path: str) -> None:
    """Two companies' streams that one thread sends in turns, with whole requests between, don't mix."""
    one, two = Exchange(app, path, "acme"), Exchange(app, path, "globex")
    for number in (1, 2):
        assert one.step().endswith(f"acme {number}\n")
        assert two.step().endswith(f"globex {number}\n")
        assert "globex 3" in Exchange(app, "/items", "globex").rest()
    one.close()
    assert two.rest().endswith("globex 3\n")


def test_streams_opened_within_an_entry(app: Flask, companies: Router) -> None:
    """A body that is read within somebody else's entry neither sees it nor changes it."""
    with companies.using("globex") as entry:
        exchange = Exchange(app, "/stream", "acme")
        assert exchange.step() == "acme 1\n"
        assert current_entry() is entry
        assert texts()[0] == "globex 1"
        exchange.close()
        assert current_entry() is entry


@pytest.mark.parametrize("path", [*STREAMS, "/items"])
def test_a_body_that_is_never_read(app: Flask, path: str) -> None:
    """A body that is closed unread, as for HEAD, leaves no entry."""
    Exchange(app, path, "acme").close()


@pytest.mark.parametrize("path", STREAMS)
def test_a_client_that_goes_away(app: Flask, path: str) -> None:
    """A body that is closed half read leaves no entry."""
    exchange = Exchange(app, path, "acme")
    exchange.step()
    exchange.close()
    exchange.close()


def test_a_generator_cleans_up_in_its_entry(app: Flask) -> None:
    """What a generator does as it is closed still runs in its request's entry."""
    seen = []

    @app.get("/cleaning")
    def cleaning() -> flask.Response:
        def body() -> Iterator[str]:
            try:
                yield from each_text()
            finally:
                seen.append(texts()[0])

        return flask.Response(body())

    exchange = Exchange(app, "/cleaning", "acme")
    exchange.step()
    exchange.close()
    assert seen == ["acme 1"]


def test_a_generator_that_breaks(app: Flask, companies: Router) -> None:
    """An error in the middle of a body ends the entry at once, before the server gets to close it."""

    @app.get("/breaking")
    def breaking() -> flask.Response:
        def body() -> Iterator[str]:
            yield texts()[0]
            raise ZeroDivisionError

        return flask.Response(body())

    exchange = Exchange(app, "/breaking", "acme")
    assert exchange.step() == "acme 1"
    with pytest.raises(ZeroDivisionError):
        exchange.step()
    assert set(companies.db_dict) == {UNIVERSAL}
    exchange.close()


def test_a_close_that_breaks(app: Flask, companies: Router) -> None:
    """An error in a body's own `close` still ends the entry."""

    @app.get("/closing")
    def closing() -> flask.Response:
        def fail() -> None:
            raise ZeroDivisionError

        response = flask.Response(each_text())
        response.call_on_close(fail)
        return response

    exchange = Exchange(app, "/closing", "acme")
    with pytest.raises(ZeroDivisionError):
        exchange.close()
    assert set(companies.db_dict) == {UNIVERSAL}


@pytest.mark.parametrize("streamed", [True, False])
def test_what_a_response_does_on_close(app: Flask, streamed: bool) -> None:
    """What a response was told to do on closing runs in the request's entry, streamed or not."""
    seen = []

    @app.get("/on-close")
    def on_close() -> flask.Response:
        response = flask.Response(each_text() if streamed else "whole")
        response.call_on_close(lambda: seen.append(texts()[0]))
        return response

    Exchange(app, "/on-close", "acme").rest()
    assert seen == ["acme 1"]


def test_a_stream_that_uses_another_company(app: Flask, companies: Router) -> None:
    """A generator that yields within `using` goes on there at its next step, whatever the server did in between."""

    @app.get("/both")
    def both() -> flask.Response:
        def body() -> Iterator[str]:
            yield texts()[0]
            with companies.using("acme"):
                yield texts()[1]
                yield texts()[2]
            yield texts()[0]

        return flask.Response(body())

    exchange = Exchange(app, "/both", "globex")
    found = [exchange.step(), exchange.step()]
    Exchange(app, "/items", "globex").rest()
    found += [exchange.step(), exchange.step()]
    exchange.close()
    assert found == ["globex 1", "acme 2", "acme 3", "globex 1"]


def test_a_body_may_move_to_another_thread(app: Flask) -> None:
    """A server may read and close a body in another thread than it was begun in."""
    exchange = Exchange(app, "/stream", "acme")
    found = [exchange.step()]
    thread = threading.Thread(target=lambda: found.append(exchange.rest()))
    thread.start()
    thread.join()
    assert found == ["acme 1\n", "acme 2\nacme 3\n"]


def test_a_half_read_query_ends_with_its_stream(app: Flask) -> None:
    """A query that a stream has begun to read holds no connection, once the client is gone."""
    kept = []

    @app.get("/query")
    def query() -> flask.Response:
        rows = Item.select().iterator()
        kept.append(rows)
        return flask.Response(row.text for row in rows)

    exchange = Exchange(app, "/query", "acme")
    exchange.step()
    exchange.close()
    Exchange(app, "/write/new", "acme").rest()
    assert kept


def test_the_middleware_is_what_keeps_it(app: Flask) -> None:
    """With the middleware taken off, a streamed body has lost its entry: the tests above see that."""
    app.wsgi_app = app.wsgi_app.wsgi_app  # type: ignore[method-assign, attr-defined]
    exchange = Exchange(app, "/stream", "acme")
    with pytest.raises(NoTenant):
        exchange.rest()
