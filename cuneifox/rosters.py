"""Lists of companies and of people, a page at a time: an installation may hold thousands of both."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from typing import Any, NamedTuple

from peewee import fn

from cuneifox.services import services
from models.companies import Company, in_states
from models.people import Membership, User
from models.people.prepared import Prepared
from models.people.users import name_key
from tenants import BadSlug, Tenant, UnknownTenant

PAGE = 50
"""Rows on a page."""

FEW = 200
"""Companies or users that a form offers to choose from; of more it asks the name."""

NAMED = 4
"""Companies of a user that the list of people names; of the others it says how many."""


OPEN = ("active", "suspended")
"""Companies that are in use, or are to be again."""

LISTED = (*OPEN, "archived")
"""All that lists may name; one that is being purged is gone already."""


class Roster(NamedTuple):
    """A page of rows, and the id after which the next page begins (None on the last)."""

    rows: list[Any]
    following: str | None


def companies(
    user: User,
    *,
    member: bool,
    text: str = "",
    after: str = "",
    size: int = PAGE,
    states: Collection[str] = LISTED,
) -> Roster:
    """Companies that a user is a member of, or those that they aren't, by name.

    `text` is part of a name, or a whole short name; `after` the id that the last page ended with; `states`
    those in which they are to be.
    """
    mine = Company.tenant_id.in_(Membership.select(Membership.tenant_id).where(_of(user)))
    rows = Company.select().where(mine if member else ~mine, in_states(states))
    if text:
        found = tenant_named(text)
        wanted = Company.name.contains(text) | Company.local_name.contains(text)
        rows = rows.where(wanted | (Company.tenant_id == (found.id if found else "")))
    if last := rows.where(
        Company.tenant_id == after
    ).first():  # one of this list, or its place tells
        beyond = (Company.name == last.name) & (Company.tenant_id > last.tenant_id)
        rows = rows.where((Company.name > last.name) | beyond)
    rows = rows.order_by(Company.name, Company.tenant_id)
    return _page(rows.limit(size + 1), size, lambda row: row.tenant_id)


def readable(user: User, size: int = FEW) -> Roster:
    """Companies whose ledger a user may read, by name."""
    mine = Membership.select(Membership.tenant_id).where(_of(user), Membership.ledger != "none")
    rows = Company.select().where(Company.tenant_id.in_(mine), in_states(LISTED))
    rows = rows.order_by(Company.name, Company.tenant_id)
    return _page(rows.limit(size + 1), size, lambda row: row.tenant_id)


def reads_several(user: User) -> bool:
    """Whether there is a second such company: every page asks, for its menu."""
    return _SECOND.first(user.id) is not None


_SECOND = Prepared(
    """SELECT {columns} FROM {m} WHERE "m"."user_id" = ? AND "m"."ledger" <> 'none' LIMIT 1 OFFSET 1""",
    m=Membership,
)


def with_tenants(rows: Iterable[Company]) -> list[tuple[Company, Tenant]]:
    """Return each company with its tenant, which knows its short name; without those that are gone."""
    router = services().router
    found = []
    for company in rows:
        with suppress(UnknownTenant):  # purged a moment ago
            found.append((company, router.tenant(company.tenant_id)))
    return found


def tenant_named(slug: str) -> Tenant | None:
    """Return the tenant of a short name, or None."""
    try:
        return services().router.tenant(slug.strip().lower())
    except (UnknownTenant, BadSlug):
        return None


def people(*, text: str = "", after: str = "", size: int = PAGE) -> Roster:
    """Users by name; `text` is part of a name, `after` the id that the last page ended with."""
    rows = User.select()
    if text:
        rows = rows.where(User.name_key.contains(name_key(text)) | User.display_name.contains(text))
    if last := User.get_or_none(User.id == after):
        rows = rows.where(User.name_key > last.name_key)
    return _page(rows.order_by(User.name_key).limit(size + 1), size, lambda row: row.id)


def companies_of(users: Iterable[User]) -> dict[str, tuple[list[str], int]]:
    """Return for each user's id some NAMED companies' names, and how many more there are."""
    place = fn.ROW_NUMBER().over(partition_by=[Membership.user], order_by=[Company.name])
    count = fn.COUNT(Membership.tenant_id).over(partition_by=[Membership.user])
    every = (
        Membership.select(
            Membership.user.alias("user"),
            Company.name.alias("name"),
            place.alias("place"),
            count.alias("count"),
        )
        .join(Company, on=Company.tenant_id == Membership.tenant_id)
        .where(Membership.user.in_([user.id for user in users]))
        .alias("every")
    )
    rows = Membership.select(every.c.user, every.c.name, every.c.count).from_(every)
    named: dict[str, tuple[list[str], int]] = {}
    for user_id, name, total in rows.where(every.c.place <= NAMED).order_by(every.c.place).tuples():
        names = named.get(user_id, ([], 0))[0] + [name]
        named[user_id] = names, total - len(names)
    return named


def _of(user: User) -> Any:
    return Membership.user == user


def _page(query: Any, size: int, key: Callable[[Any], str]) -> Roster:
    rows = list(query)
    return Roster(rows[:size], key(rows[size - 1]) if len(rows) > size else None)
