"""The group of all commands, and the settings that each of them takes."""

from __future__ import annotations

import importlib
from typing import Any

import click

from cuneifox.cli.exits import told

COMMANDS = {
    "serve": "Serve the pages until Ctrl-C.",
    "worker": "Do jobs: long reports, printing, the server's own work.",
    "demo": "Make two demo companies and somebody to sign in as.",
    "company": "Create, list and show companies; rename, clone, suspend, archive and purge them.",
    "user": "Add users, and give them rights and passwords.",
    "import": "Bring a beancount file into a company's books.",
    "report": "Print a report on a company's books.",
    "migrate": "Bring all databases up to this version of the program.",
    "backup": "Make backups, look at them, and restore companies from them.",
    "check": "Check the books: files, sums, numbers, hash chain.",
}
"""In the order in which a newcomer meets them."""


class Commands(click.Group):
    """Imports a command's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"cuneifox.cli.{cmd_name}_command")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        with told():
            return super().invoke(ctx)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    metavar="FILE",
    help="The settings; else CUNEIFOX_CONFIG, else ./config.toml.",
)
@click.option("--data", metavar="FOLDER", help="The data folder; else CUNEIFOX_DATA, else as set.")
@click.option("--debug", is_flag=True, help="Show the traceback of a fault in CuneiFox.")
@click.version_option(package_name="cuneifox", message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context, config: str | None, data: str | None, debug: bool) -> None:
    """CuneiFox keeps the books of many companies, each in database files of its own."""
    ctx.obj = {"config": config, "data": data}
