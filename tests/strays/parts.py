"""Queries that were built elsewhere, as parts of others."""

from __future__ import annotations

from peewee import Load, Select, fn

from .table import texts, use

use(
    "a subquery built before",
    "compiling",
    lambda m: m.Journal.select(m.Journal.id),
    lambda m, q: texts(m.Item.select().where(m.Item.journal.in_(q))),
)
use(
    "exists a subquery built before",
    "compiling",
    lambda m: m.Journal.select(),
    lambda m, q: texts(m.Item.select().where(fn.EXISTS(q))),
)
use(
    "select a subquery built before",
    "compiling",
    lambda m: m.Journal.select(fn.MAX(m.Journal.id)),
    lambda m, q: m.Item.select(q).limit(1).scalar(),
)
use(
    "select from a subquery built before",
    "compiling",
    lambda m: m.Item.select().alias("s"),
    lambda m, q: m.Item.select(q.c.text).from_(q).count(),
)
use(
    "join a subquery built before",
    "compiling",
    lambda m: m.Journal.select(m.Journal.id).alias("s"),
    lambda m, q: m.Item.select().join(q, on=(m.Item.journal == q.c.id)).count(),
)
use(
    "unite with a query built before",
    "compiling",
    lambda m: m.Item.select(m.Item.text),
    lambda m, q: len(m.Item.select(m.Item.text).union_all(q)),
)
use(
    "a common table expression built before",
    "compiling",
    lambda m: m.Item.select(m.Item.id).cte("c"),
    lambda m, c: m.Item.select().where(m.Item.id.in_(Select((c,), [c.c.id]))).with_cte(c).count(),
)
use(
    "insert from a query built before",
    "compiling",
    lambda m: m.Journal.select(m.Journal.title),
    lambda m, q: m.Label.insert_from(q, [m.Label.name]).execute(),
)
use(
    "update to a subquery built before",
    "compiling",
    lambda m: m.Journal.select(fn.MAX(m.Journal.id)),
    lambda m, q: m.Item.update(amount=q).execute(),
)
use(
    "delete by a subquery built before",
    "compiling",
    lambda m: m.Item.select(m.Item.id),
    lambda m, q: m.Remark.delete().where(m.Remark.item.in_(q)).execute(),
)
use(
    "prefetch a query built before",
    "compiling database rows",
    lambda m: m.Item.select(),
    lambda m, q: [len(j.items) for j in m.Journal.select().prefetch(q)],
)
use(
    "load a query built before",
    "compiling",
    lambda m: m.Item.select(),
    lambda m, q: [
        len(j.items) for j in m.Journal.select().with_related(Load(m.Journal.items, query=q))
    ],
)
use(
    "add a query built before to many-to-many",
    "compiling",
    lambda m: m.Item.select().where(m.Item.id == 3),
    lambda m, q: m.Label.get_by_id(1).items.add(q),
)
use(
    "remove a query built before from many-to-many",
    "compiling",
    lambda m: m.Item.select(),
    lambda m, q: m.Label.get_by_id(1).items.remove(q),
)
use(
    "run a query built before on this database",
    "compiling",
    lambda m: m.Item.select(),
    lambda m, q: texts(q.execute(m.Item._meta.database)),
)
