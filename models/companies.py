"""Companies: what lists show of them, and how a new one gets its books."""

from __future__ import annotations

import re
import time
from typing import Any

from peewee import BigIntegerField, CharField, IntegerField, Model

from models.accounts import Account
from models.actors import Actor
from models.attachments import Attachment
from models.balances import Balance
from models.charts import Chart, account_rows, load_chart
from models.drafts import Draft
from models.errors import BadInput, NotAllowed
from models.journals import JournalBook
from models.months import Month, MonthChange
from models.numbering import NumberSeries
from models.posted import Line, Voucher
from models.registers import REGISTER_MODELS, protect_registers
from models.settings import ERAS, GENESIS, BooksSettings, LedgerState, books_settings
from models.texts import clean_line
from models.triggers import install
from tenants import RoutedModel, Router, Tenant, current_entry, current_store

BOOKS_MODELS: list[type[Model]] = [
    Account, JournalBook, BooksSettings, LedgerState, NumberSeries, Month, MonthChange, Draft,
    Voucher, Line, Balance,
]  # fmt: skip
"""In the order in which their tables can be made."""

COMPANY_MODELS: list[type[Model]] = [*BOOKS_MODELS, *REGISTER_MODELS, Attachment]
"""What a company stores, in all its stores."""

_CURRENCY = re.compile(r"[A-Z][A-Z0-9'._-]{0,22}[A-Z0-9]")


class Company(RoutedModel):
    """What the catalogue holds of a company, so that lists needn't open its books.

    Attributes:
        tenant_id: the tenant's, never reused.
        chain_count: how many vouchers its books held when they last said so; ``chain_head`` the last
            one's hash. What was cut off the end of the books is found by it.
        created_at: microseconds since 1970, UTC.
    """

    tenant_id = CharField(26, primary_key=True)
    name = CharField()
    local_name = CharField(default="")
    currency = CharField()
    decimals = IntegerField()
    chain_count = BigIntegerField(default=0)
    chain_head = CharField(default=GENESIS)
    created_at = BigIntegerField()

    class Meta:
        table_name = "companies"


def create_company(
    router: Router,
    *,
    slug: str,
    name: str,
    local_name: str = "",
    currency: str = "THB",
    decimals: int = 2,
    fiscal_start_month: int = 1,
    template: str = "thai",
    share_registers_with: Tenant | str | None = None,
) -> Company:
    """Make a company with its stores, tables, triggers and chart of accounts, and return it.

    ``share_registers_with`` names the company whose customers, suppliers, products and employees it is
    to see as its own. Raises BadInput, and tenants' BadSlug, SlugTaken and UnknownTenant; then nothing
    is left behind.
    """
    chart = load_chart(template)
    settings = _cleaned(
        {
            "name": name,
            "local_name": local_name,
            "currency": currency,
            "decimals": decimals,
            "fiscal_start_month": fiscal_start_month,
            "era": chart.era,
        }
    )
    router.universal.create_tables([Company])
    share = {"registers": share_registers_with} if share_registers_with is not None else {}

    def setup() -> None:
        with current_store("books").writing():
            _fill_books(chart, settings)
        if not share:
            protect_registers()

    def register(tenant: Tenant) -> None:
        Company.create(
            tenant_id=tenant.id,
            name=settings["name"],
            local_name=settings["local_name"],
            currency=settings["currency"],
            decimals=settings["decimals"],
            created_at=time.time_ns() // 1000,
        )

    tenant = router.create(slug, COMPANY_MODELS, share=share, setup=setup, register=register)
    return Company.get_by_id(tenant.id)


def change_settings(*, by: Actor, **values: Any) -> BooksSettings:
    """Change the named settings of the current company, in its books and in the catalogue; return them.

    ``retained_earnings`` and ``rounding`` are stids of accounts. Raises NotAllowed and BadInput, also
    for another currency, other decimals and another fiscal year once something is posted, and for
    another currency and other decimals while there are drafts, whose amounts would mean something else.
    """
    if not by.administers:
        raise NotAllowed(
            "%(name)s doesn't administer this company, and can't change its settings.", name=by.name
        )
    cleaned = _cleaned(values)

    def write() -> BooksSettings:
        settings = books_settings()
        if LedgerState.get_by_id(1).count:
            _demand_same_money(settings, cleaned)
        elif Draft.select().exists():
            _demand_no_other_unit(settings, cleaned)
        for field, value in cleaned.items():
            setattr(settings, field, value)
        settings.save()
        return settings

    settings = current_store("books").write(write)
    shown = {
        field: cleaned[field]
        for field in ("name", "local_name", "currency", "decimals")
        if field in cleaned
    }
    entry = current_entry()
    if shown and entry is not None and entry.tenant is not None:
        Company.update(**shown).where(Company.tenant_id == entry.tenant.id).execute()
    return settings


def _fill_books(chart: Chart, settings: dict[str, Any]) -> None:
    accounts = account_rows(chart)
    books = [(book.code, book.name, book.local_name, book.kind, book.vat) for book in chart.books]
    fields = (
        Account.stid, Account.code, Account.name, Account.local_name, Account.type, Account.parent,
        Account.is_group,
    )  # fmt: skip
    Account.insert_many(accounts, fields).execute()
    JournalBook.insert_many(
        books,
        (
            JournalBook.code, JournalBook.name, JournalBook.local_name, JournalBook.kind,
            JournalBook.vat,
        ),
    ).execute()  # fmt: skip
    stids = {row[1]: row[0] for row in accounts}
    BooksSettings.create(
        retained_earnings=stids[chart.retained_earnings], rounding=stids[chart.rounding], **settings
    )
    LedgerState.create()
    install(current_store("books"))


def _cleaned(values: dict[str, Any]) -> dict[str, Any]:
    cleaned: dict[str, Any] = {}
    for field, value in values.items():
        if field in ("name", "local_name"):
            cleaned[field] = clean_line(value, field, longest=200, required=field == "name")
        elif field == "currency":
            cleaned[field] = _currency(value)
        elif field == "decimals":
            cleaned[field] = _number(value, field, 0, 6)
        elif field == "fiscal_start_month":
            cleaned[field] = _number(value, field, 1, 12)
        elif field == "era":
            if value not in ERAS:
                raise BadInput(
                    "%(era)s is no era; choose buddhist or common.", field=field, era=value
                )
            cleaned[field] = value
        elif field in ("retained_earnings", "rounding"):
            cleaned[field] = _leaf(value, field)
        else:
            raise BadInput("A company has no setting %(field)s.", field=field)
    return cleaned


def _currency(value: Any) -> str:
    code = clean_line(value, "currency", longest=24, required=True).upper()
    if not _CURRENCY.fullmatch(code):
        raise BadInput(
            "%(currency)s is no currency; write its code, like THB or USD.",
            field="currency",
            currency=code,
        )
    return code


def _number(value: Any, field: str, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise BadInput(
            "%(field)s must be a number from %(least)d to %(most)d.",
            field=field,
            least=least,
            most=most,
        )
    return value


def _leaf(stid: Any, field: str) -> int:
    wanted = {"retained_earnings": ("equity",), "rounding": ("income", "expense", "equity")}[field]
    account = Account.get_or_none(Account.stid == stid) if type(stid) is int else None
    if account is None or account.is_group or account.type not in wanted:
        raise BadInput(
            "%(field)s must be an account, not a group, of type %(types)s.",
            field=field,
            types=", ".join(wanted),
        )
    return stid


def _demand_same_money(settings: BooksSettings, cleaned: dict[str, Any]) -> None:
    for field in ("currency", "decimals", "fiscal_start_month"):
        if field in cleaned and cleaned[field] != getattr(settings, field):
            raise BadInput(
                "%(field)s can't be changed once something is posted; make another company instead.",
                field=field,
            )


def _demand_no_other_unit(settings: BooksSettings, cleaned: dict[str, Any]) -> None:
    for field in ("currency", "decimals"):
        if field in cleaned and cleaned[field] != getattr(settings, field):
            raise BadInput(
                "%(field)s can't be changed while there are drafts; delete those first.",
                field=field,
            )
