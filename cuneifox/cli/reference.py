"""Writes docs/cli.md from the commands themselves: `python -m cuneifox.cli.reference`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from cuneifox.cli.exits import CODES
from cuneifox.cli.root import main

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"

INTRODUCTION = """# The command line

This page is made from the commands' own help by `python -m cuneifox.cli.reference`; a test sees to
it that it is current. What every command shares comes first.

- The settings are found by `--config FILE`, else `CUNEIFOX_CONFIG`, else `./config.toml`; the data
  folder by `--data FOLDER`, else `CUNEIFOX_DATA`, else as set. Both options stand before the command:
  `cuneifox --data /srv/books company list`.
- Results go to standard output, messages and progress to standard error.
- With `--json` a command prints JSON. Amounts in it are whole numbers of the currency's minor unit
  (satang, cent), dates are ISO 8601.
- A command that fails has changed nothing, and its exit code says what kind of failure it was:

| code | meaning |
|---|---|
"""


def reference() -> str:
    """The whole page as Markdown."""
    codes = "".join(f"| {code} | {meaning} |\n" for code, meaning in CODES.items())
    sections = "\n".join(
        _sections(main, click.Context(main, info_name="cuneifox", **main.context_settings))
    )
    return f"{INTRODUCTION}{codes}\n{sections}"


def _sections(command: click.Command, context: click.Context) -> Iterator[str]:
    """A command's section, then those of the commands below it."""
    context.max_content_width = context.terminal_width = 96
    usage = command.get_help(context).rstrip()
    yield f"## {context.command_path}\n\n```text\n{usage}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _sections(
                below,
                click.Context(below, parent=context, info_name=name, **below.context_settings),
            )


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
