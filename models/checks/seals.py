"""Whether every row that is under seal is as this program left it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from models.anchors import SealAnchor
from models.checks.findings import Fault
from models.seals import LAST_DRAFT, SEQUENCES, TABLES, digest_of, rows_of, sequences, sum_of
from tenants import Store

NAMES = {
    "accounts": ("account", "code"),
    "journal_books": ("journal book", "code"),
    "settings": ("settings", "name"),
    "months": ("month", "month"),
    "month_changes": ("record of months", "month"),
    "drafts": ("draft", "id"),
    "recurring_vouchers": ("recurring voucher", "name"),
    "recurring_runs": ("record of recurring vouchers", "key"),
    "customer": ("customer", "code"),
    "supplier": ("supplier", "code"),
    "product": ("product", "code"),
    "employee": ("employee", "code"),
    "attachment": ("attachment", "file_name"),
}
"""What a row of each table is called, and the column by which people know it."""

_SEALS = "SELECT subject, key, digest FROM seals"
_STATE = "SELECT id, changes, total FROM seal_state"
_LAST_ID = """
SELECT last_voucher_id, (SELECT COALESCE(MAX(id), 0) FROM vouchers) FROM ledger_state
"""


def sealed(store: Store, known: Iterable[SealAnchor] = ()) -> Iterator[Fault]:
    """Yield rows that were edited, added or taken out other than by this program, and seals that were.

    ``known`` is what catalogue and backups know of the store's seals, read before its rows are.
    """
    execute = store.execute_sql
    seals = {(subject, key): digest for subject, key, digest in execute(_SEALS)}
    digests = list(seals.values())
    for table in TABLES[store.role]:
        for key, digest in rows_of(execute, table):
            yield from _compare(store, table, key, digest, seals.pop((table, key), None))
    for table, digest in sequences(execute):
        if seals.pop((SEQUENCES, table), None) != digest:
            yield Fault("seal", f"the last number given to a row of {table} isn't the one given")
    if store.role == "books":
        yield from _last_draft(store, seals)
    for table, key in seals:
        yield _gone(table, key)
    yield from _state(store, digests, known)


def _compare(store: Store, table: str, key: str, digest: str, seal: str | None) -> Iterator[Fault]:
    if seal is None:
        yield _fault(store, table, key, "was added by something else than this program")
    elif seal != digest:
        yield _fault(store, table, key, "was changed by something else than this program")


def _fault(store: Store, table: str, key: str, what: str) -> Fault:
    kind, column = NAMES[table]
    voucher = "voucher_id" if table == "attachment" else "id" if table == "drafts" else "NULL"
    row: Any = store.execute_sql(
        f'SELECT "{column}", {voucher} FROM "{table}" WHERE {_key_of(table)} = ?',  # noqa: S608 -- ours
        (key,),
    ).fetchone()
    called, voucher_id = row if row is not None else (key, None)
    return Fault("seal", f"{kind} {called} {what}", voucher_id)


def _gone(table: str, key: str) -> Fault:
    if table not in NAMES:
        return Fault("seal", f"the counter {table} {key} was taken out")
    voucher_id = int(key) if table == "drafts" and key.isdecimal() else None
    return Fault(
        "seal", f"{NAMES[table][0]} with the id {key} was taken out by something else", voucher_id
    )


def _key_of(table: str) -> str:
    return {
        "months": "month",
        "settings": "id",
        "month_changes": "id",
        "drafts": "id",
        "recurring_runs": "key",
        "attachment": "id",
    }.get(table, "stid")


def _last_draft(store: Store, seals: dict[tuple[str, str], str]) -> Iterator[Fault]:
    """The ids of vouchers that weren't drafts are in the chain; the last draft's is under seal."""
    given = 0
    for subject, key in [one for one in seals if one[0] == LAST_DRAFT]:
        if seals.pop((subject, key)) == digest_of(LAST_DRAFT, [key]) and key.isdecimal():
            given = max(given, int(key))
        else:
            yield Fault("seal", "the seal on the last draft's id was changed")
    for last, posted in store.execute_sql(_LAST_ID):
        if last != max(given, posted):
            yield Fault(
                "seal",
                f"the last id given to a voucher was {max(given, posted)}, and {last} is kept",
            )


def _state(store: Store, digests: list[str], known: Iterable[SealAnchor]) -> Iterator[Fault]:
    rows = store.execute_sql(_STATE).fetchall()
    if len(rows) != 1 or rows[0][0] != 1:
        yield Fault("seal", f"seal_state has {len(rows)} rows instead of one; restore a backup")
        return
    _, changes, kept = rows[0]
    if kept != sum_of(digests, changes):
        yield Fault(
            "seal", "the seals don't come to their sum: one was changed, added or taken out"
        )
    for anchor in known:
        if changes < anchor.changes:
            said = f"it was set back: it is as of change {changes}, and {anchor.source} knows {anchor.changes}"
            yield Fault("seal", said)
        elif changes == anchor.changes and kept != anchor.total:
            said = f"it was sealed anew: the seals aren't those that {anchor.source} knows"
            yield Fault("seal", said)
