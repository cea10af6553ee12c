"""`cuneifox backup`: making backups, looking at them, and getting companies back from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cuneifox.cli import backup_rebuilding, backup_restoring
from cuneifox.cli.backup_opening import backups, find_backup, find_unit, untold
from cuneifox.cli.exits import KEY_HINT, REFUSED, printable
from cuneifox.cli.in_order import InOrder
from cuneifox.cli.opening import log
from cuneifox.cli.printing import json_option, print_json, print_table, size
from cuneifox.cli.working import working

if TYPE_CHECKING:
    from tenants.backups.manifest import Manifest
    from tenants.backups.report import Outcome


@click.group(cls=InOrder)
def command() -> None:
    """Make backups, look at them, and restore companies from them."""


@command.command("run")
@click.argument("company", required=False)
@click.option("--even-unchanged", is_flag=True, help="Also of what hasn't changed since its last.")
@json_option
def run(company: str | None, even_unchanged: bool, as_json: bool) -> None:
    """Back up what has changed since its last backup, or only COMPANY.

    Each company is copied while others work in it, checked, and stored. One that fails doesn't stop the
    rest. COMPANY may be `universal`: the catalogue, with users and their rights. The exit code is 1 where
    anything failed.
    """
    with backups() as (_, router, manager), untold(), working() as progress:
        unit = find_unit(router, company) if company else None
        progress("Backing up", 0, 0)
        report = manager.backup_now(unit, even_unchanged=even_unchanged)
    if as_json:
        print_json(
            {"looked_at": report.looked_at, "outcomes": [_outcome(o) for o in report.outcomes]}
        )
    else:
        for outcome in report.outcomes:
            click.echo(printable(_told(outcome)))
        click.echo(
            f"{report.looked_at} looked at, {len(report.made)} backed up, {len(report.failed)} failed"
            f" ({report.seconds:.1f} s)."
        )
    if report.failed:
        raise click.exceptions.Exit(REFUSED)


@command.command("list")
@click.argument("company", required=False)
@json_option
def list_backups(company: str | None, as_json: bool) -> None:
    """List how each company stands, or all backups of COMPANY.

    A company that was purged is named by its id, see `cuneifox company tombstones`.
    """
    with backups() as (_, router, manager):
        if company is None:
            _print_standings(manager.status(), _names(router), as_json)
            return
        found = [_row(manager, backup) for backup in manager.list(find_unit(router, company))]
    if as_json:
        print_json(found)
    elif not found:
        click.echo(f"There is no backup of {printable(company)} yet: `cuneifox backup run`.")
    else:
        columns = ["Stamp", "Kind", "Size", "Stored", "Vouchers", "Last number", ""]
        rows = [
            (
                f["stamp"], f["kind"], _size(f["bytes"]), _size(f["stored_bytes"]), str(f["vouchers"]),
                f["last_number"], f["wrong"],
            )
            for f in found
        ]  # fmt: skip
        print_table(columns, rows, right=("Size", "Stored", "Vouchers"))


@command.command("verify")
@click.argument("company", required=False)
@click.option("--stamp", help="That backup; else the last one.")
@click.option("--all", "every", is_flag=True, help="All backups, and not the last ones alone.")
@json_option
def verify(company: str | None, stamp: str | None, every: bool, as_json: bool) -> None:
    """Read backups to their last byte: the last one of every company, or of COMPANY.

    The exit code is 1 where one is damaged, or can't be read with the key that the settings name.
    """
    from tenants.errors import BadBackup, BadKey

    if stamp and (every or not company):
        raise click.UsageError("--stamp goes with one COMPANY, and not with --all.")
    wrong: dict[str, list[dict[str, Any]]] = {"damaged": [], "without_key": []}
    with backups() as (_, router, manager), working() as progress:
        if stamp:
            chosen = [find_backup(manager, find_unit(router, company or ""), stamp)]
        else:
            chosen = manager.list(find_unit(router, company) if company else None)
            if not every:  # they come in order of their stamps
                chosen = list({backup.tenant: backup for backup in chosen}.values())
        for number, backup in enumerate(chosen):
            progress("Verifying", number, len(chosen))
            try:
                manager.verify(backup)
            except (BadBackup, BadKey) as error:
                kind = "without_key" if isinstance(error, BadKey) else "damaged"
                one = {"tenant": backup.tenant, "stamp": backup.stamp, "wrong": str(error)}
                wrong[kind].append(one)
    sound = len(chosen) - sum(map(len, wrong.values()))
    if as_json:
        print_json({"looked_at": len(chosen), "as_written": sound} | wrong)
    else:
        _print_verified(len(chosen), sound, wrong)
    if sound < len(chosen):
        raise click.exceptions.Exit(REFUSED)


def _print_verified(looked_at: int, sound: int, wrong: dict[str, list[dict[str, Any]]]) -> None:
    for one in (*wrong["damaged"], *wrong["without_key"]):
        click.echo(printable(one["wrong"]))
    counts = [f"{sound} as written", f"{len(wrong['damaged'])} damaged"]
    if wrong["without_key"]:
        counts.append(f"{len(wrong['without_key'])} that can't be read with this key")
    click.echo(f"{looked_at} looked at: {', '.join(counts)}.")
    if wrong["without_key"]:
        click.echo(KEY_HINT)


@command.command("prune")
@json_option
def prune(as_json: bool) -> None:
    """Remove the backups that the settings don't want kept any more.

    The server does so after each backup. What is kept can always be read: the newest good one stays, and
    so does a full one that an increment needs.
    """
    with backups() as (_, _router, manager):
        gone = manager.prune()
    if gone:
        log("backups.prune", f"{len(gone)} removed")
    if as_json:
        print_json([{"tenant": backup.tenant, "stamp": backup.stamp} for backup in gone])
    else:
        click.echo(f"{len(gone)} removed.")


@command.command("key")
@click.argument("file", type=click.Path())
def key(file: str) -> None:
    """Make a key FILE for backups that are encrypted; name it as key_file in [backups].

    Keep a copy of it somewhere else than the backups and the server: without it nobody can read them.
    """
    from cuneifox.cli.exits import Refused
    from tenants.backups import keys
    from tenants.errors import BadKey

    try:
        made = keys.make(file)
    except BadKey as error:
        raise Refused(str(error)) from None
    click.echo(f"Made {printable(file)}, the key {made.id}. Keep a copy of it somewhere else.")


for other in (*backup_restoring.COMMANDS, backup_rebuilding.rebuild):
    command.add_command(other)


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "tenant": outcome.tenant,
        "slug": outcome.slug,
        "outcome": outcome.kind,
        "stamp": outcome.backup.stamp if outcome.backup else "",
        "kind": "increment" if outcome.increment else "full",
        "bytes": outcome.bytes,
        "stored_bytes": outcome.stored_bytes,
        "seconds": round(outcome.seconds, 3),
        "error": outcome.error,
    }


def _told(outcome: Outcome) -> str:
    if outcome.kind == "failed":
        return outcome.failure
    if outcome.kind == "same":
        return f"{outcome.slug}: as in its last backup"
    assert outcome.backup is not None
    kind = "changed pages" if outcome.increment else "whole"
    return f"{outcome.slug}: {outcome.backup.stamp}, {kind}, {size(outcome.bytes)} in {size(outcome.stored_bytes)}"


def _names(router: Any) -> dict[str, str]:
    return {tenant.id: tenant.slug for tenant in router.tenants()}


def _print_standings(status: Any, names: dict[str, str], as_json: bool) -> None:
    told = [
        {
            "tenant": one.tenant,
            "slug": names.get(one.tenant, one.tenant),
            "latest": one.latest.stamp if one.latest else "",
            "bytes": one.bytes,
            "stored_bytes": one.stored_bytes,
            "failures": one.failures,
            "error": one.error,
        }
        for one in status.tenants
    ]
    told.sort(key=lambda one: (not one["failures"], one["slug"]))
    if as_json:
        print_json({"place": status.place, "tenants": told})
        return
    rows = [
        (
            one["slug"], one["latest"] or "none yet", size(one["bytes"]), size(one["stored_bytes"]),
            f"failed: {one['error']}" if one["error"] else "well",
        )
        for one in told
    ]  # fmt: skip
    print_table(
        ["Company", "Last backup (UTC)", "Size", "Stored", ""],
        rows,
        right=("Size", "Stored"),
        title=f"Backups in {status.place}",
    )


def _size(bytes: int | None) -> str:
    return "" if bytes is None else size(bytes)


def _row(manager: Any, backup: Any) -> dict[str, Any]:
    """A backup as it is listed; one whose manifest can't be read is listed all the same."""
    from tenants.errors import BadBackup, BadKey

    try:
        manifest: Manifest = manager.manifest(backup)
    except (BadBackup, BadKey) as error:
        return {
            "stamp": backup.stamp, "kind": "?", "bytes": None, "stored_bytes": None,
            "vouchers": "", "last_number": "", "wrong": str(error), "without_key": isinstance(error, BadKey),
        }  # fmt: skip
    return {
        "stamp": backup.stamp,
        "kind": "increment" if manifest.bases else "full",
        "bytes": manifest.bytes,
        "stored_bytes": manifest.stored_bytes,
        "vouchers": manifest.facts.get("chain_count", ""),
        "last_number": manifest.facts.get("last_number", ""),
        "wrong": "",
        "without_key": False,
    }
