"""`cuneifox company`: companies, from the shell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cuneifox.cli.exits import Refused, printable
from cuneifox.cli.opening import find_company, installation, log
from cuneifox.cli.printing import json_option, print_json, print_table


@click.group()
def command() -> None:
    """Create, list and show companies."""


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
        told = _told(company, slug)
    if as_json:
        print_json(told)
    else:
        click.echo(f"Created {slug}. Let somebody in: cuneifox user grant NAME {slug} --all edit")


@command.command("list")
@json_option
def list_companies(as_json: bool) -> None:
    """List all companies."""
    from models.companies import Company

    with installation() as (_, router):
        slugs = {tenant.id: tenant.slug for tenant in router.tenants()}
        companies = [
            _told(company, slugs[company.tenant_id])
            for company in Company.select()
            if company.tenant_id in slugs
        ]
    companies.sort(key=lambda told: told["slug"])
    if as_json:
        print_json(companies)
    else:
        print_table(
            ["Slug", "Name", "Local name", "Currency"],
            [(c["slug"], c["name"], c["local_name"], c["currency"]) for c in companies],
        )


@command.command("show")
@click.argument("slug")
@json_option
def show(slug: str, as_json: bool) -> None:
    """Show a company: what it is, its files, its people, and how many vouchers it has."""
    from models.companies import Company
    from models.people import Membership
    from models.settings import LedgerState, books_settings

    with installation() as (_, router):
        tenant = find_company(router, slug)
        company = Company.get_or_none(Company.tenant_id == tenant.id)
        if company is None:
            raise Refused(
                f"{slug} is in the catalogue, but its company isn't: run `cuneifox check`."
            )
        told = _told(company, tenant.slug)
        told["members"] = {m.user.name: m.levels for m in Membership.within(tenant.id)}
        told["stores"] = {
            role: {
                "file": str(store.path),
                "bytes": _bytes(Path(store.path)),
                "shared": store.owner != tenant.id,
            }
            for role, store in sorted(tenant.stores.items())
        }
        with router.using(tenant):
            told["fiscal_start_month"] = books_settings().fiscal_start_month
            state = LedgerState.get_by_id(1)
            told["vouchers"], told["chain_head"] = state.count, state.head
    if as_json:
        print_json(told)
        return
    files = told.pop("stores")
    people = told.pop("members")
    rows = [(name.replace("_", " ").capitalize(), str(value)) for name, value in told.items()]
    rows += [("Members", ", ".join(people) or "nobody")]
    rows += [
        (f"Store {role}", f"{s['file']} ({_size(s['bytes'])}{', shared' if s['shared'] else ''})")
        for role, s in files.items()
    ]
    print_table(["", ""], rows)


def _told(company: Any, slug: str) -> dict[str, Any]:
    return {
        "slug": slug,
        "id": company.tenant_id,
        "name": company.name,
        "local_name": company.local_name,
        "currency": company.currency,
        "decimals": company.decimals,
    }


def _bytes(file: Path) -> int | None:
    return file.stat().st_size if file.exists() else None


def _size(count: int | None) -> str:
    return "missing" if count is None else f"{count:,} bytes"


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
