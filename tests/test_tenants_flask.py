"""Each request is an entry, from Flask's first step to its last, whatever goes wrong in between."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import flask
import pytest
from flask import Flask, copy_current_request_context

from flask_app import Exchange, identify, make_app, texts
from routed_models import Item, Person, tenant
from tenants import (
    UNIVERSAL,
    AmbiguousRouter,
    NotAMember,
    NoTenant,
    Router,
    TenantError,
    current_entry,
)
from tenants.flask import init_app


@pytest.fixture(scope="module")
def companies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Router]:
    """`acme` and `globex`, with the same rows but for their names."""
    router = Router(tmp_path_factory.mktemp("flask") / "data")
    tenant(router, "acme")
    tenant(router, "globex")
    router.universal.create_tables([Person])
    Person.create(name="Ann")
    yield router
    router.close()


@pytest.fixture
def app(companies: Router) -> Iterator[Flask]:
    """The application; whatever a test did with it, no entry and no universal transaction is left."""
    yield make_app(companies)
    assert set(companies.db_dict) == {UNIVERSAL}
    assert current_entry() is None
    assert not companies.universal.in_transaction()


def as_of(slug: str | None, token: str = "digest") -> dict[str, str]:
    """Return the headers of a request in that company."""
    return {"X-Token": token} | ({"X-Tenant": slug} if slug else {})


def test_the_app_has_the_routers_db_dict(app: Flask, companies: Router) -> None:
    """`app.db_dict` is the router's own dict."""
    assert app.db_dict is companies.db_dict  # type: ignore[attr-defined]


def test_a_request_has_an_entry(app: Flask) -> None:
    """A signed-in request works on its company's store, under its session's digest and an id of its own."""
    client = app.test_client()
    keys = [client.get("/key", headers=as_of("acme")).json["key"] for _ in range(2)]
    assert [token for token, _ in keys] == ["digest", "digest"]
    assert keys[0][1] != keys[1][1]
    assert client.get("/items", headers=as_of("acme")).json == ["acme 1", "acme 2", "acme 3"]
    assert client.get("/items", headers=as_of("globex")).json == [
        "globex 1",
        "globex 2",
        "globex 3",
    ]


def test_a_request_id_is_the_servers(app: Flask) -> None:
    """No header of the client's gets into the key."""
    sent = {"X-Request-Id": "mine", "X-Request-ID": "mine", "Traceparent": "mine"}
    token, number = app.test_client().get("/key", headers={**as_of("acme"), **sent}).json["key"]
    assert token == "digest"
    assert len(number) == 16
    assert int(number, 16) >= 0


def test_nobody_signed_in_has_no_entry(app: Flask) -> None:
    """Whoever isn't signed in has universal models, and no store's."""
    client = app.test_client()
    assert client.get("/key").json == {"key": None}
    assert client.get("/people").json == ["Ann"]
    with pytest.raises(NoTenant):
        client.get("/items")


def test_a_page_of_no_company(app: Flask) -> None:
    """A signed-in page that concerns no company has an entry with universal models alone."""
    client = app.test_client()
    assert client.get("/key", headers=as_of(None)).json["key"][0] == "digest"
    assert client.get("/people", headers=as_of(None)).json == ["Ann"]
    with pytest.raises(NoTenant):
        client.get("/items", headers=as_of(None))


def test_identify_may_refuse_or_break(app: Flask) -> None:
    """Where `identify` aborts or raises, the request is answered without an entry, and nothing stays behind."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    client = app.test_client()
    assert client.get("/items", headers={**as_of("acme"), "X-Refuse": "1"}).status_code == 403
    assert client.get("/items", headers={**as_of("acme"), "X-Break": "1"}).status_code == 500
    assert client.get("/items", headers=as_of("nobody")).status_code == 500
    assert client.get("/key").json == {"key": None}


def test_an_error_page_leaves_no_entry(app: Flask) -> None:
    """An error page that nobody reads or closes leaves no entry, as no page does that doesn't stream."""
    client = app.test_client()
    for path in ("/nowhere", "/items", "/key"):
        client.get(path, headers=as_of("acme"))
        assert set(app.db_dict) == {UNIVERSAL}  # type: ignore[attr-defined]


def test_identify_is_the_first_step(companies: Router) -> None:
    """The entry is there in whatever runs before the view, also where that was registered first."""
    seen = []
    app = Flask("early")
    app.before_request(lambda: seen.append(texts()[0]))
    init_app(app, companies, identify)
    app.test_client().get("/", headers=as_of("acme"))
    assert seen == ["acme 1"]


@pytest.mark.parametrize("place", ["view", "before", "after", "teardown", "appcontext"])
@pytest.mark.parametrize("propagate", [True, False])
def test_errors_leave_no_entry(app: Flask, place: str, propagate: bool) -> None:
    """Whichever step raises, other teardown hooks included, the entry is popped, and the next request sees nothing."""
    app.config["PROPAGATE_EXCEPTIONS"] = propagate
    armed = [True]

    def fail(*args: Any) -> Any:
        if armed[0]:
            raise ZeroDivisionError(place)
        return args[0] if args and place == "after" else None

    app.add_url_rule("/fail", view_func=lambda: (fail() if place == "view" else None) or "done")
    {
        "view": lambda hook: hook,
        "before": app.before_request,
        "after": app.after_request,
        "teardown": app.teardown_request,
        "appcontext": app.teardown_appcontext,
    }[place](fail)
    client = app.test_client()
    with suppress(ZeroDivisionError):
        client.get("/fail", headers=as_of("acme"))
    assert set(app.db_dict) == {UNIVERSAL}  # type: ignore[attr-defined]
    armed[0] = False
    assert client.get("/key").json == {"key": None}


def test_without_the_middleware_another_hook_leaves_an_entry(app: Flask, companies: Router) -> None:
    """With the middleware taken off, a failing teardown hook leaves the entry live: the test above sees that."""
    app.wsgi_app = app.wsgi_app.wsgi_app  # type: ignore[method-assign, attr-defined]

    @app.teardown_request
    def fail(error: BaseException | None) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        app.test_client().get("/key", headers=as_of("acme"))
    left = current_entry()
    assert left is not None
    companies.leave(left)


def test_what_a_view_leaves_open_is_rolled_back(app: Flask, companies: Router) -> None:
    """A transaction that a view began and didn't end is undone, in the store and in the shared database."""

    @app.get("/open")
    def open_both() -> str:
        for database in (Item._meta.database, Person._meta.database):
            database.atomic().__enter__()
        Item.update(text="changed").execute()
        Person.update(name="changed").execute()
        return "done"

    assert app.test_client().get("/open", headers=as_of("acme")).status_code == 200
    with companies.using("acme"):
        assert texts()[0] == "acme 1"
        assert Person.get().name == "Ann"


def test_using_within_a_request(companies: Router) -> None:
    """Within a request another company is entered only where `may_enter` says so, under the session's token."""
    app = make_app(companies, may_enter=lambda token, t: token == "auditor")

    @app.get("/other")
    def other() -> dict[str, Any]:
        with companies.using("globex") as entry:
            return {"token": entry.key[0], "text": texts()[0]}

    client = app.test_client()
    found = client.get("/other", headers=as_of("acme", "auditor")).json
    assert found == {"token": "auditor", "text": "globex 1"}
    with pytest.raises(NotAMember):
        client.get("/other", headers=as_of("acme"))
    companies.may_enter = None


def test_nested_requests(app: Flask) -> None:
    """A request made from within a view has an entry of its own; then the outer one is current again."""

    @app.get("/nested")
    def nested() -> list[str]:
        inner = app.test_client().get("/items", headers=as_of("globex")).json
        return [texts()[0], inner[0], texts()[0]]

    found = app.test_client().get("/nested", headers=as_of("acme")).json
    assert found == ["acme 1", "globex 1", "acme 1"]


def test_a_request_from_within_an_entry(app: Flask, companies: Router) -> None:
    """A request made from within an entry doesn't see it, and the entry is current again afterwards."""
    with companies.using("globex") as entry:
        assert app.test_client().get("/key").json == {"key": None}
        assert app.test_client().get("/items", headers=as_of("acme")).json[0] == "acme 1"
        assert current_entry() is entry
        assert texts()[0] == "globex 1"


def test_a_client_that_keeps_its_context(app: Flask) -> None:
    """In a test client's `with` block the request's context is kept, and its entry isn't."""
    with app.test_client() as client:
        client.get("/items", headers=as_of("acme"))
        assert flask.request.path == "/items"
        assert current_entry() is None
        assert set(app.db_dict) == {UNIVERSAL}  # type: ignore[attr-defined]
        client.get("/items", headers=as_of("globex"))


def test_a_pushed_request_context(app: Flask) -> None:
    """With no server underneath, the entry begins with Flask's first step and ends with its teardown."""
    with app.test_request_context("/items", headers=as_of("acme")):
        assert current_entry() is None
        app.preprocess_request()
        assert texts()[0] == "acme 1"
    assert current_entry() is None


def test_teardown_is_idempotent(app: Flask) -> None:
    """Running the teardown hooks twice pops the entry once; what runs after is without one."""
    with app.test_request_context("/items", headers=as_of("acme")) as context:
        app.preprocess_request()
        app.do_teardown_request(None)
        with pytest.raises(NoTenant):
            texts()
        app.do_teardown_request(None)
        assert context.request.path == "/items"


def test_identifying_again_leaves_what_was_entered(app: Flask) -> None:
    """Running the first step again in one request leaves the earlier entry instead of losing it."""
    with app.test_request_context("/items", headers=as_of("acme")):
        app.preprocess_request()
        first = current_entry()
        app.preprocess_request()
        assert current_entry() is not first
        assert first is not None
        assert not first.live


def test_a_copied_request_context(app: Flask) -> None:
    """A thread with a copy of the request's context has no entry, and its end doesn't end the request's."""

    @app.get("/copied")
    def copied() -> list[str]:
        seen = []

        @copy_current_request_context
        def work() -> None:
            try:
                seen.append(texts()[0])
            except NoTenant:
                seen.append(flask.request.path)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        return [*seen, texts()[0]]

    assert app.test_client().get("/copied", headers=as_of("acme")).json == ["/copied", "acme 1"]


def test_two_apps_in_one_process(app: Flask, companies: Router, router: Router) -> None:
    """Each app's universal models are in its own router's shared database; outside of both, nothing is guessed."""
    other = make_app(router)
    router.universal.create_tables([Person])
    router.universal.execute_sql("INSERT INTO person (name) VALUES ('Bo')")
    assert app.test_client().get("/people").json == ["Ann"]
    assert other.test_client().get("/people").json == ["Bo"]
    with app.app_context():
        assert [person.name for person in Person.select()] == ["Ann"]
    with other.app_context():
        assert [person.name for person in Person.select()] == ["Bo"]
    with pytest.raises(AmbiguousRouter):
        Person.get()


def test_an_app_whose_router_is_closed(app: Flask, tmp_path: Path) -> None:
    """An app whose router was closed doesn't get another's shared database, although that is the only one open."""
    router = Router(tmp_path / "closed")
    closed = make_app(router)
    router.close()
    with closed.app_context(), pytest.raises(TenantError, match="closed"):
        Person.get()


def test_a_thousand_mixed_requests(app: Flask) -> None:
    """Two sessions in two companies, whole and streamed bodies, on four threads: nobody sees a foreign row."""
    start = threading.Barrier(4)
    wrong: list[str] = []

    def work(number: int) -> None:
        start.wait()
        for turn in range(250):
            slug = ("acme", "globex")[(number + turn) % 2]
            path = ("/items", "/stream", "/key", "/stream-with-context")[turn % 4]
            exchange = Exchange(app, path, slug)
            found = exchange.rest() if turn % 5 else (exchange.close(), "")[1]
            if ("globex" if slug == "acme" else "acme") in found:
                wrong.append(found)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert set(app.db_dict) == {UNIVERSAL}  # type: ignore[attr-defined]
