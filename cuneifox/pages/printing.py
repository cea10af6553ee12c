"""Vouchers as PDF: one, or all that the journal's filter shows."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from cuneifox.access import needs
from cuneifox.clock import now_shown
from cuneifox.downloads import vouchers_response
from cuneifox.file_names import file_name
from cuneifox.identify import current_actor
from cuneifox.journal_scope import asked_of, ids_to_print, wanted_of
from cuneifox.one_state import one_state
from cuneifox.pages import journal
from cuneifox.pages.reversals import find_posted_voucher
from cuneifox.voucher_papers import printed
from models.errors import BadInput, NotFound

STORES = ("books", "registers")

blueprint = Blueprint("printing", __name__, url_prefix="/c/<slug>")


@blueprint.get("/vouchers/<int:voucher_id>.pdf")
@needs("ledger", "read")
def voucher(voucher_id: int) -> ResponseReturnValue:
    """A posted voucher as PDF, to be signed and filed."""
    with one_state(whole=True, roles=STORES):
        found = find_posted_voucher(voucher_id)
        if found is None:
            raise NotFound("There is no posted voucher with the id %(id)s.", id=voucher_id)
        name = file_name("voucher", found.number)
        return vouchers_response(printed([found.id], name, now_shown(), current_actor().name))


@blueprint.get("/journal.pdf")
@needs("ledger", "read")
def vouchers() -> ResponseReturnValue:
    """All vouchers that the journal's filter shows on a page, oldest first, each on pages of its own, as one PDF."""
    asked = asked_of(request.args)
    with one_state(whole=True, roles=STORES):
        try:
            wanted = wanted_of(asked)
            ids = ids_to_print(wanted, journal.PER_PAGE, waiting=True)
        except BadInput as error:
            return journal.refused(asked, error)
        name = file_name("vouchers", wanted["first"], wanted["last"])
        return vouchers_response(printed(ids, name, now_shown(), current_actor().name))
