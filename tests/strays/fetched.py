"""Rows that a query has fetched elsewhere."""

from __future__ import annotations

import copy
from typing import Any

from .queries import QUERIES
from .table import run, texts, use

for _name, _how in {
    "again": lambda m, q: texts(q),
    "length": lambda m, q: len(q),
    "index": lambda m, q: q[0].text,
    "last": lambda m, q: q[-1].text,
    "slice": lambda m, q: texts(q[1:]),
    "copy": lambda m, q: texts(copy.copy(q)),
    "wrapper": lambda m, q: texts(q.execute()),
    "wrapper's index": lambda m, q: q.execute()[0].text,
}.items():
    use(f"fetched rows: {_name}", "cache", lambda m: run(QUERIES["select"](m)), _how)


def half_read(rows: Any) -> Any:
    """Return an iterator that has given its first row."""
    iterator = iter(rows)
    next(iterator)
    return iterator


use(
    "go on iterating",
    "cache cursor",
    lambda m: half_read(QUERIES["select"](m)),
    lambda m, it: texts(it),
)
use(
    "go on iterating dicts",
    "cache cursor",
    lambda m: half_read(QUERIES["dicts"](m)),
    lambda m, it: [r["text"] for r in it],
)
use(
    "go on with an iterator",
    "cursor",
    lambda m: half_read(QUERIES["select"](m).iterator()),
    lambda m, it: texts(it),
)
use(
    "go on with scalars",
    "cache cursor",
    lambda m: half_read(m.Item.select(m.Item.text).scalars()),
    lambda m, it: list(it),
)
