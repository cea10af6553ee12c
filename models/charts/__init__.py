"""Charts of accounts that new companies start from: data files, and what reads them."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

import msgspec

from models.errors import BadInput

TEMPLATES = ("thai", "general")


class ChartAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account of a template; ``type`` is empty where the parent, a code, has it."""

    code: str
    name: str
    local_name: str = ""
    type: str = ""
    parent: str | None = None
    group: bool = False


class ChartBook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A journal book of a template."""

    code: str
    name: str
    kind: str
    local_name: str = ""
    vat: str = "none"


class Chart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A template; ``retained_earnings`` and ``rounding`` are codes of accounts in it.

    ``accounts`` come in the order of the tree, each group before what is below it. ``era`` is that in
    which voucher numbers are written.
    """

    retained_earnings: str
    rounding: str
    era: str
    accounts: list[ChartAccount]
    books: list[ChartBook]


# What msgspec knows of these types is made here, by the one thread that imports this: made at their first use, by two
# threads at once, it ends the process (a segmentation fault, seen with msgspec 0.22.0).
_CHART = msgspec.json.Decoder(Chart)


@cache
def load_chart(template: str) -> Chart:
    """Return a template by name; BadInput if there is none of that name."""
    if template not in TEMPLATES:
        raise BadInput(
            "There is no chart of accounts %(template)s; choose one of %(templates)s.",
            field="template",
            template=str(template)[:40],
            templates=", ".join(TEMPLATES),
        )
    text = files(__package__).joinpath(f"{template}.toml").read_text(encoding="utf-8")
    return _CHART.decode(msgspec.json.encode(tomllib.loads(text)))


def account_rows(chart: Chart) -> list[tuple[int, str, str, str, str, int | None, bool]]:
    """Return a chart as (stid, code, name, local name, type, parent's stid, is a group), stids from 1."""
    stids = {account.code: stid for stid, account in enumerate(chart.accounts, 1)}
    types: dict[str | None, str] = {}
    rows = []
    for account in chart.accounts:
        types[account.code] = account.type or types[account.parent]
        rows.append(
            (
                stids[account.code], account.code, account.name, account.local_name,
                types[account.code], stids[account.parent] if account.parent else None, account.group,
            )
        )  # fmt: skip
    return rows
