"""Companies: what lists show of them, and how a new one gets its books."""

from __future__ import annotations

import time
from collections.abc import Collection
from functools import partial
from itertools import chain
from typing import Any

from peewee import BigIntegerField, CharField, IntegerField, Model, Table

from models import new_books
from models.accounts import Account
from models.actors import Actor
from models.attachments import Attachment
from models.balances import Balance
from models.charts import load_chart
from models.company_settings import cleaned_settings, demand_no_other_unit, demand_same_money
from models.drafts import Draft
from models.errors import NotAllowed
from models.jobs.tables import MODELS as JOB_MODELS
from models.journals import JournalBook
from models.months import Month, MonthChange
from models.numbering import NumberSeries
from models.posted import Line, Voucher
from models.recurring.made import RecurringRun
from models.recurring.template import RecurringVoucher
from models.registers import REGISTER_MODELS
from models.restorations import Restoration
from models.seal_anchors import SealAnchor
from models.seals import SEAL_MODELS
from models.settings import GENESIS, BooksSettings, LedgerState, books_settings
from tenants import RoutedModel, Router, Tenant, current_entry, current_store

BOOKS_MODELS: list[type[Model]] = [
    Account, JournalBook, BooksSettings, LedgerState, NumberSeries, Month, MonthChange, Draft,
    Voucher, Line, Balance, RecurringVoucher, RecurringRun,
]  # fmt: skip
"""In the order in which their tables can be made."""

COMPANY_MODELS: list[type[Model]] = [
    *BOOKS_MODELS, *REGISTER_MODELS, Attachment, *chain.from_iterable(SEAL_MODELS.values()),
]  # fmt: skip
"""What a company stores, in all its stores."""


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


CATALOGUE_MODELS: list[type[Model]] = [Company, Restoration, SealAnchor, *JOB_MODELS]
"""What the catalogue holds of companies, and of the work that is done for them."""

_TENANT = Table("tenant", ("id", "state"))


def in_states(states: Collection[str]) -> Any:
    """Return the condition that a company is in one of these states, which the catalogue keeps."""
    ids = _TENANT.select(_TENANT.id).where(_TENANT.state.in_(list(states)))
    return Company.tenant_id.in_(ids)


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
    settings = cleaned_settings(
        {
            "name": name,
            "local_name": local_name,
            "currency": currency,
            "decimals": decimals,
            "fiscal_start_month": fiscal_start_month,
            "era": chart.era,
        }
    )
    router.universal.create_tables(CATALOGUE_MODELS)
    share = {"registers": share_registers_with} if share_registers_with is not None else {}

    def setup() -> None:
        with current_store("books").writing():
            new_books.set_up(chart, settings)

    def register(tenant: Tenant) -> None:
        Company.create(
            tenant_id=tenant.id,
            name=settings["name"],
            local_name=settings["local_name"],
            currency=settings["currency"],
            decimals=settings["decimals"],
            created_at=time.time_ns() // 1000,
        )

    tenant = router.create(
        slug,
        COMPANY_MODELS,
        share=share,
        setup=setup,
        register=register,
        template=new_books.template_name(template),
        prepare=partial(new_books.prepare, chart),
    )
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
    cleaned = cleaned_settings(values)

    def write() -> BooksSettings:
        settings = books_settings()
        if LedgerState.get_by_id(1).count:
            demand_same_money(settings, cleaned)
        elif Draft.select().exists():
            demand_no_other_unit(settings, cleaned)
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
