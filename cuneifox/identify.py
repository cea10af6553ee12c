"""Who is asking: from the cookie to the session, from the URL to the company, on every request."""

from __future__ import annotations

from flask import Flask, Request, abort, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response

from cuneifox import i18n, standing
from cuneifox.access import public
from cuneifox.errors import wants_json
from cuneifox.i18n import LANGUAGES, _
from cuneifox.request import CompanyRequest, this_request
from cuneifox.security import SAFE
from cuneifox.services import services
from cuneifox.visits import Visit
from models.actors import Actor
from models.companies import Company
from models.people import Membership, Session
from models.people.prepared import Prepared
from tenants import BadSlug, Tenant, UnknownTenant

COOKIE = "cuneifox_session"
NEW_PASSWORD = ("account.password", "auth.sign_out", "auth.language", "static")
"""Where whoever has to choose a new password may go before that."""
ANYBODY = ("static", "health.alive", "health.ready")
"""What is the same for everybody, so that nobody is asked who they are, nor the catalogue."""


def identify(asked: Request) -> tuple[str, Tenant | None] | None:
    """Who is asking, for `tenants.flask`: the session's digest and the company, or None.

    An unknown company and one that the user is no member of are answered alike: 404. A member of a
    suspended one is told so.
    """
    assert isinstance(asked, CompanyRequest)
    if asked.endpoint in ANYBODY:
        return None
    session = _session(asked)
    if session is None:
        return None
    asked.visit = Visit(session, session.user)
    if asked.slug is not None:
        _open_company(asked.visit, asked.slug)
    return session.digest, asked.visit.tenant


def _session(asked: Request) -> Session | None:
    token = asked.cookies.get(cookie_name())
    if not token or len(token) > 100:
        return None
    here = services()
    now = here.now()
    session = Session.live(token, now=now, idle=here.config.sessions.idle_minutes * 60)
    if session is not None:
        session.seen(now)
    return session


def _open_company(visit: Visit, slug: str) -> None:
    try:
        tenant = services().router.tenant(slug)
    except (UnknownTenant, BadSlug):
        abort(404)
    # A tenant is also found by its id, a page by its slug alone.
    if tenant.slug != slug:
        abort(404)
    found = _MEMBERSHIP.first(visit.user.id, tenant.id)
    if found is None:
        abort(404)
    membership, company = found
    if tenant.state == "suspended":
        choose_language()
        standing.refuse_suspended(company, tenant)
    visit.tenant, visit.membership, visit.company = tenant, membership, company


_MEMBERSHIP = Prepared(
    'SELECT {columns} FROM {m} JOIN {c} ON "c"."tenant_id" = "m"."tenant_id" '
    'WHERE "m"."user_id" = ? AND "m"."tenant_id" = ?',
    m=Membership,
    c=Company,
)


def may_enter(digest: str, tenant: Tenant) -> bool:
    """Whether a session may enter another company than its request's, for `tenants.flask`.

    Only as a member; but who makes a company enters it while it has neither row nor members yet.
    """
    session = Session.get_or_none(Session.digest == digest)
    if session is None or not session.user.active:
        return False
    if Membership.find(session.user, tenant.id) is not None:
        return True
    return session.user.is_administrator and not _is_company(tenant)


def _is_company(tenant: Tenant) -> bool:
    return bool(Company.select().where(Company.tenant_id == tenant.id).exists())


def cookie_name() -> str:
    """Over HTTPS the name's prefix makes browsers refuse the cookie from anywhere else."""
    return "__Host-" + COOKIE if services().config.server.https else COOKIE


def choose_language() -> None:
    """The user's own language; the installation's where neither cookie nor browser names one."""
    visit = this_request().visit
    if visit is not None and visit.user.language in LANGUAGES:
        g.language = visit.user.language
    elif (
        request.cookies.get(i18n.COOKIE) not in LANGUAGES
        and request.accept_languages.best_match(list(LANGUAGES)) is None
    ):
        g.language = services().config.language


def check_access() -> Response | None:
    """Refuse what the view's marks don't allow; see `cuneifox.access`."""
    view = _view()
    if view is None or getattr(view, "is_public", False):
        return None
    visit = this_request().visit
    if visit is None:
        if request.method in ("GET", "HEAD") and not wants_json():
            return redirect(url_for("auth.sign_in", next=request.full_path.rstrip("?")))
        abort(401)
    if visit.user.must_change_password and request.endpoint not in NEW_PASSWORD:
        if wants_json():
            abort(403, _("Choose a new password first: sign in with a browser."))
        return redirect(url_for("account.password"))
    administering = getattr(view, "for_administrators", False)
    if administering and not visit.user.is_administrator:
        abort(403)
    needed = getattr(view, "needed_rights", None)
    changes = request.method not in SAFE and not getattr(view, "only_reads", False)
    standing.demand_writable(visit, needed, administering or changes)
    if needed:
        visit.actor.demand(*needed)
    return None


def _view() -> object | None:
    return current_app.view_functions.get(request.endpoint) if request.endpoint else None


def init_app(app: Flask) -> None:
    """Check every request before its view, and tell templates who visits."""
    app.before_request(choose_language)
    app.before_request(check_access)
    standing.init_app(app)
    app.view_functions["static"] = public(app.view_functions["static"])

    @app.context_processor
    def tell_templates() -> dict[str, object]:
        return {"visit": this_request().visit}


def current_visit() -> Visit:
    """Who is signed in and where; 401 if nobody is."""
    visit = this_request().visit
    return visit if visit is not None else abort(401)


def current_actor() -> Actor:
    """Who does something in the company of this request."""
    return current_visit().actor


def current_company() -> Company:
    """The company of this request; 404 on pages that concern none."""
    company = current_visit().company
    return company if company is not None else abort(404)
