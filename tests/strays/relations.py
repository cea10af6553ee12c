"""Foreign keys, backrefs and many-to-many of instances."""

from __future__ import annotations

from peewee import prefetch

from .table import item, journal, label, texts, use

use("follow a foreign key", "rows", item, lambda m, x: x.journal.title)
use("follow a foreign key to a code", "rows", lambda m: m.Remark.get(), lambda m, x: x.about.title)
use(
    "read a foreign key that was followed",
    "rows",
    lambda m: (x := item(m), x.journal)[0],
    lambda m, x: x.journal.title,
)
use(
    "read a joined row",
    "rows",
    lambda m: m.Item.select(m.Item, m.Journal).join(m.Journal).get(),
    lambda m, x: x.journal.title,
)
use("refer to a row", "rows", journal, lambda m, x: m.Item(journal=x, text="new").save())
use(
    "change what a row refers to",
    "rows",
    item,
    lambda m, x: setattr(x, "journal", m.Journal.get_by_id(2)),
)
use("change a reference by number", "rows", item, lambda m, x: setattr(x, "journal_id", 2))
use("list a backref", "rows", journal, lambda m, x: texts(x.items))
use(
    "list a backref to itself",
    "rows",
    journal,
    lambda m, x: [child.code for child in x.children],
)
use("count a backref", "rows", journal, lambda m, x: x.items.count())
use("filter a backref", "rows", journal, lambda m, x: texts(x.items.where(m.Item.amount > 10)))
use(
    "delete through a backref",
    "rows",
    item,
    lambda m, x: m.Remark.delete().where(m.Remark.id.in_(x.remarks.select(m.Remark.id))).execute(),
)
use("list a backref taken before", "database", lambda m: journal(m).items, lambda m, q: texts(q))
use(
    "list what prefetch left",
    "rows",
    lambda m: prefetch(m.Journal.select().order_by(m.Journal.id), m.Item.select())[0],
    lambda m, x: texts(x.items),
)
use(
    "list what with_related left",
    "rows",
    lambda m: m.Journal.select().with_related(m.Journal.items)[0],
    lambda m, x: texts(x.items),
)
use("list many-to-many", "rows", label, lambda m, x: texts(x.items.order_by(m.Item.id)))
use(
    "list many-to-many, backwards",
    "rows",
    item,
    lambda m, x: [one.name for one in x.labels],
)
use("add to many-to-many", "rows", label, lambda m, x: x.items.add(3))
use("add a row to many-to-many", "rows", item, lambda m, x: m.Label.get_by_id(2).items.add(x))
use("set many-to-many", "rows", label, lambda m, x: setattr(x, "items", [3]))
use("remove from many-to-many", "rows", label, lambda m, x: x.items.remove(1))
use(
    "remove a row from many-to-many",
    "rows",
    item,
    lambda m, x: m.Label.get_by_id(1).items.remove([x]),
)
use("clear many-to-many", "rows", label, lambda m, x: x.items.clear())
use("add to many-to-many taken before", "rows", lambda m: label(m).items, lambda m, q: q.add([3]))
use("clear many-to-many taken before", "rows", lambda m: label(m).items, lambda m, q: q.clear())
