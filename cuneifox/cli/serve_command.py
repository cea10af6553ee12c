"""`cuneifox serve`: the pages."""

from __future__ import annotations

import ipaddress

import click
import msgspec

from cuneifox.cli.exits import Refused
from cuneifox.cli.opening import settings
from cuneifox.config import Config, ConfigError


@click.command()
@click.option("--host", help="The address to listen on; else as set.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port; else PORT, else as set.")
def command(host: str | None, port: int | None) -> None:
    """Serve the pages until Ctrl-C.

    While the demo's user has the demo's password, which everybody can read up, only this machine is
    listened to.
    """
    from cuneifox.serve import serve

    config = settings()
    given = {"host": host, "port": port}
    chosen = {name: value for name, value in given.items() if value is not None}
    config = msgspec.structs.replace(
        config, server=msgspec.structs.replace(config.server, **chosen)
    )
    demo, users = _demo_sign_in(config)
    if demo and not is_loopback(config.server.host):
        raise Refused(
            f"the demo's sign-in works here, and {config.server.host} is not this machine alone. Change"
            " its password first (`cuneifox user passwd demo`), or listen on 127.0.0.1."
        )
    if demo:
        click.echo(demo)
    if not users:
        click.echo("Nobody can sign in yet: add somebody with `cuneifox user add NAME --admin`.")
    try:
        serve(config, announce=click.echo)  # which doesn't keep it back where output is a file
    except ConfigError as error:
        raise Refused(
            str(error)
        ) from None  # the settings are fine; somebody else has port or folder


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _demo_sign_in(config: Config) -> tuple[str, int]:
    """What to tell of the demo's sign-in, if there is one and it works; and how many users there are."""
    from cuneifox.data_folder import open_folder
    from cuneifox.demo.people import sign_in
    from cuneifox.services import passwords_of
    from models.people import User

    if not (config.data_path / "universal.db").exists():
        return "", 0
    router = open_folder(config)
    try:
        router.require_current()
        return sign_in(passwords_of(config)), User.select().count() if User.table_exists() else 0
    finally:
        router.close()
