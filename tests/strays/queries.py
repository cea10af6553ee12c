"""Queries that were built elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from peewee import Select, fn

from .table import Models, label, plain, run, texts, use


def alias(m: Models) -> Any:
    other = m.Item.alias("other")
    return other.select(other.text).order_by(other.id)


def self_join(m: Models) -> Any:
    parent = m.Journal.alias("parent")
    query = m.Journal.select(m.Journal.code, parent.title)
    return query.join(parent, on=(m.Journal.parent == parent.id)).dicts()


def subquery_join(m: Models) -> Any:
    total = fn.SUM(m.Item.amount).alias("total")
    sums = m.Item.select(m.Item.journal_id, total).group_by(m.Item.journal_id).alias("sums")
    query = m.Journal.select(m.Journal.title, sums.c.total).order_by(m.Journal.id)
    return query.join(sums, on=(sums.c.journal_id == m.Journal.id)).dicts()


def common_table_expression(m: Models) -> Any:
    found = m.Item.select(m.Item.text).cte("found")
    return found.select_from(found.c.text)


def from_subquery(m: Models) -> Any:
    found = m.Item.select(m.Item.text).alias("found")
    return m.Item.select(found.c.text).from_(found)


QUERIES: dict[str, Callable[[Models], Any]] = {
    "select": lambda m: m.Item.select().order_by(m.Item.id),
    "select some fields": lambda m: m.Item.select(m.Item.text, m.Item.amount).order_by(m.Item.id),
    "select other columns": lambda m: m.Item.select().columns(m.Item.text).order_by(m.Item.id),
    "dicts": lambda m: m.Item.select().order_by(m.Item.id).dicts(),
    "tuples": lambda m: m.Item.select(m.Item.text).order_by(m.Item.id).tuples(),
    "namedtuples": lambda m: m.Item.select(m.Item.text).order_by(m.Item.id).namedtuples(),
    "objects": lambda m: m.Item.select(m.Item.text).order_by(m.Item.id).objects(dict),
    "alias": alias,
    "self-join": self_join,
    "three-table join": lambda m: (
        m.Remark.select(m.Remark.text, m.Item.text, m.Journal.title)
        .join(m.Item)
        .join(m.Journal)
        .dicts()
    ),
    "subquery join": subquery_join,
    "union": lambda m: m.Item.select(m.Item.text) | m.Item.select(m.Item.text).where(m.Item.id < 3),
    "except": lambda m: (
        m.Item.select(m.Item.text) - m.Item.select(m.Item.text).where(m.Item.id < 3)
    ),
    "common table expression": common_table_expression,
    "select from a subquery": from_subquery,
    "window function": lambda m: m.Item.select(
        m.Item.text, fn.SUM(m.Item.amount).over(order_by=[m.Item.id]).alias("s")
    ).dicts(),
    "raw": lambda m: m.Item.raw("SELECT id, text FROM item ORDER BY id"),
    "plain select": lambda m: Select((m.Item,), [m.Item.text]).bind(m.Item._meta.database),
    "table": lambda m: m.Item._meta.table.select(m.Item._meta.table.text).bind(
        m.Item._meta.database
    ),
    "many-to-many": lambda m: label(m).items.order_by(m.Item.id),
    "insert, returning": lambda m: m.Journal.insert(code="new", title="new").returning(m.Journal),
    "update, returning": lambda m: m.Item.update(amount=7).returning(m.Item),
    "delete, returning": lambda m: m.Remark.delete().returning(m.Remark),
}


for _name, _build in QUERIES.items():
    use(f"run a query: {_name}", "database", _build, lambda m, q: [plain(r) for r in q.execute()])

# A query that a routed model's `select` made has a wrapper of ours for its instances; others get one as they are run.
_OURS = {
    "select",
    "select some fields",
    "select other columns",
    "select from a subquery",
    "common table expression",
    "union",
    "except",
}
for _name, _build in QUERIES.items():
    use(
        f"read again: {_name}",
        "cache" if _name in _OURS else "wrapping",
        lambda m, b=_build: run(b(m).execute()),
        lambda m, q: [plain(r) for r in q],
    )

for _name, _how in {
    "count": lambda m, q: q.count(),
    "exists": lambda m, q: q.exists(),
    "scalar": lambda m, q: q.scalar(),
    "scalars": lambda m, q: list(q.scalars()),
    "first": lambda m, q: q.first().text,
    "get": lambda m, q: q.get().text,
    "get or none": lambda m, q: q.get_or_none().text,
    "peek": lambda m, q: q.peek().text,
    "length": lambda m, q: len(q),
    "index": lambda m, q: q[1].text,
    "slice": lambda m, q: texts(q[:2]),
    "iterator": lambda m, q: texts(q.iterator()),
    "clone": lambda m, q: texts(q.clone()),
    "narrowed": lambda m, q: texts(q.where(m.Item.id > 1)),
}.items():
    use(f"a query built before: {_name}", "database", QUERIES["select"], _how)

use(
    "prefetch to a query built before",
    "database compiling rows",
    QUERIES["select"],
    lambda m, q: [len(x.remarks) for x in q.prefetch(m.Remark.select())],
)
use(
    "load to a query built before",
    "database compiling rows",
    QUERIES["select"],
    lambda m, q: [x.journal.title for x in q.with_related(m.Item.journal)],
)
use("update built before", "database", lambda m: m.Item.update(amount=7), lambda m, q: q.execute())
use("insert built before", "database", lambda m: m.Item.insert(journal=1), lambda m, q: q.execute())
use("delete built before", "database", lambda m: m.Remark.delete(), lambda m, q: q.execute())
use("noop built before", "database", lambda m: m.Item.noop(), lambda m, q: list(q))
