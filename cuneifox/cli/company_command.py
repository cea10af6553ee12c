"""`cuneifox company`: companies, from the shell."""

from __future__ import annotations

from typing import Any

import click

from cuneifox.cli import company_steps, company_stores
from cuneifox.cli.exits import Refused, printable
from cuneifox.cli.in_order import InOrder
from cuneifox.cli.opening import company_row, find_company, installation, log
from cuneifox.cli.printing import json_option, print_json, print_table, size

STATES = ("active", "suspended", "archived")


@click.group(cls=InOrder)
def command() -> None:
    """Create, list and show companies; rename, clone, suspend, archive and purge them."""


@command.command("create")
@click.argument("slug")
@click.option("--name", required=True, help="Its name in English.")
@click.option("--local-name", default="", help="Its name in Thai.")
@click.option(
    "--currency",
    default="THB",
    show_default=True,
    help="ISO 4217 code; fixed once something is posted.",
)
@click.option("--decimals", type=int, help="Digits of the minor unit; else what the currency has.")
@click.option(
    "--fiscal-start-month",
    type=click.IntRange(1, 12),
    default=1,
    show_default=True,
    help="The month in which fiscal years start.",
)
@click.option(
    "--template",
    type=click.Choice(["thai", "general"]),
    default="thai",
    show_default=True,
    help="The chart of accounts and the journal books that it starts with.",
)
@click.option(
    "--share-registers-with",
    metavar="COMPANY",
    help="An affiliate, whose customers, suppliers, products and employees are this one's too.",
)
@json_option
def create(
    slug: str,
    name: str,
    local_name: str,
    currency: str,
    decimals: int | None,
    fiscal_start_month: int,
    template: str,
    share_registers_with: str | None,
    as_json: bool,
) -> None:
    """Create a company. SLUG is what stands for it in addresses and commands: a-z, 0-9 and hyphens."""
    from models.companies import create_company

    with installation(make=True) as (_, router):
        company = create_company(
            router,
            slug=slug,
            name=name,
            local_name=local_name,
            currency=currency,
            decimals=_decimals(currency) if decimals is None else decimals,
            fiscal_start_month=fiscal_start_month,
            template=template,
            share_registers_with=share_registers_with,
        )
        log("companies.create", slug, company)
        told = _told(company, router.tenant(company.tenant_id))
    if as_json:
        print_json(told)
    else:
        click.echo(f"Created {slug}. Let somebody in: cuneifox user grant NAME {slug} --all edit")


@command.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only those in this state.")
@json_option
def list_companies(state: str | None, as_json: bool) -> None:
    """List all companies, or those in one state."""
    from models.companies import Company

    with installation() as (_, router):
        tenants = {t.id: t for t in router.tenants() if t.state == (state or t.state)}
        companies = [
            _told(company, tenants[company.tenant_id])
            for company in Company.select()
            if company.tenant_id in tenants
        ]
    companies.sort(key=lambda told: told["slug"])
    if as_json:
        print_json(companies)
    else:
        print_table(
            ["Slug", "Name", "Local name", "Currency", "State"],
            [
                (c["slug"], c["name"], c["local_name"], c["currency"], _standing(c))
                for c in companies
            ],
        )


@command.command("show")
@click.argument("slug")
@json_option
def show(slug: str, as_json: bool) -> None:
    """Show a company: what it is, its files, its people, and how many vouchers it has.

    Of one that is suspended or can't be opened the vouchers are those that the catalogue knows of.
    """
    from models.company_faults import faults_of
    from models.people import Membership

    with installation() as (_, router):
        tenant = find_company(router, slug)
        company = company_row(tenant)
        if company is None:
            raise Refused(
                f"{slug} is in the catalogue, but its company isn't: run `cuneifox check`."
            )
        told = _told(company, tenant)
        told["members"] = {m.user.name: m.levels for m in Membership.within(tenant.id)}
        told["stores"] = {
            role: {
                "file": store.path,
                "bytes": store.size(),
                "shared": store.owner != tenant.id,
                "trouble": store.trouble or "",
            }
            for role, store in sorted(tenant.stores.items())
        }
        told["faults"] = faults_of(tenant)
        told |= _books(router, tenant, company, told["faults"])
    if as_json:
        print_json(told)
        return
    files = told.pop("stores")
    people = told.pop("members")
    faults = told.pop("faults")
    told["quarantine"] = ", ".join(told["quarantine"])
    rows = [
        (name.replace("_", " ").capitalize(), "" if value is None else str(value))
        for name, value in told.items()
    ]
    rows += [("Members", ", ".join(people) or "nobody")]
    for role, s in files.items():
        told_of = f"{s['file']} ({size(s['bytes'])}{', shared' if s['shared'] else ''})"
        quarantine = f", in quarantine: {s['trouble']}" if s["trouble"] else ""
        rows.append((f"Store {role}", told_of + quarantine))
    print_table(["", ""], rows)
    for fault in faults:
        click.echo(printable(fault))


for _step in (
    company_steps.rename,
    company_steps.clone,
    company_steps.suspend,
    company_steps.archive,
    company_steps.resume,
    company_steps.resume_recurring,
    company_steps.purge,
    company_stores.share_registers,
    company_stores.unshare_registers,
    company_stores.stores,
    company_stores.purge_store,
    company_stores.tombstones,
):
    command.add_command(_step)


def _books(router: Any, tenant: Any, company: Any, faults: list[str]) -> dict[str, Any]:
    """What is only in the books, or what the catalogue knows where they can't be opened."""
    from models.settings import LedgerState, books_settings

    if tenant.state == "suspended" or faults:
        return {
            "fiscal_start_month": None,
            "vouchers": company.chain_count,
            "chain_head": company.chain_head,
        }
    with router.using(tenant):
        state = LedgerState.get_by_id(1)
        return {
            "fiscal_start_month": books_settings().fiscal_start_month,
            "vouchers": state.count,
            "chain_head": state.head,
        }


def _standing(told: dict[str, Any]) -> str:
    return f"{told['state']}, in quarantine" if told["quarantine"] else told["state"]


def _told(company: Any, tenant: Any) -> dict[str, Any]:
    return {
        "slug": tenant.slug,
        "id": company.tenant_id,
        "name": company.name,
        "local_name": company.local_name,
        "currency": company.currency,
        "decimals": company.decimals,
        "state": tenant.state,
        "reason": tenant.reason,
        "quarantine": sorted(role for role, store in tenant.stores.items() if store.trouble),
    }


def _decimals(currency: str) -> int:
    """How many decimals a currency has by Unicode's CLDR: 2 for THB, 0 for JPY, 3 for KWD."""
    from babel.numbers import get_currency_precision, is_currency

    if not is_currency(currency.upper()):
        raise click.BadParameter(
            f"{printable(currency)} is no currency of ISO 4217. If that is what you mean, say its"
            " --decimals too.",
            param_hint="--currency",
        )
    return get_currency_precision(currency.upper())
