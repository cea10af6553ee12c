"""Affiliates' registers: one company sees another's customers, suppliers, products and employees as its own."""

from __future__ import annotations

from typing import Any

from models.company_life import steps
from models.errors import Conflict
from models.inputs import read_lines
from models.registers import REGISTERS, STORE
from models.resolver import Reference
from tenants import Router, Store, Tenant

_POSTED = "SELECT DISTINCT register, register_stid FROM lines WHERE register IS NOT NULL"
_DRAFTED = "SELECT lines FROM drafts"
_SHARERS = "SELECT tenant FROM tenant_store WHERE store = ? AND tenant <> ?"

Meaning = tuple[str, str]
"""A register row's code and name, by which people know it."""


def share_registers(router: Router, company: Tenant | str, owner: Tenant | str) -> None:
    """Let a company use the registers of ``owner`` instead of its own, which are kept, unused.

    Raises Conflict where its vouchers or drafts name rows that are others in the owner's registers: a
    static id would mean somebody else from one moment to the next.
    """
    tenant, partner = router.tenant(company), router.tenant(owner)
    if tenant is partner:
        raise Conflict("%(slug)s can't share registers with itself.", slug=tenant.slug)
    if tenant.store(STORE) is partner.store(STORE):
        raise Conflict(
            "%(slug)s and %(owner)s share their registers already.",
            slug=tenant.slug,
            owner=partner.slug,
        )
    _demand_writable(tenant)
    with steps(tenant):
        router.share(tenant, STORE, partner, check=lambda: _demand_same_meaning(tenant, partner))


def unshare_registers(router: Router, company: Tenant | str) -> None:
    """Give a company registers of its own again: a copy of those it shared, so that every stid resolves."""
    tenant = router.tenant(company)
    if not shares_registers(tenant):
        raise Conflict("%(slug)s has registers of its own already.", slug=tenant.slug)
    _demand_writable(tenant)
    with steps(tenant):
        router.unshare(tenant, STORE)


def shares_registers(tenant: Tenant) -> bool:
    """Tell whether a company uses the registers of another one."""
    store = tenant.stores.get(STORE)
    return store is not None and store.owner != tenant.id


def sharers(router: Router, tenant: Tenant) -> list[Tenant]:
    """Return the other companies that use a company's own registers, by short name."""
    store = tenant.stores.get(STORE)
    if store is None or store.owner != tenant.id:
        return []
    others = router.universal.execute_sql(_SHARERS, (store.id, tenant.id)).fetchall()
    found = [router.tenant(tenant_id) for (tenant_id,) in others]
    return sorted(found, key=lambda other: other.slug)


def _demand_writable(tenant: Tenant) -> None:
    if tenant.is_archived:
        raise Conflict(
            "%(slug)s is archived; resume it before its registers are changed.", slug=tenant.slug
        )


def _demand_same_meaning(tenant: Tenant, partner: Tenant) -> None:
    used = _references(tenant.store("books"))
    if not used:
        return
    own, others = (_meanings(store, used) for store in (tenant.store(STORE), partner.store(STORE)))
    different = sorted(
        reference for reference in used if own.get(reference) != others.get(reference)
    )
    if different:
        kind, stid = different[0]
        code, name = own.get(different[0], (str(stid), ""))
        raise Conflict(
            "%(slug)s can't share the registers of %(owner)s: its vouchers and drafts name %(kind)s %(row)s, "
            "who isn't the same there (%(count)s such rows in all). Only rows with the same code, name and "
            "static id are the same.",
            slug=tenant.slug,
            owner=partner.slug,
            kind=kind,
            row=f"{code} {name}".strip(),
            count=len(different),
        )


def _references(books: Store) -> set[Reference]:
    with books.get_connection() as connection:
        used = {(kind, stid) for kind, stid in connection.execute(_POSTED)}
        for (lines,) in connection.execute(_DRAFTED):
            for line in read_lines(lines):
                if line.register is not None and line.register_stid is not None:
                    used.add((line.register, line.register_stid))
    return used


def _meanings(registers: Store, wanted: set[Reference]) -> dict[Reference, Meaning]:
    found: dict[Reference, Meaning] = {}
    with registers.get_connection() as connection:
        for kind in sorted({kind for kind, _ in wanted} & REGISTERS.keys()):
            table: Any = REGISTERS[kind]._meta
            query = f'SELECT stid, code, name FROM "{table.table_name}"'  # noqa: S608 -- our names
            for stid, code, name in connection.execute(query):
                if (kind, stid) in wanted:
                    found[kind, stid] = (code, name)
    return found
