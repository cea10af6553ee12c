"""A company whose stores hold rows in every table, of which two backups were made on the way."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from models import backing_up, migrations, people
from models.accounts import add_account, change_account, delete_account, find_account
from models.actors import Actor
from models.attachments import Attachment
from models.companies import CATALOGUE_MODELS, change_settings, create_company
from models.importing import ImportAccount, ImportBatch, ImportEntry, ImportLine, import_batch
from models.inputs import LineInput, VoucherInput
from models.journals import add_book, change_book, find_book
from models.months import close_month, freeze_month, open_month
from models.posting import post, post_input
from models.recurring.given import TemplateInput, TemplateLine
from models.recurring.runs import make_voucher
from models.recurring.template import add_template, change_template
from models.registers import Customer, Employee, Product, Supplier
from models.reversing import reverse
from models.vouchers import delete_draft, save_draft
from models.years import close_year, reopen_year
from tenants import Router, Tenant

BY = Actor.system("test")
STAMPS = ("20260701T000000.000000Z", "20260801T000000.000000Z")


def open_router(folder: str) -> Router:
    """A router on a data folder, with the program's own migrations and tables."""
    router = Router(folder, migrations=migrations.FOLDERS)
    router.universal.create_tables([*people.MODELS, *CATALOGUE_MODELS])
    return router


def make_books(router: Router) -> Tenant:
    """Make the company, do everything in it that changes a row, and return it."""
    create_company(router, slug="acme", name="Acme", template="general", currency="USD")
    with router.using("acme"):
        _master_data()
        _first_year()
        _note_backup(router, STAMPS[0])
        _second_year()
        _note_backup(router, STAMPS[1])
        _afterwards()
    return router.tenant("acme")


def _master_data() -> None:
    for kind in (Customer, Supplier, Product, Employee):
        for code in ("A", "B", "C"):
            kind.add(code=code, name=f"{kind.kind} {code}", local_name="ชื่อ")
        kind.change(2, name="renamed", active=False)
    add_account("1121", "Pounds", "asset", by=BY, commodity="GBP")
    gone = add_account("1999", "Mistake", "asset", by=BY)
    delete_account(gone.stid, by=BY)
    change_account(find_account("1121").stid, by=BY, name="British pounds", local_name="ปอนด์")
    add_book("X", "Extra", "general", by=BY)
    change_book(find_book("X").stid, by=BY, name="Extra book", vat="input")
    change_settings(by=BY, name="Acme Ltd", local_name="แอคมี", era="buddhist")


def _voucher(
    day: date, amount: int, text: str = "", book: str = "GJ", **line: object
) -> VoucherInput:
    lines = [
        LineInput(find_account("1110").stid, amount, "in", **line),  # type: ignore[arg-type]
        LineInput(find_account("4100").stid, -amount),
    ]
    return VoucherInput(find_book(book).stid, day, text or f"Sale {amount}", lines, f"R{amount}")


def _first_year() -> None:
    for n in range(1, 9):
        given = _voucher(date(2024, n, 5), 100 * n, register="customer", register_stid=1 + n % 3)
        post_input(given, by=BY, key=f"key {n}" if n % 2 else None)
    pounds = LineInput(find_account("1121").stid, 125, "", Decimal("1.00"), "GBP", "supplier", 1)
    other = LineInput(find_account("4100").stid, -125, "", None, None, "product", 2)
    post_input(
        VoucherInput(find_book("X").stid, date(2024, 9, 1), "Change", [pounds, other]), by=BY
    )
    reverse(3, date=date(2024, 9, 2), by=BY, reason="Mistake")
    freeze_month(202401, by=BY, reason="Audit")
    open_month(202401, by=BY)
    close_year(2024, by=BY)
    reopen_year(2024, by=BY, reason="Forgot one")
    post_input(_voucher(date(2024, 12, 30), 999), by=BY)
    close_year(2024, by=BY)
    for month in (*range(202401, 202410), 202412):
        close_month(month, by=BY, today=date(2026, 7, 1))
    Attachment.attach(1, "receipt.pdf", "application/pdf", b"%PDF-1", added_by="Somsri")


def _second_year() -> None:
    for n in range(1, 7):
        draft = save_draft(_voucher(date(2025, n, 6), 70 * n, book="X"), by=BY)
        if n == 2:
            Attachment.attach(draft.id, "note.txt", "text/plain", b"note")
        post(draft.id, by=BY)
    account = ImportAccount("Assets:Bank", "asset", date(2025, 1, 1), 1)
    income = ImportAccount("Income:Sales", "income", date(2025, 1, 1), 2)
    lines = [
        ImportLine("Assets:Bank", Decimal("10.004")),
        ImportLine("Income:Sales", Decimal("-10")),
    ]
    entry = ImportEntry(date(2025, 7, 7), 3, "Payee", "Imported", "f1", lines)
    import_batch(ImportBatch("USD", [account, income], [entry]), by=BY)


def _afterwards() -> None:
    freeze_month(202506, by=BY, reason="Looked at")
    for n in range(1, 6):
        post_input(_voucher(date(2025, 8, n), 31 * n), by=BY)
    kept = save_draft(_voucher(date(2026, 1, 2), 55), by=BY, key="draft")
    save_draft(_voucher(date(2026, 1, 3), 56), by=BY, voucher_id=kept.id, version=1)
    save_draft(_voucher(date(2026, 1, 4), 57), by=BY)
    Attachment.attach(kept.id, "draft.txt", "text/plain", b"draft")
    gone = save_draft(_voucher(date(2026, 1, 5), 58), by=BY)
    Attachment.attach(gone.id, "gone.txt", "text/plain", b"gone")
    delete_draft(gone.id, by=BY)
    _recurring()


def _recurring() -> None:
    lines = [
        TemplateLine(find_account("1110").stid, "100 + previous(0)", text="{month_name}"),
        TemplateLine(find_account("4100").stid, "rest", "credit"),
    ]
    given = TemplateInput(
        "Rent", find_book("X").stid, "month_end", "Rent {year}", lines, posts=True
    )
    template = add_template(given, by=BY)
    change_template(template.stid, replace(given, reference="R-{month}"), by=BY, version=1)
    add_template(replace(given, name="Lease", posts=False), by=BY)
    for slot in (date(2026, 2, 1), date(2026, 3, 1)):
        make_voucher(template.stid, slot, by=BY)


def _note_backup(router: Router, stamp: str) -> None:
    """What a backup leaves in the catalogue."""
    router.universal.execute_sql(
        "INSERT INTO backup (tenant, stamp, digest, facts) VALUES (?, ?, '', ?)",
        (router.tenant("acme").id, stamp, json.dumps(backing_up.facts())),
    )
