"""A company made after another one: a whole copy of its books, or what it would start with."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from peewee import Model

from models import new_books
from models.accounts import Account
from models.companies import COMPANY_MODELS, Company
from models.company_life import steps
from models.company_settings import cleaned_settings
from models.journals import JournalBook
from models.recurring.copied import bring_schedules, template_numbers
from models.registers import REGISTER_MODELS, STORE
from models.settings import BooksSettings, LedgerState, books_settings
from tenants import Router, Store, Tenant, current_store

_AT_ONCE = 500
"""Rows that go in with one statement's preparation."""


def clone_company(
    router: Router,
    source: Tenant | str,
    *,
    slug: str,
    name: str,
    local_name: str = "",
    with_documents: bool,
) -> Company:
    """Make a company after ``source``, under another short name and name, and return it.

    With documents it is a whole copy: vouchers with their numbers and hash chain, drafts, months, balances
    and attachments. Idempotency keys come along, so that what was asked for once, in the source, isn't done
    a second time by asking the clone. Recurring vouchers rest in it until somebody lets them go on,
    or each would be there twice. Without, it gets the chart of accounts, journal books and settings
    as they are now, and nothing was ever posted in it.

    Registers are copied either way, but where the source shares another company's: those the clone shares
    too. Nobody is a member of it yet.

    Raises BadInput, Conflict, and tenants' BadSlug, SlugTaken, UnknownTenant and TenantSuspended; then
    nothing is left behind.
    """
    tenant = router.tenant(source)
    names = cleaned_settings({"name": name, "local_name": local_name})
    if with_documents:
        return _copy_whole(router, tenant, slug, names)
    return _start_alike(router, tenant, slug, names)


def _copy_whole(router: Router, source: Tenant, slug: str, names: dict[str, Any]) -> Company:
    row: dict[str, Any] = {}
    templates: list[int] = []

    def setup() -> None:
        with current_store("books").writing():
            rename_books(names)
            state = LedgerState.get_by_id(1)
            row.update(_row(), chain_count=state.count, chain_head=state.head)
        templates.extend(template_numbers())

    def register(tenant: Tenant) -> None:
        _register(tenant, row)
        bring_schedules(source.id, tenant.id, templates, now=time.time())

    with steps(source):
        clone = router.clone(source, slug, setup=setup, register=register)
    return Company.get_by_id(clone.id)


def _start_alike(router: Router, source: Tenant, slug: str, names: dict[str, Any]) -> Company:
    source.require_open()
    row: dict[str, Any] = {}
    registers = source.store(STORE)
    shared = registers.owner != source.id

    def setup() -> None:
        with current_store("books").writing(), _snapshot(source.store("books")) as books:
            _copy_rows(books, Account, current_store("books"), order=_DEPTH)
            _copy_rows(books, JournalBook, current_store("books"))
            _copy_rows(books, BooksSettings, current_store("books"))
            rename_books(names)
            row.update(_row())
        if not shared:
            with current_store(STORE).writing(), _snapshot(registers) as rows:
                for model in REGISTER_MODELS:
                    _copy_rows(rows, model, current_store(STORE))
        new_books.seal_stores()

    clone = router.create(
        slug,
        COMPANY_MODELS,
        share={STORE: source} if shared else None,
        setup=setup,
        register=lambda tenant: _register(tenant, row),
        template=new_books.template_name(""),
        prepare=lambda: new_books.prepare(None),
    )
    return Company.get_by_id(clone.id)


def rename_books(names: dict[str, Any]) -> None:
    """Give the current company's books other names, in the caller's transaction."""
    settings = books_settings()
    for field, value in names.items():
        setattr(settings, field, value)
    settings.save()


def _row() -> dict[str, Any]:
    """What the catalogue is to know of the company whose entry this is."""
    settings = books_settings()
    fields = ("name", "local_name", "currency", "decimals")
    return {field: getattr(settings, field) for field in fields}


def _register(tenant: Tenant, row: dict[str, Any]) -> None:
    Company.create(tenant_id=tenant.id, created_at=time.time_ns() // 1000, **row)


@contextmanager
def _snapshot(store: Store) -> Iterator[Any]:
    """A connection to another company's store that reads one state of it, while others go on writing."""
    with ExitStack() as stack:
        connection = stack.enter_context(store.get_connection())
        connection.execute("BEGIN")
        yield connection


_DEPTH = """WITH RECURSIVE tree (stid, depth) AS (
    SELECT stid, 0 FROM accounts WHERE parent_stid IS NULL
    UNION ALL SELECT a.stid, t.depth + 1 FROM accounts a JOIN tree t ON a.parent_stid = t.stid
) SELECT {columns} FROM accounts JOIN tree USING (stid) ORDER BY tree.depth"""
"""Groups before what is below them, as foreign keys want it."""

_PLAIN = "SELECT {columns} FROM {table}"


def _copy_rows(source: Any, model: type[Model], target: Store, order: str = _PLAIN) -> None:
    """Copy a table's rows as they are, stids included."""
    meta: Any = model._meta
    columns = [field.column_name for field in meta.sorted_fields]
    listed = ", ".join(f'"{column}"' for column in columns)
    marks = ", ".join("?" * len(columns))
    insert = f'INSERT INTO "{meta.table_name}" ({listed}) VALUES ({marks})'  # noqa: S608 -- our names
    rows = source.execute(order.format(columns=listed, table=meta.table_name))
    while some := rows.fetchmany(_AT_ONCE):
        for row in some:
            target.execute_sql(insert, row)
