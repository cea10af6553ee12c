"""The chart of accounts: a tree of five types, whose leaves take postings."""

from __future__ import annotations

from typing import Any

import msgspec
from peewee import BooleanField, CharField, Check, ForeignKeyField, IntegrityError

from models.actors import Actor
from models.errors import BadInput, Conflict, NotFound
from models.registers import StaticIdField
from models.seals import SealedModel
from models.texts import clean_line
from tenants import current_store

TYPES = ("asset", "liability", "equity", "income", "expense")
"""In the order of the statements; debit increases the first and the last."""


class Account(SealedModel):
    """One account.

    Attributes:
        stid: set once, never changed, never given again; lines refer to it.
        code: what people call it; unique, may change.
        type: one of TYPES, the same as its parent's; can't change once it was posted to.
        parent: the group above it, or None at the top.
        is_group: groups carry others and take no postings.
        active: inactive accounts take no new postings.
        commodity: if set, the only commodity (a foreign currency, a share) that its lines may carry.
    """

    stid = StaticIdField()
    code = CharField(unique=True)
    name = CharField()
    local_name = CharField(default="")
    type = CharField(constraints=[Check(f"type IN {TYPES}")])
    parent = ForeignKeyField("self", null=True, column_name="parent_stid", backref="children")
    is_group = BooleanField(default=False)
    active = BooleanField(default=True)
    commodity = CharField(null=True)

    class Meta:
        store = "books"
        table_name = "accounts"


class AccountNode(msgspec.Struct, frozen=True):
    """An account in its place in the tree; ``depth`` is 0 at the top."""

    stid: int
    code: str
    name: str
    local_name: str
    type: str
    parent_stid: int | None
    is_group: bool
    active: bool
    commodity: str | None
    depth: int


def add_account(
    code: str,
    name: str,
    type: str = "",
    *,
    by: Actor,
    parent: int | None = None,
    local_name: str = "",
    is_group: bool = False,
    active: bool = True,
    commodity: str | None = None,
) -> Account:
    """Add an account and return it. Under a parent (its stid), ``type`` may be left out.

    Raises NotAllowed, BadInput for a bad field or parent, Conflict if the code is taken.
    """
    by.demand("ledger", "add")
    values = _cleaned(
        {
            "code": code,
            "name": name,
            "local_name": local_name,
            "is_group": is_group,
            "active": active,
            "commodity": commodity,
        }
    )

    def write() -> Account:
        group = _parent(parent)
        account = Account(parent=group, type=_type(type, group), **values)
        _save(account, force_insert=True)
        return account

    return current_store("books").write(write)


def change_account(stid: int, /, *, by: Actor, **values: Any) -> Account:
    """Change the named fields of an account (``parent`` is a stid or None) and return it.

    Raises NotAllowed, NotFound, BadInput for what the rules of the tree or its postings forbid, and
    Conflict if the new code is taken.
    """
    by.demand("ledger", "edit")
    moved = "parent" in values
    parent = values.pop("parent", None)
    new_type = values.pop("type", None)
    cleaned = _cleaned(values)

    def write() -> Account:
        account = get_account(stid)
        if moved:
            account.parent = _parent(parent, below=account)
        if new_type is not None:
            account.type = new_type
        for field, value in cleaned.items():
            setattr(account, field, value)
        _check_change(account)
        _save(account)
        return account

    return current_store("books").write(write)


def delete_account(stid: int, *, by: Actor) -> None:
    """Delete an account that nothing refers to; Conflict where something does."""
    by.demand("ledger", "delete")

    def write() -> None:
        account = get_account(stid)
        if Account.select().where(Account.parent == account).exists():
            raise Conflict(
                "Account %(code)s has accounts below it; move or delete those first.",
                code=account.code,
            )
        _demand_undrafted(account)
        try:
            account.delete_instance()
        except IntegrityError as error:
            raise Conflict(
                "Account %(code)s is in use and can't be deleted; make it inactive instead.",
                code=account.code,
            ) from error

    current_store("books").write(write)


def get_account(stid: int) -> Account:
    """Return the account of that stid; NotFound if there is none."""
    account = Account.get_or_none(Account.stid == stid) if 0 < stid < 2**63 else None
    if account is None:
        raise NotFound("There is no account with the id %(stid)s.", stid=stid)
    return account


def find_account(code: str) -> Account:
    """Return the account of that code; NotFound if there is none."""
    account = Account.get_or_none(Account.code == code)
    if account is None:
        raise NotFound("There is no account %(code)s.", code=code)
    return account


def account_tree() -> list[AccountNode]:
    """Return all accounts with one query, each group before what is below it, siblings by code."""
    rows = current_store("books").execute_sql(
        "SELECT stid, code, name, local_name, type, parent_stid, is_group, active, commodity"
        " FROM accounts ORDER BY code"
    )
    below: dict[int | None, list[Any]] = {}
    for row in rows:
        below.setdefault(row[5], []).append(row)
    top = sorted(below.get(None, ()), key=lambda row: TYPES.index(row[4]))
    nodes: list[AccountNode] = []
    waiting = [(row, 0) for row in reversed(top)]
    while waiting:
        row, depth = waiting.pop()
        nodes.append(AccountNode(*(*row[:6], bool(row[6]), bool(row[7]), row[8], depth)))
        waiting += [(child, depth + 1) for child in reversed(below.get(row[0], ()))]
    return nodes


def _cleaned(values: dict[str, Any]) -> dict[str, Any]:
    cleaned: dict[str, Any] = {}
    for field, value in values.items():
        if field in ("code", "name"):
            longest = 40 if field == "code" else 200
            cleaned[field] = clean_line(value, field, longest=longest, required=True)
        elif field == "local_name":
            cleaned[field] = clean_line(value, field, longest=200)
        elif field in ("is_group", "active"):
            cleaned[field] = bool(value)
        elif field == "commodity":
            cleaned[field] = clean_line(value, field, longest=40) or None
        else:
            raise BadInput("An account has no field %(field)s.", field=field)
    return cleaned


def _type(type: str, group: Account | None) -> str:
    wanted = type or (group.type if group else "")
    if wanted not in TYPES:
        raise BadInput(
            "%(type)s is no type of account; choose asset, liability, equity, income or expense.",
            field="type",
            type=wanted or "(empty)",
        )
    if group is not None and group.type != wanted:
        raise BadInput(
            "The group %(code)s is of type %(type)s; accounts below it are too.",
            field="type",
            code=group.code,
            type=group.type,
        )
    return wanted


def _parent(stid: int | None, below: Account | None = None) -> Account | None:
    if stid is None:
        return None
    parent = get_account(stid)
    if not parent.is_group:
        raise BadInput(
            "Account %(code)s is no group, so nothing can be below it.",
            field="parent",
            code=parent.code,
        )
    above: Account | None = parent
    while above is not None:
        if below is not None and above.stid == below.stid:
            raise BadInput(
                "Account %(code)s can't be below itself.", field="parent", code=below.code
            )
        above = above.parent
    return parent


def _check_change(account: Account) -> None:
    """Raise BadInput if the account as it would be breaks with its parent, children or postings."""
    account.type = _type(account.type, account.parent)
    children = Account.select().where(Account.parent == account)
    if children.where(Account.type != account.type).exists():
        raise BadInput(
            "Accounts below %(code)s are of another type.", field="type", code=account.code
        )
    if not account.is_group and children.exists():
        raise BadInput(
            "Account %(code)s has accounts below it and stays a group.",
            field="is_group",
            code=account.code,
        )
    before = Account.get_by_id(account.stid)
    if (account.is_group, account.type) != (before.is_group, before.type) and _is_posted(account):
        raise BadInput(
            "Account %(code)s was posted to; it can't become a group or change its type.",
            field="type",
            code=account.code,
        )


def _is_posted(account: Account) -> bool:
    found = current_store("books").execute_sql(
        "SELECT 1 FROM lines WHERE account_stid = ? LIMIT 1", (account.stid,)
    )
    return found.fetchone() is not None


def _demand_undrafted(account: Account) -> None:
    """Raise Conflict if a draft names the account, which no foreign key tells."""
    named = f'%"account_stid":{account.stid},%'  # as LineInput is written, whose amount comes next
    found = current_store("books").execute_sql(
        "SELECT 1 FROM drafts WHERE lines LIKE ? LIMIT 1", (named,)
    )
    if found.fetchone() is not None:
        raise Conflict(
            "Account %(code)s is in a draft; change or delete that draft first.",
            code=account.code,
        )


def _save(account: Account, **how: Any) -> None:
    try:
        account.save(**how)
    except IntegrityError as error:
        raise Conflict(
            "Code %(code)s is taken by another account; choose a free one.", code=account.code
        ) from error
