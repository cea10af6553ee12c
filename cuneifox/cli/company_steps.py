"""The steps of a company's life, from the shell: another short name, cloned, suspended, archived, purged."""

from __future__ import annotations

import sys
import time
from typing import Any

import click

from cuneifox.cli.exits import Refused, printable
from cuneifox.cli.opening import company_row, find_company, find_writable_company, installation, log
from cuneifox.cli.printing import json_option, print_json


@click.command()
@click.argument("slug")
@click.argument("new_slug")
@json_option
def rename(slug: str, new_slug: str, as_json: bool) -> None:
    """Give the company SLUG the short name NEW_SLUG. Addresses with the old one lead nowhere then."""
    from models.company_life import rename_company

    with installation() as (_, router):
        tenant = find_company(router, slug)
        old = tenant.slug
        tenant = rename_company(router, tenant, new_slug)
        log("companies.rename", f"{old}: {tenant.slug}", company_row(tenant))
        _tell(tenant, as_json, f"{old} is {tenant.slug} now.")


@click.command()
@click.argument("source")
@click.argument("slug")
@click.option("--name", required=True, help="The clone's name in English.")
@click.option("--local-name", default="", help="Its name in Thai.")
@click.option(
    "--with-documents",
    is_flag=True,
    help="Copy vouchers, drafts, months and attachments too; else it begins empty.",
)
@json_option
def clone(
    source: str, slug: str, name: str, local_name: str, with_documents: bool, as_json: bool
) -> None:
    """Make the company SLUG after SOURCE, with the same chart of accounts, journal books and settings.

    Registers are copied too, but where SOURCE uses another company's: those the clone uses too. Nobody is
    a member of it yet.
    """
    from models.cloning import clone_company

    with installation() as (_, router):
        tenant = find_company(router, source)
        made = clone_company(
            router,
            tenant,
            slug=slug,
            name=name,
            local_name=local_name,
            with_documents=with_documents,
        )
        what = "with documents" if with_documents else "without documents"
        log("companies.clone", f"{tenant.slug}: {slug}, {what}", made)
        done = f"Made {slug} after {tenant.slug}, {what}. Let somebody in: cuneifox user grant NAME {slug} --all edit"
        tenant = router.tenant(made.tenant_id)
        _tell(tenant, as_json, done)
        if not as_json:
            tell_of_resting(router, tenant)


@click.command("resume-recurring")
@click.argument("slug")
@json_option
def resume_recurring(slug: str, as_json: bool) -> None:
    """Let the recurring vouchers of the company SLUG go on that rest since its books were copied.

    Those are made from now on; what was due before is left out. What somebody paused stays so.
    """
    from models.actors import Actor
    from models.recurring.copied import resume_copied, template_numbers

    with installation() as (_, router):
        tenant = find_writable_company(router, slug)
        tenant.require_open()
        with router.using(tenant):
            by, now = Actor.system("command line"), time.time()
            count = resume_copied(tenant.id, template_numbers(), by=by, now=now)
        if count:
            log("recurring.resume", str(count), company_row(tenant))
    if as_json:
        print_json({"slug": tenant.slug, "id": tenant.id, "resumed": count})
    else:
        click.echo(printable(f"Recurring vouchers of {tenant.slug} that go on: {count}"))


@click.command()
@click.argument("slug")
@click.option("--reason", required=True, help="Why; the company's members are shown it.")
@json_option
def suspend(slug: str, reason: str, as_json: bool) -> None:
    """Let nobody into the company SLUG until it is resumed."""
    from models.company_life import suspend_company

    with installation() as (_, router):
        tenant = find_company(router, slug)
        suspend_company(router, tenant, reason)
        log("companies.suspend", f"{tenant.slug}: {reason.strip()}", company_row(tenant))
        _tell(router.tenant(tenant), as_json, f"{tenant.slug} is suspended.")


@click.command()
@click.argument("slug")
@click.option("--reason", default="", help="Why.")
@json_option
def archive(slug: str, reason: str, as_json: bool) -> None:
    """Make the company SLUG read only: its members can look at it and print from it."""
    from models.company_life import archive_company

    with installation() as (_, router):
        tenant = find_company(router, slug)
        archive_company(router, tenant, reason)
        log(
            "companies.archive",
            f"{tenant.slug}: {reason.strip()}".rstrip(": "),
            company_row(tenant),
        )
        _tell(router.tenant(tenant), as_json, f"{tenant.slug} is archived.")


@click.command()
@click.argument("slug")
@json_option
def resume(slug: str, as_json: bool) -> None:
    """Let people work again in the company SLUG, which was suspended or archived."""
    from models.company_life import resume_company

    with installation() as (_, router):
        tenant = find_company(router, slug)
        resume_company(router, tenant)
        log("companies.resume", tenant.slug, company_row(tenant))
        _tell(router.tenant(tenant), as_json, f"{tenant.slug} is active again.")


@click.command()
@click.argument("slug")
@click.option("--yes-purge", metavar="SLUG", help="Its short name again, instead of being asked.")
@json_option
def purge(slug: str, yes_purge: str | None, as_json: bool) -> None:
    """Delete the company SLUG for good, after a last backup. It must be suspended or archived.

    Its books, attachments and memberships go, and its registers unless others use them. What was done in
    it stays in the activity log.
    """
    from models.company_life import demand_purgeable, purge_company

    with installation() as (_, router):
        tenant = find_company(router, slug)
        demand_purgeable(tenant)
        company = company_row(tenant)
        typed = confirmation(
            "--yes-purge", yes_purge, f"{tenant.slug} is deleted for good", tenant.slug
        )
        gone = {"slug": tenant.slug, "id": tenant.id}
        backup = purge_company(router, tenant, confirmed=typed)
        log("companies.purge", f"{gone['slug']}, {backup.name}", company)
    if as_json:
        print_json({**gone, "backup": str(backup)})
    else:
        click.echo(f"{gone['slug']} is purged. Its last backup: {backup}")


def confirmation(option: str, given: str | None, what: str, name: str) -> str:
    """What was written to confirm, or is now asked for; Refused if it isn't `name`."""
    if given is None:
        if not _at_terminal():
            raise click.UsageError(f"There is no terminal to ask at: use {option} {name}.")
        given = click.prompt(
            f"{what}. Write {name} to go on", default="", show_default=False, err=True
        )
    if given.strip() != name:
        raise Refused(f"{printable(given)!r} isn't {name}: nothing was changed.")
    return name


def tell_of_resting(router: Any, tenant: Any) -> None:
    """Say how many recurring vouchers of a company rest since its books were copied, and how they go on."""
    from models.recurring.copied import resting, template_numbers

    with router.using(tenant):
        count = len(resting(tenant.id, template_numbers()))
    if count:
        click.echo(
            printable(
                f"Recurring vouchers of it that rest, so that nothing is made twice: {count}. To have them made here "
                f"as well: cuneifox company resume-recurring {tenant.slug}"
            )
        )


def _tell(tenant: Any, as_json: bool, done: str) -> None:
    if as_json:
        print_json(
            {"slug": tenant.slug, "id": tenant.id, "state": tenant.state, "reason": tenant.reason}
        )
    else:
        click.echo(printable(done))


def _at_terminal() -> bool:
    return sys.stdin.isatty()
