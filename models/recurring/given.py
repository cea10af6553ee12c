"""What callers hand in to make a template."""

from __future__ import annotations

from typing import Literal

import msgspec

Side = Literal["debit", "credit"]


class TemplateLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a template.

    Attributes:
        account_stid: the account's stid.
        amount: a formula in units of the currency, or "rest" for what the voucher lacks to zero.
        side: on which the amount is; a negative one goes to the other.
        text: with placeholders.
        register: the kind of register row it is about ("customer"), with ``register_stid``; both or neither.
    """

    account_stid: int
    amount: str
    side: Side = "debit"
    text: str = ""
    register: str | None = None
    register_stid: int | None = None


class TemplateInput(msgspec.Struct, frozen=True):
    """A template as somebody wants it.

    Attributes:
        name: what people call it.
        book: a journal book's stid.
        date_rule: a name of `days.RULES`.
        text: with placeholders, and so is ``reference``.
        language: in which placeholders are filled in.
        posts: whether vouchers are posted; otherwise they are left as drafts.
    """

    name: str
    book: int
    date_rule: str
    text: str
    lines: list[TemplateLine]
    reference: str = ""
    language: str = "en"
    posts: bool = False
