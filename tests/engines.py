"""The engines that stores may live in. Whatever must hold on each is run on each of `ENGINES`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tenants import Router


@dataclass(frozen=True)
class Engine:
    """One engine.

    Attributes:
        name: what a test that runs on it is called by.
        open: makes a router, on an empty folder, whose new stores live in it.
    """

    name: str
    open: Callable[[Path], Router]

    def __str__(self) -> str:
        return self.name


ENGINES = [Engine("sqlite", Router)]
