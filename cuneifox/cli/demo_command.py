"""`cuneifox demo`: two companies to look at, and somebody who may."""

from __future__ import annotations

import click

from cuneifox.cli.opening import installation
from cuneifox.cli.working import working


@click.command()
def command() -> None:
    """Make two demo companies and somebody to sign in as. What is there already is kept.

    baansuan is a Thai trading company that was made up; tenyears is what beancount's own example
    generator writes for ten years, brought in by `cuneifox import`. `cuneifox serve` then tells how to
    sign in.
    """
    from cuneifox.demo import make_demo
    from cuneifox.services import passwords_of

    with installation(make=True) as (config, router), working() as progress:
        told = make_demo(router, passwords_of(config), progress)
    for line in told:
        click.echo(line)
