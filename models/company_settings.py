"""What a company's settings may be: what was given, cleaned, and what can't change any more."""

from __future__ import annotations

import re
from typing import Any

from models.accounts import Account
from models.errors import BadInput
from models.settings import ERAS, BooksSettings
from models.texts import clean_line

_CURRENCY = re.compile(r"[A-Z][A-Z0-9'._-]{0,22}[A-Z0-9]")


def cleaned_settings(values: dict[str, Any]) -> dict[str, Any]:
    """Return the named settings as they are stored; BadInput if one can't be what is given.

    Asks the current company's books where a setting is an account.
    """
    cleaned: dict[str, Any] = {}
    for field, value in values.items():
        if field in ("name", "local_name"):
            cleaned[field] = clean_line(value, field, longest=200, required=field == "name")
        elif field == "currency":
            cleaned[field] = _currency(value)
        elif field == "decimals":
            cleaned[field] = _number(value, field, 0, 6)
        elif field == "fiscal_start_month":
            cleaned[field] = _number(value, field, 1, 12)
        elif field == "era":
            if value not in ERAS:
                raise BadInput(
                    "%(era)s is no era; choose buddhist or common.", field=field, era=value
                )
            cleaned[field] = value
        elif field in ("retained_earnings", "rounding"):
            cleaned[field] = _leaf(value, field)
        else:
            raise BadInput("A company has no setting %(field)s.", field=field)
    return cleaned


def demand_same_money(settings: BooksSettings, cleaned: dict[str, Any]) -> None:
    """Raise BadInput if currency, decimals or fiscal year would change, as something is posted."""
    for field in ("currency", "decimals", "fiscal_start_month"):
        if field in cleaned and cleaned[field] != getattr(settings, field):
            raise BadInput(
                "%(field)s can't be changed once something is posted; make another company instead.",
                field=field,
            )


def demand_no_other_unit(settings: BooksSettings, cleaned: dict[str, Any]) -> None:
    """Raise BadInput if what drafts' amounts are in would change."""
    for field in ("currency", "decimals"):
        if field in cleaned and cleaned[field] != getattr(settings, field):
            raise BadInput(
                "%(field)s can't be changed while there are drafts; delete those first.",
                field=field,
            )


def _currency(value: Any) -> str:
    code = clean_line(value, "currency", longest=24, required=True).upper()
    if not _CURRENCY.fullmatch(code):
        raise BadInput(
            "%(currency)s is no currency; write its code, like THB or USD.",
            field="currency",
            currency=code,
        )
    return code


def _number(value: Any, field: str, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise BadInput(
            "%(field)s must be a number from %(least)d to %(most)d.",
            field=field,
            least=least,
            most=most,
        )
    return value


def _leaf(stid: Any, field: str) -> int:
    wanted = {"retained_earnings": ("equity",), "rounding": ("income", "expense", "equity")}[field]
    account = Account.get_or_none(Account.stid == stid) if type(stid) is int else None
    if account is None or account.is_group or account.type not in wanted:
        raise BadInput(
            "%(field)s must be an account, not a group, of type %(types)s.",
            field=field,
            types=", ".join(wanted),
        )
    return stid
