"""Seals on what may change: whoever edits, adds or takes out such a row behind our back is found, and so is the row.

Posted vouchers are kept by their chain, and sums by what they sum up. Everything else in a company's stores (accounts,
journal books, settings, months and their record, drafts, registers, attachments) is under seal: for each row the store
holds a digest of it as this program wrote it last, and one sum of all digests. Both are written in the transaction of
each change, for the row that changes alone, so that an edit of another row isn't taken over by that.

A digest is SHA-256, in hex, over the UTF-8 of a JSON array: FORMAT, the table, and the row's values by the names of
their columns; bytes count as {"blob": hex}. ``attachment.content`` is left out, since ``attachment.sha256`` is in.
Also under seal are the counters from which ids are drawn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, cast

import msgspec
from peewee import BigIntegerField, CharField, Check, CompositeKey, IntegerField, Model

from models.seal_anchors import anchor_seals
from tenants import RoutedModel, Store, current_store

FORMAT = "seal-1"

TABLES: dict[str, tuple[str, ...]] = {
    "books": (
        "accounts",
        "journal_books",
        "settings",
        "months",
        "month_changes",
        "drafts",
        "recurring_vouchers",
        "recurring_runs",
    ),
    "registers": ("customer", "supplier", "product", "employee"),
    "attachments": ("attachment",),
}
"""What is under seal in each store."""

SEQUENCES = "sqlite_sequence"
"""Which of its numbers a table gave last, for those that never give one again."""

LAST_DRAFT = "last_draft"
"""The id that was given to a draft last; its seal's key. Vouchers that weren't drafts have theirs from the chain."""

_LEFT_OUT = "content"
_MODULUS = 2**256
_encode = msgspec.json.Encoder().encode

Execute = Callable[..., Any]
"""Takes SQL and parameters, gives a cursor."""

Change = tuple[str, str, str | None, str | None]
"""A table, a row's key, and the row's digest before and after; None where there is no row."""


class SealFields(RoutedModel):
    """One row's seal; not a table itself."""

    subject = CharField()
    key = CharField()
    digest = CharField()


class SealStateFields(RoutedModel):
    """How many changes there were, and the sum of all digests, that of the number among them; not a table itself."""

    id = IntegerField(primary_key=True, default=1, constraints=[Check("id = 1")])
    changes = BigIntegerField(default=0)
    total = CharField()


def _tables_of(role: str) -> list[type[Model]]:
    class Seal(SealFields):
        class Meta:
            store = role
            table_name = "seals"
            primary_key = CompositeKey("subject", "key")
            without_rowid = True

    class SealState(SealStateFields):
        class Meta:
            store = role
            table_name = "seal_state"

    return [Seal, SealState]


SEAL_MODELS: dict[str, list[type[Model]]] = {role: _tables_of(role) for role in TABLES}
"""The tables of seals, two in each store."""


class SealedModel(RoutedModel):
    """A model whose rows are under seal: they are saved and deleted one by one."""

    def save(self, force_insert: bool = False, only: Any = None) -> Any:
        """Store the row, and its seal in the same transaction."""
        meta = self._meta
        with _writing(current_store(meta.store)) as store:
            known = None if force_insert else self._pk
            before = None if known is None else _digest(store, type(self), known)
            rows = super().save(force_insert, only)
            change = (meta.table_name, str(self._pk), before, _digest(store, type(self), self._pk))
            numbered = [] if before or not _draws_numbers(type(self)) else [_drawn(meta, self._pk)]
            _apply(store, [change, *numbered])
        return rows

    def delete_instance(self, recursive: bool = False, delete_nullable: bool = False) -> Any:
        """Delete the row, and its seal in the same transaction."""
        with _writing(current_store(self._meta.store)) as store, kept(store, type(self), self._pk):
            return super().delete_instance(recursive, delete_nullable)


@contextmanager
def kept(store: Store, model: type[Model], key: Any) -> Iterator[None]:
    """Seal a row anew that the block changes by SQL, within the caller's transaction."""
    before = _digest(store, model, key)
    yield
    _apply(store, [(model._meta.table_name, str(key), before, _digest(store, model, key))])


def added(store: Store, model: type[Model], key: int) -> None:
    """Seal a row that SQL has just added under the next number, within the caller's transaction."""
    meta: Any = model._meta
    change = (meta.table_name, str(key), None, _digest(store, model, key))
    _apply(store, [change, _drawn(meta, key)])


def drafted(store: Store, id: int) -> None:
    """Seal the id that a draft was given, within the caller's transaction."""
    row = store.execute_sql(_LAST_DRAFT, (LAST_DRAFT,)).fetchone()
    gone: list[Change] = (
        [] if row is None else [(LAST_DRAFT, row[0], digest_of(LAST_DRAFT, row), None)]
    )
    _apply(store, [*gone, (LAST_DRAFT, str(id), None, digest_of(LAST_DRAFT, [str(id)]))])


def digest_of(table: str, values: Iterable[Any]) -> str:
    """Return the digest of a row, given as the values of its sealed columns in the order of their names."""
    plain = [{"blob": bytes(v).hex()} if isinstance(v, bytes) else v for v in values]
    return hashlib.sha256(_encode([FORMAT, table, *plain])).hexdigest()


def sum_of(digests: Iterable[str], changes: int) -> str:
    """Return the sum, in hex, of the digests of all rows and of how many changes there were."""
    total = sum(map(_number, digests)) + _counted(changes)
    return f"{total % _MODULUS:064x}"


def rows_of(execute: Execute, table: str) -> Iterator[tuple[str, str]]:
    """Yield key and digest of every row of a table, whatever columns it has by now."""
    shape = execute("SELECT name, pk FROM pragma_table_info(?)", (table,)).fetchall()
    key = next(name for name, pk in shape if pk)
    columns = _sealed(name for name, _ in shape)
    for *values, of in execute(_select(table, columns, key)):
        yield str(of), digest_of(table, values)


def sequences(execute: Execute) -> list[tuple[str, str]]:
    """Return the tables that number their rows, each with the digest of its counter."""
    if execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (SEQUENCES,)).fetchone() is None:
        return []
    rows = execute("SELECT name, seq FROM sqlite_sequence").fetchall()
    return [(str(name), digest_of(SEQUENCES, (name, seq))) for name, seq in rows]


def seal_all(execute: Execute, role: str, last_draft: int = 0) -> None:
    """Seal every row of a store as it is now, within the caller's transaction.

    For stores that begin, and for migrations: whoever changes the columns of a sealed table ends with this. It takes
    over whatever was edited before.
    """
    there = {name for (name,) in execute("SELECT name FROM sqlite_schema").fetchall()}
    tables = [table for table in TABLES[role] if table in there]  # a later migration makes the rest
    seals = [(table, *row) for table in tables for row in rows_of(execute, table)]
    seals += [(SEQUENCES, *row) for row in sequences(execute)]
    if last_draft:
        seals.append((LAST_DRAFT, str(last_draft), digest_of(LAST_DRAFT, [str(last_draft)])))
    state = execute("SELECT changes FROM seal_state").fetchone()
    execute("DELETE FROM seals")
    execute("DELETE FROM seal_state")
    for seal in seals:
        execute(_PUT, seal)
    changes = 0 if state is None else state[0] + 1
    execute(
        "INSERT INTO seal_state (id, changes, total) VALUES (1, ?, ?)",
        (changes, sum_of((digest for _, _, digest in seals), changes)),
    )


_LAST_DRAFT = "SELECT key FROM seals WHERE subject = ?"
_HAD = "SELECT digest FROM seals WHERE subject = ? AND key = ?"
_PUT = (
    "INSERT INTO seals (subject, key, digest) VALUES (?, ?, ?)"
    " ON CONFLICT (subject, key) DO UPDATE SET digest = excluded.digest"
)
_TAKE = "DELETE FROM seals WHERE subject = ? AND key = ?"
_STATE = "SELECT changes, total FROM seal_state"
_MOVE_ON = "UPDATE seal_state SET changes = ?, total = ?"


def _apply(store: Store, changes: Sequence[Change]) -> None:
    """Keep the seals of rows that were changed.

    A row that wasn't as it had been sealed gets a seal that none fits, so that it is found from then on too.
    """
    count, total = store.execute_sql(_STATE).fetchone() or (0, "0")
    moved = _number(total) - _counted(count) + _counted(count + 1)
    for table, key, before, after in changes:
        found = store.execute_sql(_HAD, (table, key)).fetchone()
        had = None if found is None else found[0]
        if had is not None:
            moved -= _number(had)
        if after is None:
            store.execute_sql(_TAKE, (table, key))
            continue
        new = after if had == before else digest_of("broken", (table, key, had, after))
        moved += _number(new)
        store.execute_sql(_PUT, (table, key, new))
    store.execute_sql(_MOVE_ON, (count + 1, f"{moved % _MODULUS:064x}"))
    anchor_seals(store)


def _counted(changes: int) -> int:
    return _number(digest_of("seal_state", [changes]))


def _number(digest: Any) -> int:
    """A digest as a number; what is none was put there by somebody else, and keeps nobody from working."""
    try:
        return int(digest, 16)
    except (TypeError, ValueError):
        return 0


def _digest(store: Store, model: type[Model], key: Any) -> str | None:
    table, sql = _by_key(cast("Hashable", model))
    row = store.execute_sql(sql, (key,)).fetchone()
    return None if row is None else digest_of(table, row[:-1])


@cache
def _by_key(model: Any) -> tuple[str, str]:
    meta = model._meta
    columns = _sealed(field.column_name for field in meta.sorted_fields)
    key = meta.primary_key.column_name
    return meta.table_name, f'{_select(meta.table_name, columns, key)} WHERE "{key}" = ?'


def _sealed(columns: Iterable[str]) -> list[str]:
    return sorted(column for column in columns if column != _LEFT_OUT)


def _select(table: str, columns: Iterable[str], key: str) -> str:
    listed = ", ".join(f'"{column}"' for column in (*columns, key))
    return f'SELECT {listed} FROM "{table}"'  # noqa: S608 -- our names


def _draws_numbers(model: type[Model]) -> bool:
    return bool(getattr(model._meta.primary_key, "is_static", False))


def _drawn(meta: Any, key: int) -> Change:
    """The change of the counter that gave this number: the one before was the last until then."""
    table = meta.table_name
    before = digest_of(SEQUENCES, (table, key - 1)) if key > 1 else None
    return SEQUENCES, table, before, digest_of(SEQUENCES, (table, key))


@contextmanager
def _writing(store: Store) -> Iterator[Store]:
    if store.database.in_transaction():
        yield store
    else:
        with store.writing():
            yield store
