"""Registers that companies share, stores that nobody uses, and companies that are no more, from the shell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cuneifox.cli.company_steps import confirmation
from cuneifox.cli.exits import Refused
from cuneifox.cli.opening import company_row, find_company, installation, log
from cuneifox.cli.printing import json_option, print_json, print_table, size


@click.command("share-registers")
@click.argument("slug")
@click.argument("owner")
@json_option
def share_registers(slug: str, owner: str, as_json: bool) -> None:
    """Let the company SLUG use the customers, suppliers, products and employees of OWNER.

    Its own are kept, unused: see `cuneifox company stores`. Refused where its vouchers or drafts name rows
    that are others in the registers of OWNER.
    """
    from models import sharing

    with installation() as (_, router):
        tenant, partner = find_company(router, slug), find_company(router, owner)
        sharing.share_registers(router, tenant, partner)
        log("companies.share_registers", f"{tenant.slug}: {partner.slug}", company_row(tenant))
    if as_json:
        print_json({"slug": tenant.slug, "registers": partner.slug})
    else:
        click.echo(f"{tenant.slug} uses the registers of {partner.slug} now.")


@click.command("unshare-registers")
@click.argument("slug")
@json_option
def unshare_registers(slug: str, as_json: bool) -> None:
    """Give the company SLUG registers of its own again: a copy of those that it used."""
    from models import sharing

    with installation() as (_, router):
        tenant = find_company(router, slug)
        sharing.unshare_registers(router, tenant)
        log("companies.unshare_registers", tenant.slug, company_row(tenant))
    if as_json:
        print_json({"slug": tenant.slug, "registers": tenant.slug})
    else:
        click.echo(f"{tenant.slug} has registers of its own now.")


@click.command("stores")
@json_option
def stores(as_json: bool) -> None:
    """List the stores that no company uses any more: purge them with `purge-store`."""
    with installation() as (_, router):
        unused = [_told(store) for store in router.unused_stores()]
    if as_json:
        print_json(unused)
    elif not unused:
        click.echo("Every store is in use.")
    else:
        rows = [(s["id"], s["role"], s["file"], size(s["bytes"])) for s in unused]
        print_table(["Id", "Role", "File", "Size"], rows)


@click.command("purge-store")
@click.argument("id")
@click.option("--yes-purge", metavar="ID", help="The id again, instead of being asked.")
@json_option
def purge_store(id: str, yes_purge: str | None, as_json: bool) -> None:
    """Delete the store ID for good, which no company uses any more, after a last backup."""
    from models.errors import NotFound
    from models.unused_stores import find_unused, purge_unused

    with installation() as (_, router):
        try:
            found = find_unused(router, id)
        except NotFound:
            raise Refused(
                f"no unused store has the id {id[:80]!r}: see `cuneifox company stores`."
            ) from None
        told = _told(found)
        confirmation("--yes-purge", yes_purge, f"{found.label} is deleted for good", id)
        backup = purge_unused(router, found, confirmed=found.label)
        log("companies.purge_store", f"{found.label} {id}, {backup.name}")
    if as_json:
        print_json({**told, "backup": str(backup)})
    else:
        click.echo(f"{found.label} is purged. Its last backup: {backup}")


@click.command("tombstones")
@json_option
def tombstones(as_json: bool) -> None:
    """List the companies that were purged, when, and where their last backups lie."""
    with installation() as (_, router):
        gone = [
            {
                "slug": t.slug,
                "id": t.id,
                "purged_at": t.purged_at,
                "backup": str(Path(router.path) / t.backup),
            }
            for t in router.tombstones()
        ]
    if as_json:
        print_json(gone)
    elif not gone:
        click.echo("No company was ever purged.")
    else:
        rows = [(t["slug"], t["id"], t["purged_at"], t["backup"]) for t in gone]
        print_table(["Slug", "Id", "Purged at (UTC)", "Last backup"], rows)


def _told(store: Any) -> dict[str, Any]:
    return {
        "id": store.id,
        "owner": store.owner,
        "role": store.role,
        "label": store.label,
        "file": store.path,
        "bytes": store.size(),
    }
