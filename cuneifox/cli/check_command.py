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
    voucher balances, kept balances against recomputed ones, numbers, seals, and the hash chain, also by
    what the catalogue and the last backup know of them. Nothing is changed. The exit code is 1 where
    anything is wrong. Suspended companies can't be entered, and are left out.
    """
    from cuneifox.backing_up import manager_of
    from models.check import check_company

    found: list[Any] = []
    checked: list[str] = []
    with installation() as (config, router), working() as progress:
        manager = manager_of(config, router)
        tenants = [find_company(router, company)] if company else _open_ones(router)
        for number, tenant in enumerate(tenants, start=1):
            progress("Checking", number - 1, len(tenants))
            found += check_company(router, tenant, _last_backup(manager, tenant))
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


def _last_backup(manager: Any, tenant: Any) -> list[tuple[str, Any]]:
    """What a company's last backup says of its books, read at its place: whoever changed the catalogue hasn't that.

    Without backups, or where the place can't be reached (told on standard error), there is none.
    """
    from tenants import BackupFailed, BadBackup, BadKey, UnknownTenant

    if manager is None:
        return []
    try:
        manifest = manager.manifest(manager.latest(tenant))
    except UnknownTenant:
        return []
    except (BackupFailed, BadBackup, BadKey, OSError) as error:
        click.echo(
            printable(f"{tenant.slug} isn't compared with its last backup: {error}"), err=True
        )
        return []
    return [(manifest.stamp, manifest.facts)]


def _open_ones(router: Any) -> list[Any]:
    """All companies that can be entered; the others are told of, on standard error."""
    every = router.tenants()
    closed = [tenant.slug for tenant in every if tenant.state not in ("active", "archived")]
    if closed:
        click.echo(f"Not checked, as nobody may enter them: {', '.join(closed)}.", err=True)
    return [tenant for tenant in every if tenant.slug not in closed]
