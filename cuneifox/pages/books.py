"""Journal books: their list, and the form of one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cuneifox.access import needs
from cuneifox.audit import note
from cuneifox.forms import told
from cuneifox.i18n import _, _l
from cuneifox.identify import current_actor
from cuneifox.navigation import Link
from cuneifox.words import BOOK_KINDS, VAT_KINDS
from models.errors import BadInput, BooksError, Conflict
from models.journals import JournalBook, add_book, change_book, delete_book, get_book, list_books

FIELDS = ("code", "name", "local_name", "kind", "vat")

blueprint = Blueprint("books", __name__, url_prefix="/c/<slug>/books")

navigation = [Link(_l("Journal books"), "books.index", 40, "ledger", ("ledger", "read"))]


@blueprint.get("")
@needs("ledger", "read")
def index() -> ResponseReturnValue:
    """All books, the inactive ones too."""
    return render_template(
        "books/index.html", books=list_books(inactive=True), kinds=BOOK_KINDS, vat=VAT_KINDS
    )


@blueprint.route("/new", methods=["GET", "POST"])
@needs("ledger", "add")
def new() -> ResponseReturnValue:
    """The form of a book to come."""
    if request.method != "POST":
        return _form({"kind": "general", "vat": "none"})
    given = _typed()
    try:
        book = add_book(by=current_actor(), **{name: given[name] for name in FIELDS})
    except (BadInput, Conflict) as error:
        return _form(given, error=error)
    note("books.new", book.code)
    flash(_("%(name)s was added.", name=book.code), "success")
    return redirect(url_for("books.index"), 303)


@blueprint.route("/<int:stid>", methods=["GET", "POST"])
@needs("ledger", "edit")
def edit(stid: int) -> ResponseReturnValue:
    """The form of a book that is there."""
    book = get_book(stid)
    if request.method != "POST":
        return _form(_stored(book), book)
    given = _typed()
    try:
        change_book(stid, by=current_actor(), **given)
    except (BadInput, Conflict) as error:
        return _form(given, book, error)
    note("books.edit", given["code"])
    flash(_("%(name)s was saved.", name=given["code"]), "success")
    return redirect(url_for("books.index"), 303)


@blueprint.post("/<int:stid>/delete")
@needs("ledger", "delete")
def delete(stid: int) -> ResponseReturnValue:
    """Delete a book that never held a voucher."""
    book = get_book(stid)
    try:
        delete_book(stid, by=current_actor())
    except Conflict as error:
        return _form(_stored(book), book, error, fields=())
    note("books.delete", book.code)
    flash(_("%(name)s was deleted.", name=book.code), "success")
    return redirect(url_for("books.index"), 303)


def _stored(book: JournalBook) -> dict[str, Any]:
    return {name: getattr(book, name) for name in (*FIELDS, "active")}


def _typed() -> dict[str, Any]:
    given: dict[str, Any] = {name: request.form.get(name, "") for name in FIELDS}
    return given | {"active": request.form.get("active") == "1"}


def _form(
    given: dict[str, Any],
    book: JournalBook | None = None,
    error: BooksError | None = None,
    fields: tuple[str, ...] = FIELDS,
) -> ResponseReturnValue:
    errors, status = told(error, fields) if error else ({}, 200)
    page = render_template(
        "books/form.html",
        book=book,
        given=given,
        errors=errors,
        kinds=list(BOOK_KINDS.items()),
        vat=list(VAT_KINDS.items()),
        may_delete=book is not None and current_actor().may("ledger", "delete"),
    )
    return page, status
