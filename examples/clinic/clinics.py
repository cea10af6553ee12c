"""The life of a clinic at the shell: `flask --app examples.clinic.app clinics --help`."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import AppGroup

from tenants import Router, TenantError
from tenants.schemas.fleet import Fleet, Outcome

from .records import close_clinic, open_clinic


class Clinics(AppGroup):
    """Commands that say in a line what couldn't be done."""

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except TenantError as error:
            raise click.ClickException(str(error)) from error


clinics = Clinics("clinics", help="Open, change and close clinics.")
slug = click.argument("slug")


def router() -> Router:
    found: Router = current_app.extensions["tenants"]
    return found


@clinics.command("list")
def show() -> None:
    """Every clinic and how it stands."""
    for clinic in router().tenants():
        click.echo(f"{clinic.slug}\t{clinic.state}\t{clinic.reason}")


@clinics.command("open")
@slug
@click.option("--like", help="The clinic whose records it is to begin with.")
def open_one(slug: str, like: str | None) -> None:
    """Make a clinic and print its first member's token."""
    click.echo(open_clinic(router(), slug, like))


@clinics.command()
@slug
@click.argument("new")
def rename(slug: str, new: str) -> None:
    """Give a clinic another address; no file is moved."""
    router().rename(slug, new)


@clinics.command()
@slug
@click.option("--reason", required=True, help="What is told to whoever wants to enter it.")
def suspend(slug: str, reason: str) -> None:
    """Let nobody enter a clinic for now."""
    router().suspend(slug, reason)


@clinics.command()
@slug
def archive(slug: str) -> None:
    """Let a clinic be read, and not be written any more."""
    router().archive(slug)


@clinics.command()
@slug
def resume(slug: str) -> None:
    """Undo `suspend` or `archive`."""
    router().resume(slug)


@clinics.command()
@slug
def purge(slug: str) -> None:
    """Remove a suspended or archived clinic for good, after a last backup."""
    click.echo(f"The last backup is in {close_clinic(router(), slug)}")


@clinics.command()
@click.option("--dry-run", is_flag=True, help="Try it on copies; change nothing.")
@click.option("--jobs", default=2, show_default=True, help="How many clinics at the same time.")
def migrate(dry_run: bool, jobs: int) -> None:
    """Bring every clinic's database to this program's version, while the others are in use."""
    report = Fleet(router()).run(dry_run=dry_run, jobs=jobs)
    done = report.of(Outcome.WOULD_MIGRATE if dry_run else Outcome.MIGRATED)
    for store in report.failed:
        click.echo(f"{store.store}: {store.reason}", err=True)
    click.echo(f"{len(done)} of {report.stores} {'would be ' * dry_run}migrated")
    if not report.is_well:
        raise click.exceptions.Exit(1)
