"""`cuneifox migrate`: bring the databases up to the program, while people work."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from cuneifox.cli.exits import REFUSED, printable
from cuneifox.cli.opening import find_company, installation, log
from cuneifox.cli.printing import json_option, print_json, print_table
from cuneifox.cli.working import working

if TYPE_CHECKING:
    from tenants.schemas.fleet import FleetReport, StoreReport

SHOWN = 50
"""Databases that the table shows where none of them failed; those that did are all shown."""


@click.command()
@click.option("--dry-run", is_flag=True, help="Try on copies, and change nothing.")
@click.option(
    "--canary",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Begin with N companies, those with the smallest files; end there if one fails.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=1,
    metavar="N",
    show_default=True,
    help="Companies at the same time.",
)
@click.option("--only", multiple=True, metavar="SLUG", help="This company's own; may be repeated.")
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    default=600.0,
    metavar="SECONDS",
    show_default=True,
    help="How long one database's migrations may take.",
)
@json_option
def command(
    dry_run: bool, canary: int, jobs: int, only: tuple[str, ...], time_limit: float, as_json: bool
) -> None:
    """Bring all databases up to this version of the program.

    Each is migrated by itself, whole or not at all, after a copy of it was put into `snapshots` beside
    it. Its company waits for that; all others go on working. One that fails stays as it was, is closed
    to this version until it succeeds, and doesn't stop the rest; the company's page shows why. What is
    up to date isn't opened. Interrupt it whenever you want, and start it again.

    The exit code is 1 where anything failed, or would fail.
    """
    from tenants import StoreBehind
    from tenants.schemas.fleet import Fleet, Progress

    with installation(behind=True) as (_, router), working() as show:
        for slug in only:
            find_company(router, slug)
        what = "Trying" if dry_run else "Migrating"

        def progress(at: Progress) -> None:
            show(what, at.done, at.total)

        report = Fleet(router).run(
            only=only or None,
            canary=canary,
            jobs=jobs,
            dry_run=dry_run,
            progress=progress,
            time_limit=time_limit,
        )
        if report.results and not dry_run:
            with suppress(StoreBehind):  # the activity log is in the shared database
                router.require_current()
                log("databases.migrate", _summary(report))
    if as_json:
        print_json(_for_programs(report))
    else:
        _tell(report)
    if not report.is_well:
        raise click.exceptions.Exit(REFUSED)


def _for_programs(report: FleetReport) -> dict[str, Any]:
    return {
        "stores": report.stores,
        "dry_run": report.dry_run,
        "well": report.is_well,
        "seconds": round(report.seconds, 3),
        "stopped": report.stopped,
        "left": report.left,
        "unasked": report.unasked,
        "results": [
            {
                "store": result.store,
                "companies": result.tenants,
                "outcome": str(result.outcome),
                "before": result.before,
                "after": result.after,
                "migrations": result.names,
                "seconds": round(result.seconds, 4),
                "reason": result.reason,
                "snapshot": result.snapshot,
            }
            for result in report.results
        ],
    }


def _tell(report: FleetReport) -> None:
    if report.results:
        failed, well = report.failed, [result for result in report.results if result.is_well]
        print_table(
            ("Database", "Companies", "From", "To", "Result"),
            [_row(result) for result in [*well[:SHOWN], *failed]],
            right=("From", "To"),
        )
        if len(well) > SHOWN:
            click.echo(f"… and {len(well) - SHOWN} more like these.")
        for result in failed:
            click.echo(f"{printable(result.store)}: {printable(result.reason)}")
    click.echo(_summary(report))


def _row(result: StoreReport) -> tuple[str, ...]:
    before, after = (str(n) if n is not None else "" for n in (result.before, result.after))
    return (result.store, ", ".join(result.tenants), before, after, str(result.outcome))


def _summary(report: FleetReport) -> str:
    counts: dict[str, int] = {}
    for result in report.results:
        counts[str(result.outcome)] = counts.get(str(result.outcome), 0) + 1
    current = report.stores - len(report.results) - len(report.left) - report.unasked
    told = [f"{count} {outcome}" for outcome, count in counts.items()]
    if report.stopped:
        told.append(f"{len(report.left)} left, because {report.stopped}")
    if report.unasked:
        told.append(f"{report.unasked} of other companies weren't asked for")
    text = f"Of {report.stores} databases {current} needed nothing"
    return f"{'; '.join([text, *told])} ({report.seconds:.1f} s)."
