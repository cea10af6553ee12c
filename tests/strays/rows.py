"""Instances, themselves."""

from __future__ import annotations

import copy

from playhouse.shortcuts import model_to_dict, update_model_from_dict

from .table import item, journal, use

use("save a row", "rows", item, lambda m, x: (setattr(x, "amount", 7), x.save())[1])
use("save one field", "rows", item, lambda m, x: x.save(only=["text"]))
use("delete a row", "rows", lambda m: m.Remark.get_by_id(1), lambda m, x: x.delete_instance())
use("delete a row and its dependants", "rows", item, lambda m, x: x.delete_instance(recursive=True))
use("list a row's dependants", "rows", item, lambda m, x: len(list(x.dependencies())))
use("save a copied row", "rows", item, lambda m, x: copy.copy(x).save())
use("save a deeply copied row", "rows", item, lambda m, x: copy.deepcopy(x).save())
use("save a cloned row", "rows", item, lambda m, x: x.clone().save())
use("save a new row", "rows", lambda m: m.Item(journal=1, text="new"), lambda m, x: x.save())
use(
    "save a row changed from a dict",
    "rows",
    item,
    lambda m, x: update_model_from_dict(x, {"text": "changed"}).save(),
)
use("show a row with its relations", "rows", item, lambda m, x: model_to_dict(x))
use(
    "show a row with its backrefs",
    "rows",
    journal,
    lambda m, x: model_to_dict(x, backrefs=True, max_depth=1)["items"],
)
use(
    "create many",
    "rows",
    lambda m: [m.Item(journal=1, text="a"), m.Item(journal=2, text="b")],
    lambda m, rows: (m.Item.bulk_create(rows), [row.id for row in rows])[1],
)
use(
    "update many",
    "rows",
    lambda m: list(m.Item.select()),
    lambda m, rows: m.Item.bulk_update(rows, fields=[m.Item.text, m.Item.journal]),
)
use(
    "reload a row by its key",
    "rows",
    item,
    lambda m, x: m.Item.get(x._pk_expr()).text,
)
use(
    "reload a row into itself",
    "rows",
    item,
    lambda m, x: (x.__data__.update(type(x).get_by_id(x).__data__), x.text)[1],
)
