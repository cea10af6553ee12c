"""A whole installation on a new machine, from its backups."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from cuneifox.cli.exits import REFUSED, Refused, printable
from cuneifox.cli.opening import settings
from cuneifox.cli.printing import json_option, print_json


@click.command("rebuild")
@click.argument("place")
@click.option(
    "--key-file", type=click.Path(exists=True, dir_okay=False), help="What they are encrypted with."
)
@click.option(
    "--trusting",
    is_flag=True,
    help="Take what nothing vouches for: nobody else could write there, and there is no key.",
)
@json_option
def rebuild(place: str, key_file: str | None, trusting: bool, as_json: bool) -> None:
    """Make a new data folder of the backups at PLACE, a folder or s3://bucket/prefix.

    The folder (`--data`) must not be there, or be empty. Users, rights and the list of companies come
    from the last backup of `universal`; each company gets its last good one. What can't be restored is
    told, with the exit code 1, and the rest goes on.
    """
    from cuneifox.backing_up import place_at
    from models import backing_up, migrations
    from tenants.backups.rebuilding import rebuild as rebuild_folder
    from tenants.errors import BackupFailed, BadBackup

    config = settings()
    try:
        done = rebuild_folder(
            place_at(config, place),
            config.data_path,
            key_file,
            trusting=trusting,
            migrations=migrations.FOLDERS,
            checks=[backing_up.faults],
            describe=backing_up.facts,
            register=partial(backing_up.restored, user_name="command line"),
            enlist=backing_up.adopted,
            tell=lambda line: click.echo(printable(line), err=True),
        )
    except (BadBackup, BackupFailed) as error:
        raise Refused(str(error)) from None
    if as_json:
        print_json(_for_programs(done))
    else:
        click.echo(printable(f"Made {done.folder} of the backups in {place}."))
        for slug, why in done.missing.items():
            click.echo(printable(f"{slug}: {why}"))
        click.echo(
            f"{len(done.restored)} companies restored, {len(done.missing)} of them not, or not as of their last."
        )
    if done.missing:
        raise click.exceptions.Exit(REFUSED)


def _for_programs(done: Any) -> dict[str, Any]:
    return {
        "folder": str(done.folder),
        "catalogue": done.catalogue.stamp,
        "restored": {slug: backup.stamp for slug, backup in done.restored.items()},
        "missing": done.missing,
    }
