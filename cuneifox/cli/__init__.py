"""The command line: asks, says what came of it, and ends with a code that scripts can read.

Each command is a module of this package with a click command named `command`, imported only when it
is run: `cuneifox import` needn't load the pages.
"""

from __future__ import annotations

from cuneifox.cli.root import main

__all__ = ["main"]
