"""Instances as values in queries."""

from __future__ import annotations

from peewee import SQL, Case, Select, Value, ValuesList, fn

from .table import item, journal, texts, use

use(
    "compare with a row",
    "rows",
    journal,
    lambda m, x: texts(m.Item.select().where(m.Item.journal == x)),
)
use(
    "compare a code with a row",
    "rows",
    journal,
    lambda m, x: texts(m.Remark.select().where(m.Remark.about == x)),
)
use(
    "compare an id with a row",
    "rows",
    item,
    lambda m, x: texts(m.Item.select().where(m.Item.id == x)),
)
use(
    "compare an alias with a row",
    "rows",
    journal,
    lambda m, x: m.Item.select().where(m.Item.alias().journal == x).sql()[1],
)
use(
    "find among rows",
    "rows",
    journal,
    lambda m, x: texts(m.Item.select().where(m.Item.journal.in_([x]))),
)
use(
    "find not among rows",
    "rows",
    journal,
    lambda m, x: texts(m.Item.select().where(m.Item.journal.not_in([x]))),
)
use("filter by a row", "rows", journal, lambda m, x: texts(m.Item.filter(journal=x)))
use(
    "filter by a row's relation",
    "rows",
    journal,
    lambda m, x: m.Remark.filter(item__journal=x).count(),
)
use(
    "choose by a row",
    "rows",
    item,
    lambda m, x: [
        n for (n,) in m.Item.select(Case(m.Item.id, [(x, 1)], 0)).order_by(m.Item.id).tuples()
    ],
)
use(
    "call a function on a row",
    "rows",
    item,
    lambda m, x: m.Item.select(fn.ABS(x)).limit(1).scalar(),
)
use("select a row as a value", "rows", item, lambda m, x: m.Item.select(Value(x)).limit(1).scalar())
use(
    "list rows as values",
    "rows",
    item,
    lambda m, x: (
        m.Item.select().where(m.Item.id.in_(Select((ValuesList([(x,)]),), [SQL("*")]))).sql()
    ),
)
use(
    "order by a row",
    "rows",
    item,
    lambda m, x: texts(m.Item.select().order_by(m.Item.id == x, m.Item.id)),
)
use("get by a row", "rows", item, lambda m, x: m.Item.get_by_id(x).text)
use("index by a row", "rows", item, lambda m, x: m.Item[x].text)
use("contain a row", "rows", item, lambda m, x: x in m.Item)
use("delete by a row", "rows", lambda m: m.Remark.get(), lambda m, x: m.Remark.delete_by_id(x))
use("create with a row", "rows", journal, lambda m, x: m.Item.create(journal=x, text="new").text)
use(
    "insert with a row",
    "rows",
    journal,
    lambda m, x: m.Item.insert(journal=x, text="new").execute(),
)
use(
    "insert many with a row",
    "rows",
    journal,
    lambda m, x: m.Item.insert_many([(x, "new")], ["journal", "text"]).execute(),
)
use(
    "insert many dicts with a row",
    "rows",
    journal,
    lambda m, x: m.Item.insert_many([{"journal": x}]).execute(),
)
use(
    "insert or update with a row",
    "rows",
    journal,
    lambda m, x: (
        m.Item.insert(id=1, journal=2)
        .on_conflict(conflict_target=[m.Item.id], update={m.Item.journal: x})
        .execute()
    ),
)
use(
    "replace with a row",
    "rows",
    journal,
    lambda m, x: m.Item.replace(id=1, journal=x, text="new").execute(),
)
use(
    "update to a row",
    "rows",
    journal,
    lambda m, x: m.Item.update({m.Item.journal: x}).where(m.Item.id == 3).execute(),
)
use(
    "update a text to a row",
    "rows",
    journal,
    lambda m, x: m.Item.update(text=x).where(m.Item.id == 3).execute(),
)
use("set by id to a row", "rows", journal, lambda m, x: m.Item.set_by_id(3, {"journal": x}))
use(
    "get or create with a row",
    "rows",
    journal,
    lambda m, x: m.Item.get_or_create(journal=x, text="new")[1],
)
use(
    "get or create by default with a row",
    "rows",
    journal,
    lambda m, x: m.Item.get_or_create(text="new", defaults={"journal": x})[1],
)
