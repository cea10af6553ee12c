"""The sign-in page, signing out, and the choice of a language."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cuneifox.access import public
from cuneifox.auth.signing import check_password, close_session, open_session
from cuneifox.i18n import COOKIE, LANGUAGES, _
from cuneifox.request import this_request
from cuneifox.services import services
from models.companies import Company
from models.people import Membership, User

blueprint = Blueprint("auth", __name__)


@blueprint.get("/")
@public
def home() -> ResponseReturnValue:
    """The front door: to the companies, or to the sign-in page."""
    here = "companies.index" if this_request().visit else "auth.sign_in"
    return redirect(url_for(here))


@blueprint.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> ResponseReturnValue:
    """Company (may be left empty), user and password; by default the user's other sessions end."""
    onward = local_path(request.values.get("next", ""))
    if request.method != "POST":
        return _form(onward)
    user = check_password(request.form.get("user", ""), request.form.get("password", ""))
    if user is None:
        return _form(onward, _("User and password don't match.")), 401
    response = make_response(redirect(_after(user, onward), 303))
    open_session(response, user, end_others=bool(request.form.get("end_others")))
    return response


def _form(onward: str, error: str = "") -> str:
    return render_template(
        "auth/sign_in.html",
        onward=onward,
        error=error,
        given=request.form,
        end_others=request.method != "POST" or bool(request.form.get("end_others")),
        nobody=not User.select().exists(),
    )


def _after(user: User, onward: str) -> str:
    """Where to go: the company that was asked for, else the page before, else the companies."""
    asked = request.form.get("company", "").strip().casefold()
    if asked:
        for company in Company.select().where(
            Company.tenant_id.in_([row.tenant_id for row in Membership.of(user)])
        ):
            tenant = services().router.tenant(company.tenant_id)
            if asked in (tenant.slug, company.name.casefold(), company.local_name.casefold()):
                return f"/c/{tenant.slug}/"
        flash(_("You have no company by that name; choose one here."), "warning")
        return url_for("companies.index")
    return onward or url_for("auth.home")


@blueprint.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    """End the session."""
    response = make_response(redirect(url_for("auth.sign_in"), 303))
    close_session(response)
    return response


@blueprint.post("/language")
@public
def language() -> ResponseReturnValue:
    """Speak another language from now on, in this browser."""
    response = make_response(redirect(local_path(request.form.get("next", "")) or "/", 303))
    chosen = request.form.get("language", "")
    visit = this_request().visit
    if chosen in LANGUAGES:
        if visit is not None and visit.user.language:
            visit.user.change(display_name=visit.user.display_name, language=chosen)
        response.set_cookie(
            COOKIE,
            chosen,
            max_age=365 * 86400,
            httponly=True,
            samesite="Lax",
            secure=services().config.server.https,
        )
    return response


def local_path(target: str) -> str:
    """`target` if it is a path on this site, else "": nobody is sent elsewhere after signing in.

    Browsers take a backslash for a slash and drop tabs and line breaks, so none of them may be in
    it.
    """
    if not target.startswith("/") or target.startswith("//") or len(target) > 2000:
        return ""
    if any(c in "\\" or ord(c) < 33 or ord(c) == 127 for c in target):
        return ""
    try:
        parts = urlsplit(target)
    except ValueError:
        return ""
    return "" if parts.scheme or parts.netloc else target
