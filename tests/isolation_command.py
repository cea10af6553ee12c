"""A program that takes things in one company and uses them in another: the command line of the isolation tests.

    python tests/isolation_command.py FOLDER --take acme --use globex [--without-guards]

prints a line of JSON for each action: its name, and what it gave or the name of what it raised.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import click
import pytest

from guards import switch_off
from routed_models import books
from strays import ACTIONS, Action
from tenants import Router


def outcome(router: Router, action: Action, take: str, use: str | None) -> str:
    """Return what the action gives, or the name of what it raises, with all that it changed rolled back."""
    with ExitStack() as stack:
        stack.enter_context(router.using(take))
        stack.callback(stack.enter_context(books.Item._meta.database.atomic()).rollback)
        thing = action.take(books)
        if use is None:
            stack.close()
        elif use != take:
            stack.enter_context(router.using(use))
            stack.callback(stack.enter_context(books.Item._meta.database.atomic()).rollback)
        try:
            return repr(action.use(books, thing))
        except Exception as error:  # noqa: BLE001 - told to whoever reads the lines
            return type(error).__name__


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--take", required=True)
@click.option("--use")
@click.option("--without-guards", is_flag=True)
def main(folder: Path, take: str, use: str | None, without_guards: bool) -> None:
    """Take things in one company and use them in another, or in none."""
    router = Router(folder)
    for action in ACTIONS:
        with pytest.MonkeyPatch.context() as patch:
            switch_off(patch, action.guards if without_guards else "")
            found = outcome(router, action, take, use)
        click.echo(json.dumps([action.name, found]))
    router.close()


if __name__ == "__main__":
    main()
