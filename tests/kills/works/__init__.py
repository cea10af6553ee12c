"""What is killed, by name: each runs in a child, for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from kills.children import Child
from kills.works import books, importing, lifecycle, migrating, serving, web


class Work(NamedTuple):
    """One kind of work.

    Attributes:
        run: does it in a child.
        seconds: within which a child is killed once it has begun; what a piece of the work takes, several times.
        group: its process has others below it, which go with it.
    """

    run: Callable[[Child], None]
    seconds: float
    group: bool = False


WORKS: dict[str, Work] = {
    "web": Work(web.run, 0.2),
    "books": Work(books.run, 0.1),
    "import": Work(importing.run, 0.15),
    "import-file": Work(importing.run_command, 1.5, group=True),
    "lifecycle": Work(lifecycle.run, 0.25),
    "migrate": Work(migrating.run, 0.25),
    "serve": Work(serving.run, 0.5, group=True),
}
