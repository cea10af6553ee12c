"""Where a store lives: a module for each engine, and the catalogue's url says which one a store is in."""

from __future__ import annotations

from ..errors import TenantError, WrongFile
from .engine import Engine
from .files import SqliteFiles
from .memory import Memory

__all__ = ["ENGINES", "FILES", "MEMORY", "Engine", "named", "of_url"]

#: A file of SQLite's for each store: the default.
FILES = SqliteFiles()
#: SQLite's, too, and gone with the process.
MEMORY = Memory()

#: Every engine that a store can be in, by what it is called where one is chosen.
ENGINES: dict[str, Engine] = {engine.name: engine for engine in (FILES, MEMORY)}


def named(name: str) -> Engine:
    """Return the engine of that name. Raises `TenantError` where there is none."""
    engine = ENGINES.get(name)
    if engine is None:
        raise TenantError(f"There is no engine {name!r}: choose one of {', '.join(ENGINES)}.")
    return engine


def of_url(url: str, label: str) -> Engine:
    """Return the engine of a store by its url in the catalogue. Raises `WrongFile` where this program has none."""
    for engine in ENGINES.values():
        if url.startswith(engine.prefix):
            return engine
    raise WrongFile(
        f"The catalogue places {label} at {url!r}, where this program has no engine for it: install the newer program "
        f"again."
    )
