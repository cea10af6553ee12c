"""Saving changes of drafts so that a form sent twice saves once."""

from __future__ import annotations

from models.actors import Actor
from models.drafts import Draft, get_draft, save_draft
from models.errors import Conflict
from models.inputs import VoucherInput, check_input


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
