"""Groups of commands that list them in the order in which a reader meets them."""

from __future__ import annotations

import click


class InOrder(click.Group):
    """Lists its commands in the order in which they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)
