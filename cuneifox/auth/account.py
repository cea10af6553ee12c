"""A user's own account: name, language, password, and where they are signed in."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cuneifox.audit import note
from cuneifox.auth.signing import check_password, open_session
from cuneifox.forms import told
from cuneifox.i18n import LANGUAGES, _, _l
from cuneifox.identify import current_visit
from cuneifox.navigation import Link
from cuneifox.services import services
from models.errors import BadInput
from models.people import Session, SignIn

blueprint = Blueprint("account", __name__)

navigation = [Link(_l("Your account"), "account.show", 90, "installation")]


@blueprint.route("/account", methods=["GET", "POST"])
def show() -> ResponseReturnValue:
    """What users may change about themselves, their sessions and their latest sign-ins."""
    visit = current_visit()
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            visit.user.change(
                display_name=request.form.get("display_name", ""),
                language=request.form.get("language", ""),
                email=request.form.get("email"),
            )
        except BadInput as error:
            errors, _status = told(error, ("display_name", "language", "email"))
        else:
            note("account.change", visit.user.name)
            flash(_("Saved."), "success")
            return redirect(url_for("account.show"), 303)
    here = services()
    page = render_template(
        "auth/account.html",
        user=visit.user,
        given=request.form
        or {
            "display_name": visit.user.display_name,
            "language": visit.user.language,
            "email": visit.user.email,
        },
        errors=errors,
        writes=bool(here.config.mail.host),
        languages=[("", _("As the browser asks")), *LANGUAGES.items()],
        sessions=Session.of(
            visit.user, now=here.now(), idle=here.config.sessions.idle_minutes * 60
        ),
        history=SignIn.page(user=visit.user, size=10),
    )
    return page, 422 if errors else 200


@blueprint.route("/account/password", methods=["GET", "POST"])
def password() -> ResponseReturnValue:
    """Change the own password: the old one is asked for, and every session but this one ends."""
    if request.method != "POST":
        return _form({})
    visit = current_visit()
    user = visit.user
    if check_password(user.name, request.form.get("old", "")) is None:
        return _form({"old": _("That isn't your password.")}), 422
    chosen = request.form.get("password", "")
    if chosen != request.form.get("again", ""):
        return _form({"again": _("The two don't agree.")}), 422
    if chosen == request.form.get("old", ""):
        return _form({"password": _("Choose one that differs from the old one.")}), 422
    try:
        user.set_password(chosen, services().passwords)
    except BadInput as error:
        return _form(told(error, ("password",))[0]), 422
    note("account.password", user.name)
    flash(_("Your password is changed, and your other sessions are over."), "success")
    response = make_response(redirect(url_for("account.show"), 303))
    open_session(response, user, end_others=True)
    return response


def _form(errors: dict[str, str]) -> str:
    return render_template(
        "auth/password.html",
        user=current_visit().user,
        errors=errors,
        shortest=services().passwords.shortest,
    )


@blueprint.post("/account/sessions/end")
def end_sessions() -> ResponseReturnValue:
    """End the user's other sessions."""
    visit = current_visit()
    ended = Session.end_all(visit.user, but=visit.session.digest)
    note("account.end_sessions", str(ended))
    flash(_("Your other sessions are over."), "success")
    return redirect(url_for("account.show"), 303)
