"""What a new company's stores hold from the start: a chart of accounts, journal books, triggers, settings.

All but the settings is the same for every company of a chart, so it is put into a template once, and each
new company begins as a copy of that.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

from models.accounts import Account
from models.charts import Chart, account_rows, load_chart
from models.journals import JournalBook
from models.registers import STORE, protect_registers, register_triggers
from models.seals import FORMAT, TABLES, seal_all
from models.settings import BooksSettings, LedgerState
from models.triggers import install, scripts
from tenants import current_entry, current_store


@cache
def template_name(chart: str) -> str:
    """Return the name under which a template of these contents is kept: another as soon as they are others.

    ``chart`` names a chart of accounts, and is empty for books that begin without one.
    """
    loaded = load_chart(chart) if chart else None
    contents = repr((loaded, scripts(), register_triggers(), FORMAT))
    return f"{chart or 'bare'}-{hashlib.sha256(contents.encode()).hexdigest()[:12]}"


def prepare(chart: Chart | None) -> None:
    """Fill the current entry's empty stores with a chart and its journal books, and protect them.

    Registers that are shared are left to their owner. ``chart`` is None for books that begin without one.
    """
    with current_store("books").writing():
        if chart is not None:
            _insert_chart(chart)
        LedgerState.create()
        install(current_store("books"))
    if has_own_registers():
        with current_store(STORE).writing():
            protect_registers()
    seal_stores()


def seal_stores() -> None:
    """Seal all that the current entry's own stores hold; for those that begin."""
    for role in TABLES:
        if role != STORE or has_own_registers():
            with current_store(role).writing() as database:
                seal_all(database.execute_sql, role)


def set_up(chart: Chart, settings: dict[str, Any]) -> None:
    """Write the settings of a company that begins with this chart, in the caller's transaction."""
    stids = {row[1]: row[0] for row in account_rows(chart)}
    BooksSettings.create(
        retained_earnings=stids[chart.retained_earnings], rounding=stids[chart.rounding], **settings
    )


def _insert_chart(chart: Chart) -> None:
    books = [(book.code, book.name, book.local_name, book.kind, book.vat) for book in chart.books]
    fields = (
        Account.stid, Account.code, Account.name, Account.local_name, Account.type, Account.parent,
        Account.is_group,
    )  # fmt: skip
    Account.insert_many(account_rows(chart), fields).execute()
    JournalBook.insert_many(
        books,
        (
            JournalBook.code, JournalBook.name, JournalBook.local_name, JournalBook.kind,
            JournalBook.vat,
        ),
    ).execute()  # fmt: skip


def has_own_registers() -> bool:
    entry = current_entry()
    if entry is None or entry.tenant is None:
        return False
    registers = entry.tenant.stores.get(STORE)
    return registers is not None and registers.owner == entry.tenant.id
