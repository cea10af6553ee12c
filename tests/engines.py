"""The engines that stores may live in. Whatever must hold on each is run on each of `ENGINES`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

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


ENGINES = [Engine("sqlite", Router), Engine("memory", partial(Router, engine="memory:"))]

#: A test, or a class or module of them, of any store, with a fixture `router` on each engine.
on_each_engine = pytest.mark.parametrize("router", ENGINES, ids=str, indirect=True)
