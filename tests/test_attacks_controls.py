"""The attacks see what they are there to see: a leak through each way out, and each guard that is taken away."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Response, abort, make_response, request

from attacks.arena import Arena, arena_in
from attacks.companies import VICTIM
from cuneifox import identify, security
from cuneifox.access import public
from models.accounts import Account
from models.people import Membership, Session, User
from tenants import Router


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Arena]:
    with arena_in(tmp_path) as arena:
        yield arena


@pytest.fixture(scope="module")
def leaky(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """For routes that do no lasting harm."""
    with arena_in(tmp_path_factory.mktemp("leaky")) as arena:
        yield arena


def secret(router: Router) -> str:
    """A text of the victim's, taken past all that keeps it: by the server's own entry."""
    held: list[str] = []
    thread = router.start_thread(lambda: held.append(Account.get().name), tenant=VICTIM)
    thread.join()
    return held[0]


def into_body(text: str) -> Response:
    return make_response(f"<p>{text}</p>")


def into_escaped_body(text: str) -> Response:
    return make_response("".join(f"&#{ord(c)};" for c in text))


def into_csv(text: str) -> Response:
    return Response(f'\ufeff"a","{text}"\r\n', content_type="text/csv")


def into_header(text: str) -> Response:
    return Response("", headers={"X-Debug": text})


def into_cookie(text: str) -> Response:
    from flask import session

    session["kept"] = text
    return make_response("")


def into_redirect(text: str) -> Response:
    return Response("", 302, {"Location": f"/companies?text={text}"})


def into_log(text: str) -> Response:
    logging.getLogger("some.library").debug("working on %s", text)
    return make_response("")


def into_error(text: str) -> Response:
    abort(404, f"There is no {text}.")


def into_exception(text: str) -> Response:
    try:
        raise LookupError(text)
    except LookupError:
        logging.getLogger("cuneifox").info("never mind", exc_info=True)
    return make_response("")


def into_temporary_file(text: str) -> Response:
    with tempfile.NamedTemporaryFile("w", delete=False) as file:
        file.write(text)
    return make_response("")


WAYS = {
    into_body: "leak into the body",
    into_escaped_body: "leak into the body",
    into_csv: "leak into the body",
    into_error: "leak into the body",
    into_header: "leak into the headers",
    into_cookie: "leak into the headers",
    into_redirect: "leak into the headers",
    into_log: "leak into the log",
    into_exception: "leak into the log",
    into_temporary_file: "leak into a temporary file",
}


def add_route(arena: Arena, path: str, view: Callable[..., Any]) -> None:
    """Add a route to an application that has been asked already, which Flask itself refuses."""
    app = arena.site.app
    app._got_first_request = False
    app.add_url_rule(path, f"leaky.{view.__name__}", view, methods=["GET", "POST"])
    arena.quiver.targets = [
        t for t in _targets(arena) if t.endpoint == f"leaky.{view.__name__}"
    ]  # fmt: skip


def _targets(arena: Arena) -> list[Any]:
    from attacks.routes import targets

    return targets(arena.site.app)


def findings(arena: Arena) -> set[str]:
    found = arena.fire_all(arena.quiver.in_order(arena.quiver.targets))
    return {finding.what for finding in found}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_route_that_leaks_is_found(leaky: Arena, way: Callable[[str], Response]) -> None:
    """Whichever way a text of the victim's gets out."""
    router = leaky.site.router

    def view() -> Response:
        return way(secret(router))

    view.__name__ = way.__name__
    add_route(leaky, f"/c/<slug>/{way.__name__}", view)
    leaky.typed = ""
    assert WAYS[way] in findings(leaky)


def test_a_route_that_opens_the_victims_files_is_found(arena: Arena) -> None:
    """Also where nothing of them comes out."""
    router = arena.site.router

    def view() -> str:
        secret(router)
        return ""

    add_route(arena, "/c/<slug>/silent", view)
    assert "the victim's files were touched" in findings(arena)


def test_a_route_that_writes_elsewhere_is_found(arena: Arena) -> None:
    """The victim's rows in the shared database, its files, and files beside the data folder."""
    folder, tenant = arena.folder, arena.site.router.tenant(VICTIM)
    router = arena.site.router

    def rename() -> None:
        Account.update(name="renamed").where(Account.stid == 1).execute()

    def view() -> str:
        (folder / "stray").write_text("x")
        Membership.update(wages="read").where(Membership.tenant_id == tenant.id).execute()
        router.start_thread(rename, tenant=tenant).join()
        return ""

    add_route(arena, "/stray", view)
    found = findings(arena)
    assert "file outside the data folder" in found
    assert "the victim's rows changed" in found
    assert "the victim's files changed" in {finding.what for finding in arena.verdict()}


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Request-Id"])
def test_a_route_that_believes_a_header_is_found(leaky: Arena, header: str) -> None:
    """One that leads to whatever host was named, or takes a client's request id for its own."""

    def view() -> Response:
        return Response("", 302, {"Location": f"http://{request.headers.get(header, 'here')}/"})

    view.__name__ = f"believes_{header}".replace("-", "_")
    add_route(leaky, f"/believing/{header}", view)
    assert "a made-up header was believed" in findings(leaky)


def test_a_crash_is_found(arena: Arena) -> None:
    """An error of ours is a finding of its own, whatever it says."""

    def view() -> str:
        raise ZeroDivisionError

    add_route(arena, "/crash", public(view))
    assert "crash" in findings(arena)


def membership_is_not_asked(patch: pytest.MonkeyPatch) -> None:
    """Whoever is signed in opens any company."""

    def open_any(visit: Any, slug: str) -> None:
        router = identify.services().router
        visit.tenant = router.tenant(slug)
        membership = Membership.get(Membership.tenant_id == visit.tenant.id)
        visit.membership = membership
        visit.company = identify.Company.get_by_id(visit.tenant.id)

    patch.setattr(identify, "_open_company", open_any)


def sessions_never_end(patch: pytest.MonkeyPatch) -> None:
    """Neither by the clock nor for being inactive."""

    def live(token: str, **_how: Any) -> Session | None:
        from models.people.sessions import digest_of

        return Session.get_or_none(Session.digest == digest_of(token))

    patch.setattr(Session, "live", live)


def digests_open_sessions(patch: pytest.MonkeyPatch) -> None:
    """What is stored of a token is taken for the token."""
    live = Session.live

    def by_either(token: str, **how: Any) -> Session | None:
        return live(token, **how) or Session.get_or_none(Session.digest == token)

    patch.setattr(Session, "live", by_either)


def nobody_is_let_in(patch: pytest.MonkeyPatch) -> None:
    """Whoever isn't signed in is taken for the first user there is."""

    def anybody(token: str, **how: Any) -> Session | None:
        return Session.select(Session, User).join(User).first()

    patch.setattr(Session, "live", anybody)


def form_tokens_are_not_asked(patch: pytest.MonkeyPatch) -> None:
    """Any page on the web may send our forms."""
    patch.setattr(security, "_token", lambda holder: "0" * 64)
    patch.setattr(security.hmac, "compare_digest", lambda one, other: True)


GUARDS = {
    membership_is_not_asked: ("open door", "leak into the body", "the victim's files were touched"),
    sessions_never_end: ("open door", "leak into the body"),
    digests_open_sessions: ("open door", "leak into the body"),
    nobody_is_let_in: ("open door",),
    form_tokens_are_not_asked: ("open door",),
}


@pytest.mark.parametrize("take_off", GUARDS, ids=lambda guard: guard.__name__)
def test_a_guard_that_is_off_is_found(
    arena: Arena, take_off: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same requests that find nothing find it at once where what keeps them out is gone."""
    wanted = ("journal.index", "accounts.index", "accounts.new", "account.end_sessions")
    arena.quiver.targets = [t for t in arena.quiver.targets if t.endpoint in wanted]
    take_off(monkeypatch)
    assert findings(arena) >= set(GUARDS[take_off])
