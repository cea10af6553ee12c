"""What a test may leave behind: entries and their leases, open routers, threads, open database files."""

from __future__ import annotations

import gc
import os
import threading
from pathlib import Path

from tenants import UNIVERSAL, current_entry, routers

DATABASE_ENDINGS = (".db", ".db-wal", ".db-shm", ".db-journal", ".lock")


def open_database_files() -> set[str]:
    """Paths of the database files that this process has open, by what the kernel says."""
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            path = os.readlink(descriptor)
        except OSError:  # the descriptor that listed the folder is gone by now
            continue
        if path.removesuffix(" (deleted)").endswith(DATABASE_ENDINGS):
            found.add(path)
    return found


class Surroundings:
    """What there is at one moment: open routers, their entries and leases, threads, open database files."""

    def __init__(self) -> None:
        self.routers = set(routers._open)
        self.entries = {
            (router, key)
            for router in self.routers
            for key in list(router.db_dict)
            if key != UNIVERSAL
        }
        self.threads = set(threading.enumerate())
        self.files = open_database_files()


def left_behind(before: Surroundings) -> list[str]:
    """Say what there is now that wasn't there before, one line each.

    Files of a router that was open before aren't counted: a module's own server keeps its connections warm.
    """
    for thread in set(threading.enumerate()) - before.threads:
        thread.join(timeout=5)  # one that is on its way out may finish
    after = Surroundings()
    if after.routers - before.routers or after.files - before.files:
        gc.collect()  # what only a reference cycle still holds is garbage
        after = Surroundings()
    elders = tuple(f"{router.folder}/" for router in before.routers)
    found = [f"entry {key} of {router}" for router, key in after.entries - before.entries]
    found += [f"open router {router.folder}" for router in after.routers - before.routers]
    found += [f"thread {thread.name}" for thread in after.threads - before.threads]
    found += [f"open file {f}" for f in after.files - before.files if not f.startswith(elders)]
    if current_entry() is not None:
        found.append(f"current entry {current_entry()}")
    return sorted(found)
