"""`cuneifox worker`: does jobs."""

from __future__ import annotations

import click

from cuneifox.cli.exits import Refused
from cuneifox.cli.opening import settings


@click.command()
@click.option("--threads", type=click.IntRange(1, 64), help="How many jobs at a time; else as set.")
def command(threads: int | None) -> None:
    """Do jobs until Ctrl-C: long reports, printing, and the server's own work.

    `cuneifox serve` does so too; this is for more of it, also in other containers of the same machine that
    reach the data folder and the queue.
    """
    from cuneifox.jobs.process import work_until_stopped

    config = settings()
    if not (config.data_path / "universal.db").exists():
        raise Refused(
            f"there is no installation in {config.data_path}: name another folder with --data, or start the"
            " server first."
        )
    if threads is None and config.jobs.threads == 0:
        raise Refused("threads in [jobs] is 0: say how many jobs to do at a time with --threads.")
    work_until_stopped(config, threads, announce=click.echo)
