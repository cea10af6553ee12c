"""The engines that stores may live in. Whatever must hold on each is run on each of `ENGINES`.

A test, or a module by its `pytestmark`, says so by `pytest.mark.each_engine`: its fixture `router` is then one on
each of them. What speaks of files in such a module is marked `pytest.mark.of_files`, and is run on files alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
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


ENGINES = [Engine("sqlite", Router), Engine("memory", partial(Router, engine="memory:"))]
