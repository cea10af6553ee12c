"""What the static ids on a page, or of a voucher, stand for: one query per register, never one per row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from models.errors import BadInput
from models.inputs import LineInput
from models.registers import REGISTERS, STORE
from tenants import current_store

Reference = tuple[str, int]
"""A register's kind and a row's stid: ("customer", 7)."""

_AT_ONCE = 10_000
"""Parameters of one query; SQLite takes 32,766. No page comes near it."""


class Shown(Struct, frozen=True):
    """What people see of a register row."""

    kind: str
    stid: int
    code: str
    name: str
    local_name: str
    active: bool


def resolve(references: Iterable[Reference]) -> dict[Reference, Shown]:
    """Return what to show for each reference; those that nothing answers to are left out.

    Asks the current company's registers, shared or its own, and asks nothing where nothing is
    referred to.
    """
    wanted: dict[str, set[int]] = {}
    for kind, stid in references:
        if kind in REGISTERS:
            wanted.setdefault(kind, set()).add(stid)
    return {
        (kind, row.stid): row
        for kind, stids in wanted.items()
        for row in _rows(kind, sorted(stids))
    }


def demand_known(vouchers: Iterable[Sequence[LineInput]]) -> None:
    """Raise BadInput at the first line that names a register row which isn't there.

    The error's ``index`` is that of the voucher, counted from 0. Inactive rows will do, for new vouchers
    as for old drafts: they aren't offered any more, but what is still open with a customer who left has
    to be settled, refunded or written off under that name. Rows are never deleted, so that this holds
    whenever it is asked, within the transaction or ahead of it. Asks nothing where no line names one.
    """
    naming = [
        (index, n, line.register, line.register_stid)
        for index, lines in enumerate(vouchers)
        for n, line in enumerate(lines, 1)
        if line.register is not None and line.register_stid is not None
    ]
    if not naming:
        return
    found = resolve((kind, stid) for _, _, kind, stid in naming)
    for index, n, kind, stid in naming:
        if (kind, stid) not in found:
            error = BadInput(
                "Line %(n)d names %(kind)s %(stid)s, which isn't in the registers; choose another.",
                field=f"lines.{n}.register",
                n=n,
                kind=kind,
                stid=stid,
            )
            error.index = index
            raise error


def _rows(kind: str, stids: list[int]) -> list[Shown]:
    store = current_store(STORE)
    table = REGISTERS[kind]._meta.table_name
    rows = []
    for start in range(0, len(stids), _AT_ONCE):
        part = stids[start : start + _AT_ONCE]
        marks = ",".join("?" * len(part))
        sql = f"SELECT stid, code, name, local_name, active FROM {table} WHERE stid IN ({marks})"  # noqa: S608 -- our table names
        cursor = store.execute_sql(sql, tuple(part))
        rows += [
            Shown(kind, stid, code, name, local_name, bool(active))
            for stid, code, name, local_name, active in cursor
        ]
    return rows
