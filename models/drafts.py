"""Drafts: vouchers that may still change, held apart from what is posted."""

from __future__ import annotations

import logging
import time
from typing import Any

import msgspec
from peewee import (
    BigIntegerField,
    CharField,
    DateField,
    ForeignKeyField,
    IntegerField,
    PeeweeException,
    TextField,
)

from models.actors import Actor
from models.attachments import Attachment
from models.errors import BadInput, Conflict, NotFound
from models.inputs import VoucherInput, check_input, read_lines
from models.journals import JournalBook
from models.keys import checked_key
from models.months import demand_month
from models.posted import Voucher
from models.resolver import demand_known
from models.seals import SealedModel, drafted
from tenants import Store, TenantError, current_store

_log = logging.getLogger(__name__)


class Draft(SealedModel):
    """A voucher that isn't posted yet: no number, may be out of balance, may be changed and deleted.

    Attributes:
        id: stays the voucher's when it is posted.
        version: grows with each change, so that two editors don't overwrite each other.
        lines: a JSON array of LineInput.
        changed_at: microseconds since 1970, UTC.
        key: the idempotency key under which it was first saved, and ``digest`` what it was then.
    """

    id = BigIntegerField(primary_key=True)
    version = IntegerField(default=1)
    book = ForeignKeyField(JournalBook, column_name="book_stid")
    book_stid: int
    date = DateField(index=True)
    text = TextField()
    reference = CharField(default="")
    lines = TextField()
    created_by = CharField()
    created_by_name = CharField()
    changed_by = CharField()
    changed_by_name = CharField()
    changed_at = BigIntegerField()
    key = CharField(null=True)
    digest = CharField(null=True)

    class Meta:
        store = "books"
        table_name = "drafts"

    def as_input(self) -> VoucherInput:
        """Return the draft as what would be posted."""
        lines = read_lines(self.lines)
        return VoucherInput(self.book_stid, self.date, self.text, lines, self.reference)


Draft.add_index(Draft.key, unique=True, where=Draft.key.is_null(False))


def save_draft(
    given: VoucherInput,
    *,
    by: Actor,
    voucher_id: int | None = None,
    version: int | None = None,
    key: str | None = None,
) -> Draft:
    """Store a new draft, or change the draft ``voucher_id``, which takes the version that was read.

    A draft needn't balance, and may have any number of lines. With an idempotency ``key``, asking again
    for the same new draft gives the earlier one, as it is by now, for as long as it is a draft; a change
    takes no key, as its version does the same. Raises NotAllowed, BadInput, NotFound, PeriodFrozen and
    PeriodClosed; Conflict if it was changed since that version, or is posted, or if the key was used for
    something else.
    """
    if key is not None and voucher_id is not None:
        raise ValueError("a key is for a new draft, and this one exists")
    by.demand("ledger", "add" if voucher_id is None else "edit")
    checked = check_input(given)
    demand_known([checked.lines])
    store = current_store("books")
    if voucher_id is None:
        key, digest = checked_key(key, "draft", checked)
        return store.write(_add, store, checked, by, key, digest)
    return store.write(_change, store, checked, by, voucher_id, version)


def delete_draft(voucher_id: int, *, by: Actor, version: int | None = None) -> None:
    """Delete a draft, at ``version`` if given, and what is attached to it.

    The attachments go once the draft is gone for good; those that a failure leaves then belong to an id
    that never comes back, and harm nothing.

    Raises NotAllowed, NotFound, PeriodFrozen, PeriodClosed; Conflict if it was changed or is posted.
    """
    by.demand("ledger", "delete")

    def write() -> None:
        draft = get_draft(voucher_id)
        _demand_version(draft, version)
        demand_month(draft.date, by)
        draft.delete_instance()

    store = current_store("books")
    store.write(write)
    if store.database.in_transaction():
        store.database.after_commit(lambda: _discard_attachments(store, voucher_id))
    else:
        _discard_attachments(store, voucher_id)


def get_draft(voucher_id: int) -> Draft:
    """Return a draft. Raises NotFound, and Conflict if that voucher is posted."""
    known = 0 < voucher_id < 2**63
    draft = Draft.get_or_none(Draft.id == voucher_id) if known else None
    if draft is None:
        posted = Voucher.get_or_none(Voucher.id == voucher_id) if known else None
        if posted is not None:
            raise Conflict(
                "The voucher is posted as %(number)s and can't be changed; reverse it instead.",
                number=posted.number,
            )
        raise NotFound("There is no voucher with the id %(id)s.", id=voucher_id)
    return draft


def take_draft(voucher_id: int, version: int | None) -> Draft:
    """Delete a draft that is being posted, within the transaction that posts it, and return it."""
    draft = get_draft(voucher_id)
    _demand_version(draft, version)
    draft.delete_instance()
    return draft


def list_drafts(*, after: int = 0, limit: int = 50) -> list[Draft]:
    """Return up to ``limit`` drafts, oldest first, whose id is greater than ``after``."""
    return list(Draft.select().where(Draft.id > after).order_by(Draft.id).limit(limit))


def next_voucher_id(store: Store) -> int:
    """Return an id that no draft or voucher of these books ever had."""
    given = store.execute_sql(
        "UPDATE ledger_state SET last_voucher_id = last_voucher_id + 1 RETURNING last_voucher_id"
    )
    id: int = given.fetchone()[0]
    drafted(store, id)
    return id


def _add(
    store: Store, given: VoucherInput, by: Actor, key: str | None, digest: str | None
) -> Draft:
    if key is not None and (earlier := _find_saved(key, digest)):
        return earlier
    demand_month(given.date, by)
    values = _values(store, given, by)
    return Draft.create(
        id=next_voucher_id(store),
        created_by=by.user_id,
        created_by_name=by.name,
        key=key,
        digest=digest,
        **values,
    )


def _find_saved(key: str, digest: str | None) -> Draft | None:
    draft = Draft.get_or_none(Draft.key == key)
    if draft is not None and draft.digest != digest:
        raise Conflict(
            "This was sent before with other content, and is kept as draft %(id)s; "
            "change that draft, or start over if another one is wanted.",
            id=draft.id,
        )
    return draft


def _change(
    store: Store, given: VoucherInput, by: Actor, voucher_id: int, version: int | None
) -> Draft:
    draft = get_draft(voucher_id)
    if version is None:
        raise BadInput("Say which version of the draft was changed.", field="version")
    _demand_version(draft, version)
    demand_month(draft.date, by)
    demand_month(given.date, by)
    for field, value in _values(store, given, by).items():
        setattr(draft, field, value)
    draft.version = version + 1
    draft.save()
    return draft


def _discard_attachments(store: Store, voucher_id: int) -> None:
    try:
        Attachment.discard(voucher_id)
    except (PeeweeException, TenantError):
        _log.warning("%s: attachments of draft %d are left over", store, voucher_id, exc_info=True)


def _demand_version(draft: Draft, version: int | None) -> None:
    if version is not None and draft.version != version:
        raise Conflict(
            "The draft was changed by %(name)s meanwhile; look at it as it is now, and try again.",
            name=draft.changed_by_name,
        )


def _values(store: Store, given: VoucherInput, by: Actor) -> dict[str, Any]:
    _demand_known(store, given)
    return {
        "book": given.book,
        "date": given.date,
        "text": given.text,
        "reference": given.reference,
        "lines": msgspec.json.encode(given.lines).decode(),
        "changed_by": by.user_id,
        "changed_by_name": by.name,
        "changed_at": time.time_ns() // 1000,
    }


def _demand_known(store: Store, given: VoucherInput) -> None:
    found = store.execute_sql("SELECT 1 FROM journal_books WHERE stid = ?", (given.book,))
    if found.fetchone() is None:
        raise BadInput(
            "There is no journal book with the id %(stid)d.", field="book", stid=given.book
        )
    known = {row[0] for row in store.execute_sql("SELECT stid FROM accounts")}
    for n, line in enumerate(given.lines, 1):
        if line.account_stid not in known:
            raise BadInput(
                "Line %(n)d names an account that isn't in these books.",
                field=f"lines.{n}.account",
                n=n,
            )
