"""Getting companies back from backups, and undoing that, from the shell."""

from __future__ import annotations

from typing import Any

import click

from cuneifox.cli.backup_opening import backups, find_backup, find_unit, untold
from cuneifox.cli.company_steps import confirmation, tell_of_resting
from cuneifox.cli.exits import REFUSED, Refused, printable
from cuneifox.cli.opening import company_row, find_company, log
from cuneifox.cli.printing import json_option, print_json, print_table, size
from cuneifox.cli.working import working

ME = "command line"
"""Who restores, as the activity log has it."""

yes_option = click.option(
    "--yes-restore", metavar="SLUG", help="Its short name again, instead of being asked."
)
name_option = click.option("--name", default="", help="With --into: its name in English.")
local_name_option = click.option("--local-name", default="", help="With --into: its name in Thai.")
share_option = click.option(
    "--share-registers-with",
    metavar="COMPANY",
    help="With --into: an affiliate whose registers it uses, where it gets none of its own.",
)


@click.command("restore")
@click.argument("company")
@click.option("--stamp", help="That backup; else the last one. See `cuneifox backup list COMPANY`.")
@click.option("--into", metavar="SLUG", help="Make a new company of it, and change nothing else.")
@name_option
@local_name_option
@share_option
@click.option(
    "--registers-too", is_flag=True, help="Also registers that others use, for all of them."
)
@yes_option
@json_option
def restore(
    company: str,
    stamp: str | None,
    into: str | None,
    name: str,
    local_name: str,
    share_registers_with: str | None,
    registers_too: bool,
    yes_restore: str | None,
    as_json: bool,
) -> None:
    """Let COMPANY be again what a backup of it holds, or make a new company of that.

    All others go on working, and so does this one until the backup was read, brought up to the program
    and checked. What it is now is kept beside it: `cuneifox backup kept`, `go-back` and `discard`. A
    company that was purged is named by its id, with --into.
    """
    from models.restoring import company_of_backup, restorable, restore_company

    _demand_names(into, name, local_name, share_registers_with)
    with backups() as (_, router, manager):
        unit = find_unit(router, company)
        backup = find_backup(manager, unit, stamp)
        if into is not None:
            sharing = find_company(router, share_registers_with) if share_registers_with else None
            with working() as progress:
                progress("Restoring", 0, 0)
                made = company_of_backup(
                    manager, backup, slug=into, name=name, local_name=local_name,
                    share_registers_with=sharing,
                )  # fmt: skip
            log("companies.restore", f"{into} of backup {backup.stamp} of {company}", made)
            adopted = router.tenant(made.tenant_id)
            _tell_new(adopted, as_json, f"backup {backup.stamp}")
            if not as_json:
                tell_of_resting(router, adopted)
            return
        tenant = find_company(router, company)
        _, affected = restorable(router, tenant, manager.manifest(backup))
        if affected and not registers_too:
            click.echo(
                f"Its registers stay as they are, as {', '.join(affected)} use them too: --registers-too.",
                err=True,
            )
        what = f"{tenant.slug} becomes what it was at {backup.stamp}"
        typed = confirmation("--yes-restore", yes_restore, what, tenant.slug)
        with working() as progress:
            progress("Restoring", 0, 0)
            done = restore_company(
                manager, tenant, backup, confirmed=typed, registers_too=registers_too, user_name=ME
            )
        _tell_restored(done, as_json, f"{tenant.slug} is what it was at {backup.stamp}.")


@click.command("take")
@click.argument("company", required=False)
@click.option("--books", type=click.Path(exists=True, dir_okay=False), help="A database of books.")
@click.option("--registers", type=click.Path(exists=True, dir_okay=False), help="Of registers.")
@click.option("--attachments", type=click.Path(exists=True, dir_okay=False), help="Of attachments.")
@click.option("--into", metavar="SLUG", help="Make a new company of them.")
@name_option
@local_name_option
@share_option
@yes_option
@json_option
def take(
    company: str | None,
    books: str | None,
    registers: str | None,
    attachments: str | None,
    into: str | None,
    name: str,
    local_name: str,
    share_registers_with: str | None,
    yes_restore: str | None,
    as_json: bool,
) -> None:
    """Take over files that somebody offers: as COMPANY's stores, or as a new company's.

    They are taken for hostile: read in a process that can do nothing else, and nothing but their rows is
    copied, into fresh databases. Files are closed databases, plain or compressed with zstandard.
    """
    from models.restoring import company_of_files, restore_files

    given = {"books": books, "registers": registers, "attachments": attachments}
    files = {role: file for role, file in given.items() if file is not None}
    if not files:
        raise click.UsageError("Name at least one of --books, --registers and --attachments.")
    if (company is None) == (into is None):
        raise click.UsageError("Name either a COMPANY, or a new one with --into.")
    _demand_names(into, name, local_name, share_registers_with)
    with backups() as (_, router, manager):
        if into is not None:
            sharing = find_company(router, share_registers_with) if share_registers_with else None
            with working() as progress:
                progress("Reading", 0, 0)
                made = company_of_files(
                    manager, files, slug=into, name=name, local_name=local_name,
                    share_registers_with=sharing,
                )  # fmt: skip
            log("companies.restore", f"{into} of files from elsewhere", made)
            _tell_new(router.tenant(made.tenant_id), as_json, "files from elsewhere")
            return
        tenant = find_company(router, company or "")
        what = f"{', '.join(files)} of {tenant.slug} become what is in these files"
        typed = confirmation("--yes-restore", yes_restore, what, tenant.slug)
        with working() as progress:
            progress("Reading", 0, 0)
            done = restore_files(manager, tenant, files, confirmed=typed, user_name=ME)
        _tell_restored(done, as_json, f"{tenant.slug} has what is in these files.")


@click.command("kept")
@click.argument("company", required=False)
@json_option
def kept(company: str | None, as_json: bool) -> None:
    """List what restores have replaced, of COMPANY or of all."""
    with backups() as (_, router, _manager):
        found = router.kept(find_company(router, company) if company else None)
    told: list[dict[str, Any]] = [
        {
            "company": one.label.partition("/")[0], "store": one.role, "since": one.since,
            "generation": one.generation, "bytes": one.bytes, "reason": one.reason,
        }
        for one in found
    ]  # fmt: skip
    if as_json:
        print_json(told)
    elif not told:
        click.echo("Nothing is kept: no restore has replaced anything, or it was discarded.")
    else:
        rows = [(t["company"], t["store"], t["since"], size(t["bytes"]), t["reason"]) for t in told]
        print_table(["Company", "Store", "Since (UTC)", "Size", "Reason"], rows, right=("Size",))


since_option = click.option(
    "--since", help="What was replaced then, as `cuneifox backup kept` says; else the latest."
)


@click.command("go-back")
@click.argument("company")
@since_option
@yes_option
@json_option
def go_back(company: str, since: str | None, yes_restore: str | None, as_json: bool) -> None:
    """Let COMPANY be again what a restore has replaced; what was written since is kept in its turn."""
    from models.restoring import go_back_company

    with backups() as (_, router, manager):
        tenant = find_company(router, company)
        since = _since(router, tenant, since)
        what = f"{tenant.slug} becomes what it was until {since} UTC"
        confirmation("--yes-restore", yes_restore, what, tenant.slug)
        done = go_back_company(manager, tenant, since, user_name=ME)
        _tell_restored(done, as_json, f"{tenant.slug} is what it was until {since} UTC.")


@click.command("discard")
@click.argument("company")
@since_option
@click.option("--yes-discard", metavar="SLUG", help="Its short name again, instead of being asked.")
@json_option
def discard(company: str, since: str | None, yes_discard: str | None, as_json: bool) -> None:
    """Delete for good what a restore of COMPANY has replaced."""
    from models.restoring import discard_kept

    with backups() as (_, router, _manager):
        tenant = find_company(router, company)
        since = _since(router, tenant, since)
        what = f"What {tenant.slug} was until {since} UTC is deleted for good"
        confirmation("--yes-discard", yes_discard, what, tenant.slug)
        gone = discard_kept(tenant, since)
        log(
            "companies.discard", f"{tenant.slug}: what was replaced at {since}", company_row(tenant)
        )
    if as_json:
        print_json([{"store": one.role, "generation": one.generation} for one in gone])
    else:
        click.echo(f"Deleted {', '.join(one.role for one in gone)}.")


@click.command("drill")
@click.option(
    "--companies", type=click.IntRange(min=1), help="How many; else drill_companies of [backups]."
)
@json_option
def drill(companies: int | None, as_json: bool) -> None:
    """Restore the last backups of a few companies aside, and compare them with their books.

    Those come first whose last drill was longest ago. The exit code is 1 where one can't be restored, or
    isn't what the books were. The server does so every night (drill_hour in [backups]).
    """
    from models.backing_up import differences

    with backups() as (config, _router, manager), untold(), working() as progress:
        progress("Restoring aside", 0, 0)
        report = manager.drill(companies or config.backups.drill_companies, differences)
    if as_json:
        print_json(
            [
                {"company": d.slug, "stamp": d.stamp, "seconds": d.seconds, "faults": d.faults}
                for d in report.drills
            ]
        )
    else:
        for one in report.drills:
            said = "; ".join(one.faults) or "as it should be"
            click.echo(printable(f"{one.slug}: {one.stamp or 'no backup'}: {said}"))
        click.echo(f"{len(report.drills)} restored aside, {len(report.failed)} failed.")
    if report.failed:
        raise click.exceptions.Exit(REFUSED)


COMMANDS = (restore, take, kept, go_back, discard, drill)


def _demand_names(into: str | None, name: str, local_name: str, sharing: str | None) -> None:
    if into is not None and not name.strip():
        raise click.UsageError("--into wants the new company's --name, too.")
    if into is None and (name or local_name or sharing):
        raise click.UsageError("--name, --local-name and --share-registers-with go with --into.")


def _since(router: Any, tenant: Any, since: str | None) -> str:
    found = [one.since for one in router.kept(tenant)]
    if not found or (since is not None and since not in found):
        then = f" from {printable(since[:40])}" if since and found else ""
        raise Refused(f"Nothing is kept of {tenant.slug}{then}: see `cuneifox backup kept`.")
    return since or str(found[0])


def _tell_new(tenant: Any, as_json: bool, source: str) -> None:
    if as_json:
        print_json({"slug": tenant.slug, "id": tenant.id, "source": source})
    else:
        click.echo(
            f"Made {tenant.slug} of {source}. Let somebody in: cuneifox user grant NAME {tenant.slug} --all edit"
        )


def _tell_restored(done: Any, as_json: bool, told: str) -> None:
    if as_json:
        print_json(
            {
                "slug": done.tenant.slug, "id": done.tenant.id, "stores": done.roles, "stayed": done.stayed,
                "trusted": done.trusted, "left_out": done.left_out, "vouchers": done.facts.get("chain_count"),
            }
        )  # fmt: skip
        return
    click.echo(printable(told))
    for line in done.stayed:
        click.echo(printable(f"Not restored: {line}."))
    for role, names in done.left_out.items():
        if names:
            click.echo(printable(f"Left out of {role}: {', '.join(names)}."))
    click.echo("What it was before is kept: `cuneifox backup kept`, `go-back` and `discard`.")
