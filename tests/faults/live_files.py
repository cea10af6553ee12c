"""Who opens a database by hand that SQLite has open: `python -m faults.live_files FOLDER [cheat]`.

Closing such a file drops all of SQLite's locks on it in this process (https://www.sqlite.org/howtocorrupt.html, 2.2),
and what is copied from it may be half old, half new. Python tells a hook of every file that is opened by its own
functions, whoever calls them; SQLite's own opening isn't among that.
"""

from __future__ import annotations

import os
import shutil
import sys
import traceback
from pathlib import Path
from typing import Any

from .write_paths import PATHS, make, open_router

_ENDINGS = (".db", ".db-wal", ".db-shm")


def main(folder: str, cheat: str = "") -> None:
    """Do every deed there is, and print where a live database was opened."""
    work = Path(folder)
    make(work / "base", PATHS["posting"])
    found: list[str] = []
    sys.addaudithook(lambda event, given: _look(found, event, given))
    for name, path in PATHS.items():
        place = work / name
        shutil.copytree(work / "base", place)
        router = open_router(place)
        if path.prepare is not None:
            path.prepare(router)
        if path.migrating:
            router.universal.release(wholly=True)
            router.close()
            router = open_router(place, migrating=True)
        path.deed(router)
        if cheat:
            with router.universal_store.get_connection():
                Path(router.universal_store.path).read_bytes()
        router.universal.release(wholly=True)
        router.close()
    print(*found, sep="\n", end="")


def _look(found: list[str], event: str, given: tuple[Any, ...]) -> None:
    if event != "open" or not isinstance(given[0], (str, bytes)):
        return
    path = os.path.abspath(os.fsdecode(given[0]))
    if path.endswith(_ENDINGS) and path in _open_files():
        frames = [frame for frame in traceback.extract_stack() if __file__ != frame.filename]
        ours = [frame for frame in frames if "/tenants/" in frame.filename] or frames
        where = f"{ours[-1].filename}:{ours[-1].lineno}"
        found.append(f"{os.path.basename(path)}, by {where}")


def _open_files() -> set[str]:
    found = set()
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink(f"/proc/self/fd/{descriptor}"))
        except OSError:  # the one that listed them
            continue
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
