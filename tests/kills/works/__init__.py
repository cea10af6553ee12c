"""What is killed, by name: each runs in a child, for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from kills.children import Child
from kills.works import backing_up, books, importing, lifecycle, migrating, serving, web


class Work(NamedTuple):
    """One kind of work.

    Attributes:
        run: does it in a child.
        seconds: within which a child is killed once it has begun; what a piece of the work takes, several times.
        rest: what becomes of the processes below it: they are `killed` at once with it, or each `ends` by itself.
    """

    run: Callable[[Child], None]
    seconds: float
    rest: str = ""


WORKS: dict[str, Work] = {
    "web": Work(web.run, 0.2),
    "books": Work(books.run, 0.1),
    "import": Work(importing.run, 0.15),
    "import-file": Work(importing.run_command, 1.5, "ends"),
    "backup": Work(backing_up.run_backups, 2.0, "ends"),
    "restore": Work(backing_up.run_restores, 0.3),
    "lifecycle": Work(lifecycle.run, 0.25),
    "migrate": Work(migrating.run, 0.8),
    "serve": Work(serving.run, 0.5, "killed"),
}
