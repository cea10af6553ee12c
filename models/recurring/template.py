"""Templates of vouchers that come again and again, kept in the books."""

from __future__ import annotations

import time
from typing import Any, Literal

import msgspec
from peewee import (
    BigIntegerField,
    BooleanField,
    CharField,
    Check,
    ForeignKeyField,
    IntegerField,
    TextField,
)

from models.actors import Actor
from models.errors import Conflict, NotFound
from models.journals import JournalBook
from models.recurring.checking import checked_template
from models.recurring.days import RULES
from models.recurring.given import TemplateInput, TemplateLine
from models.recurring.texts import LANGUAGES
from models.registers import StaticIdField
from models.seals import SealedModel
from tenants import current_store

Right = Literal["add", "edit", "delete"]


class RecurringVoucher(SealedModel):
    """A template of a voucher. When it is due stands in the catalogue, as a schedule (`models.recurring.scheduling`).

    Attributes:
        stid: given once and never again, since what was made of it is known by that.
        version: grows with each change, so that two editors don't overwrite each other.
        name: what people call it.
        date_rule: which date its vouchers bear, a name of `days.RULES`.
        text: of its vouchers, with placeholders, and so is ``reference``.
        language: in which placeholders are filled in.
        posts: whether its vouchers are posted; otherwise they are left as drafts.
        lines: a JSON array of TemplateLine.
        changed_at: microseconds since 1970, UTC.
    """

    stid = StaticIdField()
    version = IntegerField(default=1)
    name = CharField()
    book = ForeignKeyField(JournalBook, column_name="book_stid", index=False)
    book_stid: int
    date_rule = CharField(constraints=[Check(f"date_rule IN {tuple(RULES)}")])
    text = TextField(default="")
    reference = CharField(default="")
    language = CharField(default="en", constraints=[Check(f"language IN {LANGUAGES}")])
    posts = BooleanField(default=False)
    lines = TextField()
    changed_by = CharField()
    changed_by_name = CharField()
    changed_at = BigIntegerField()

    class Meta:
        store = "books"
        table_name = "recurring_vouchers"

    def as_input(self) -> TemplateInput:
        """Return the template as what was given to make it."""
        return TemplateInput(
            self.name, self.book_stid, self.date_rule, self.text, _LINES.decode(self.lines),
            self.reference, self.language, bool(self.posts),
        )  # fmt: skip


# Made at import: see models.inputs.
_LINES = msgspec.json.Decoder(list[TemplateLine])


def add_template(given: TemplateInput, *, by: Actor) -> RecurringVoucher:
    """Keep a new template and return it. Only whoever may post may make one.

    Raises NotAllowed; BadInput for what can never make a voucher.
    """
    by.demand("ledger", "add")

    def write() -> RecurringVoucher:
        return RecurringVoucher.create(**_values(checked_template(given), by))

    return current_store("books").write(write)


def change_template(
    stid: int, given: TemplateInput, *, by: Actor, version: int
) -> RecurringVoucher:
    """Change a template that was read at a version, and return it.

    Raises NotAllowed, NotFound, BadInput; Conflict if it was changed since that version.
    """
    by.demand("ledger", "edit")

    def write() -> RecurringVoucher:
        template = get_template(stid)
        _demand_version(template, version)
        for field, value in _values(checked_template(given), by).items():
            setattr(template, field, value)
        template.version = version + 1
        template.save()
        return template

    return current_store("books").write(write)


def delete_template(stid: int, *, by: Actor) -> None:
    """Delete a template; what was made of it stays. Raises NotAllowed, NotFound."""
    by.demand("ledger", "delete")
    current_store("books").write(lambda: get_template(stid).delete_instance())


def get_template(stid: int) -> RecurringVoucher:
    """Return the template of that stid; NotFound if there is none."""
    found = None
    if 0 < stid < 2**63:
        found = RecurringVoucher.get_or_none(RecurringVoucher.stid == stid)
    if found is None:
        raise NotFound(
            "The recurring voucher is no longer there; it was deleted, or the books were set back to a time before it."
        )
    return found


def list_templates() -> list[RecurringVoucher]:
    """Return all templates by name."""
    return list(RecurringVoucher.select().order_by(RecurringVoucher.name, RecurringVoucher.stid))


def _demand_version(template: RecurringVoucher, version: int) -> None:
    if template.version != version:
        raise Conflict(
            "The recurring voucher was changed by %(name)s meanwhile; look at it as it is now, and try again.",
            name=template.changed_by_name,
        )


def _values(given: TemplateInput, by: Actor) -> dict[str, Any]:
    return {
        "name": given.name,
        "book": given.book,
        "date_rule": given.date_rule,
        "text": given.text,
        "reference": given.reference,
        "language": given.language,
        "posts": given.posts,
        "lines": msgspec.json.encode(given.lines).decode(),
        "changed_by": by.user_id,
        "changed_by_name": by.name,
        "changed_at": time.time_ns() // 1000,
    }
