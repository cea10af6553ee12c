"""Rows that leave the process: pickled ones stay with their store, and what makes JSON of rows has to read them."""

from __future__ import annotations

import io
import json
import pickle
from typing import Any

from peewee import ModelBase
from playhouse.shortcuts import model_to_dict

from .queries import QUERIES
from .table import Models, item, run, use


class _Pickler(pickle.Pickler):
    """Names the ledger's classes instead of importing them: the plain ledger's are in no module."""

    def persistent_id(self, thing: Any) -> str | None:
        return thing.__name__ if isinstance(thing, ModelBase) else None


class _Unpickler(pickle.Unpickler):
    def __init__(self, pickled: bytes, models: Models) -> None:
        super().__init__(io.BytesIO(pickled))
        self.models = models

    def persistent_load(self, name: str) -> Any:
        return getattr(self.models, name)


def pickled(thing: Any) -> bytes:
    """Return a thing as bytes."""
    written = io.BytesIO()
    _Pickler(written).dump(thing)
    return written.getvalue()


def unpickled(m: Models, written: bytes) -> Any:
    """Return what `pickled` was given, with the classes of this ledger."""
    return _Unpickler(written, m).load()


use(
    "pickle: save a row",
    "rows",
    lambda m: pickled(item(m)),
    lambda m, p: unpickled(m, p).save(),
)
use(
    "pickle: follow a foreign key",
    "rows",
    lambda m: pickled(item(m)),
    lambda m, p: unpickled(m, p).journal.title,
)
use(
    "pickle: list a backref of a row that was followed",
    "rows",
    lambda m: pickled((item(m).journal, item(m))),
    lambda m, p: len(unpickled(m, p)[0].items),
)
use(
    "pickle: delete each of some rows",
    "rows",
    lambda m: pickled(list(m.Remark.select())),
    lambda m, p: [row.delete_instance() for row in unpickled(m, p)],
)
use(
    "pickle: equality with a row",
    "equality",
    lambda m: pickled(item(m)),
    lambda m, p: unpickled(m, p) == item(m),
    compares=True,
)
use(
    "JSON of a row with its relations",
    "rows",
    item,
    lambda m, x: json.dumps(model_to_dict(x)),
)
use(
    "JSON of a query built before",
    "database",
    QUERIES["dicts"],
    lambda m, q: json.dumps(list(q)),
)
use(
    "JSON of rows fetched before",
    "wrapping",
    lambda m: run(QUERIES["dicts"](m)),
    lambda m, q: json.dumps(list(q)),
)
