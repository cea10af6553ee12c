"""`cuneifox check`: the books' own audit, for people and for cron."""

from __future__ import annotations

from typing import Any

import click

from cuneifox.cli.exits import REFUSED, printable
from cuneifox.cli.opening import find_company, installation
from cuneifox.cli.printing import json_option, print_json
from cuneifox.cli.working import working


@click.command()
@click.argument("company", required=False)
@json_option
def command(company: str | None, as_json: bool) -> None:
    """Check a COMPANY's books, or those of all companies, and list what is wrong.

    Looked at are the identity of each file, SQLite's own integrity check, foreign keys, whether every
    voucher balances, kept balances against recomputed ones, numbers, and the hash chain with its head
    in the catalogue. Nothing is changed. The exit code is 1 where anything is wrong. Suspended companies
    can't be entered, and are left out.
    """
    from models.check import check_company

    found: list[Any] = []
    checked: list[str] = []
    with installation() as (_, router), working() as progress:
        tenants = [find_company(router, company)] if company else _open_ones(router)
        for number, tenant in enumerate(tenants, start=1):
            progress("Checking", number - 1, len(tenants))
            found += check_company(router, tenant)
            checked.append(tenant.slug)
    if as_json:
        print_json({"checked": checked, "findings": found})
    else:
        for finding in found:
            click.echo(printable(str(finding)))
        if not found:
            click.echo(
                f"Nothing is wrong with {', '.join(checked) or 'any company: there is none'}."
            )
    if found:
        raise click.exceptions.Exit(REFUSED)


def _open_ones(router: Any) -> list[Any]:
    """All companies that can be entered; the others are told of, on standard error."""
    every = router.tenants()
    closed = [tenant.slug for tenant in every if tenant.state not in ("active", "archived")]
    if closed:
        click.echo(f"Not checked, as nobody may enter them: {', '.join(closed)}.", err=True)
    return [tenant for tenant in every if tenant.slug not in closed]
