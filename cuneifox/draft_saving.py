"""Saving drafts so that a form sent twice saves once."""

from __future__ import annotations

import time

import msgspec

from models.actors import Actor
from models.drafts import Draft, get_draft, save_draft
from models.errors import Conflict
from models.inputs import VoucherInput, check_input
from tenants import current_store

SAME_FORM_SECONDS = 60
"""For so long a new draft that equals the user's last one is taken for the same form, sent twice."""


def keep_draft(given: VoucherInput, *, by: Actor) -> Draft:
    """Store a new draft and return it, or the one that the same form made a moment ago.

    Raises what `save_draft` does.
    """

    def write() -> Draft:
        twin = _twin(check_input(given), by)
        return twin or save_draft(given, by=by)

    return current_store("books").write(write)


def save_again(draft: Draft, given: VoucherInput, version: int, *, by: Actor) -> Draft:
    """Change a draft that was read at `version` and return it; nothing if nothing would change.

    A form sent twice finds its own first sending and is content. Raises what `save_draft` does.
    """
    checked = check_input(given)
    if draft.version == version and draft.as_input() == checked:
        return draft
    try:
        return save_draft(given, by=by, voucher_id=draft.id, version=version)
    except Conflict:
        now = get_draft(draft.id)
        if now.changed_by == by.user_id and now.as_input() == checked:
            return now
        raise


def _twin(given: VoucherInput, by: Actor) -> Draft | None:
    since = time.time_ns() // 1000 - SAME_FORM_SECONDS * 1_000_000
    found = (
        Draft.select()
        .where(
            Draft.created_by == by.user_id,
            Draft.version == 1,
            Draft.changed_at > since,
            Draft.book == given.book,
            Draft.date == given.date,
            Draft.text == given.text,
            Draft.reference == given.reference,
            Draft.lines == msgspec.json.encode(given.lines).decode(),
        )
        .order_by(Draft.id.desc())
    )
    return found.first()
