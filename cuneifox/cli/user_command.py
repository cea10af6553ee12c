"""`cuneifox user`: people, from the shell. Passwords come by prompt or standard input only: what
stands on a command line can be seen by everybody on the machine."""

from __future__ import annotations

import sys
from typing import Any

import click

from cuneifox.cli.opening import find_company, installation, log
from cuneifox.cli.printing import json_option, print_json, print_table

MODULES = ("ledger", "receivables", "inventory", "assets", "wages")
LEVELS = ("none", "read", "add", "edit", "delete")
LONGEST_LINE = 1000

password_option = click.option(
    "--password-stdin", is_flag=True, help="Take the password from standard input, its first line."
)


@click.group()
def command() -> None:
    """Add users, and give them rights and passwords."""


@command.command("add")
@click.argument("name")
@click.option("--display-name", default="", help="What others read; else NAME.")
@click.option("--admin", is_flag=True, help="Lets the user administer companies and people.")
@click.option("--language", type=click.Choice(["en", "th"]), help="Else what the browser asks for.")
@click.option("--must-change", is_flag=True, help="Ask for another password at the first sign-in.")
@password_option
@json_option
def add(
    name: str,
    display_name: str,
    admin: bool,
    language: str | None,
    must_change: bool,
    password_stdin: bool,
    as_json: bool,
) -> None:
    """Add the user NAME; with --admin this makes a first administrator."""
    from cuneifox.services import passwords_of
    from models.people import User

    with installation(make=True) as (config, _):
        password = _password(password_stdin)
        user = User.add(
            name,
            password,
            display_name=display_name,
            administers=admin,
            must_change_password=must_change,
            passwords=passwords_of(config),
            language=language or "",
        )
        log("people.add", user.name)
        if as_json:
            print_json(_told(user))
        else:
            role = ", an administrator" if admin else ""
            click.echo(f"Added {user.name}{role}.")


@command.command("list")
@json_option
def list_users(as_json: bool) -> None:
    """List all users."""
    from models.people import User

    with installation():
        users = [_told(user) for user in User.list()]
    if as_json:
        print_json(users)
    else:
        yes = {True: "yes", False: ""}
        print_table(
            ["Name", "Shown as", "Administrator", "Active"],
            [
                (u["name"], u["display_name"], yes[u["administers"]], yes[u["active"]])
                for u in users
            ],
        )


@command.command("grant")
@click.argument("name")
@click.argument("company")
@click.option("--all", "all_modules", type=click.Choice(LEVELS), help="The level in all modules.")
@click.option("--ledger", type=click.Choice(LEVELS), help="The level in one module.")
@click.option("--receivables", type=click.Choice(LEVELS), help="Likewise.")
@click.option("--inventory", type=click.Choice(LEVELS), help="Likewise.")
@click.option("--assets", type=click.Choice(LEVELS), help="Likewise.")
@click.option("--wages", type=click.Choice(LEVELS), help="Likewise.")
@click.option("--may-freeze", is_flag=True, help="May freeze months, and work in frozen ones.")
@click.option("--may-close", is_flag=True, help="May close months and years.")
@click.option("--revoke", is_flag=True, help="Take the company away from the user.")
@json_option
def grant(
    name: str,
    company: str,
    all_modules: str | None,
    may_freeze: bool,
    may_close: bool,
    revoke: bool,
    as_json: bool,
    **levels: str | None,
) -> None:
    """Give the user NAME rights in a COMPANY: exactly those that are named here.

    A module without a level gets the one of --all, else none. It works at once, also for whoever is
    signed in.
    """
    given = {m: chosen for m, level in levels.items() if (chosen := level or all_modules)}
    if revoke == bool(given):
        raise click.UsageError("Name levels (like --all edit, or --ledger read), or --revoke.")
    if revoke and (may_freeze or may_close):
        raise click.UsageError("--revoke takes everything; leave the other options out.")
    from models.companies import Company
    from models.people import Membership, User

    with installation() as (_, router):
        user = User.find(name)
        tenant = find_company(router, company)
        named = Company.get_or_none(Company.tenant_id == tenant.id)
        if revoke:
            Membership.revoke(user, tenant.id)
        else:
            Membership.grant(user, tenant.id, given, may_freeze=may_freeze, may_close=may_close)
        rights = " ".join(f"{module}={level}" for module, level in given.items()) or "nothing"
        log("people.grant", f"{user.name}: {rights}", named)
    if as_json:
        full = {module: given.get(module, "none") for module in MODULES}
        print_json(
            {
                "user": user.name,
                "company": tenant.slug,
                "member": not revoke,
                "levels": full,
                "may_freeze": may_freeze,
                "may_close": may_close,
            }
        )
    elif revoke:
        click.echo(f"{user.name} is no member of {tenant.slug} any more.")
    else:
        click.echo(f"{user.name} has in {tenant.slug}: {rights}.")


@command.command("passwd")
@click.argument("name")
@click.option("--must-change", is_flag=True, help="Ask for another password at the next sign-in.")
@password_option
def passwd(name: str, must_change: bool, password_stdin: bool) -> None:
    """Give the user NAME another password, and end all sessions of that user."""
    from cuneifox.services import passwords_of
    from models.people import Session, User

    with installation() as (config, _):
        user = User.find(name)
        user.set_password(_password(password_stdin), passwords_of(config), must_change=must_change)
        ended = Session.end_all(user)
        log("people.password", user.name)
    sessions = "1 session was ended" if ended == 1 else f"{ended} sessions were ended"
    click.echo(f"{user.name} has another password; {sessions}.")


def _told(user: Any) -> dict[str, Any]:
    return {
        "id": user.id,
        "name": user.name,
        "display_name": user.display_name,
        "administers": user.administers,
        "active": user.active,
        "language": user.language,
    }


def _password(from_stdin: bool) -> str:
    """The password as it was given; its rules are checked where it is stored."""
    if from_stdin:
        line = sys.stdin.readline(LONGEST_LINE)
        if not line.rstrip("\r\n"):
            raise click.UsageError("--password-stdin: standard input is empty.")
        return line.rstrip("\r\n")
    if not _at_terminal():
        raise click.UsageError("There is no terminal to ask at: use --password-stdin.")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt="Again")
    return password


def _at_terminal() -> bool:
    return sys.stdin.isatty()
