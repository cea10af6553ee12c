"""What a process and its data folder hold at a moment, measured from outside where that can be."""

from __future__ import annotations

import gc
import os
import resource
import threading
from collections.abc import Iterator
from pathlib import Path

from tenants import Router, stamps, store_locks

PAGE_BYTES = resource.getpagesize()


def sample(router: Router) -> dict[str, float]:
    """Measure once; what only a reference cycle still holds isn't counted."""
    gc.collect()
    logs = list(log_sizes(router.folder))
    known = router.known
    return {
        "descriptors": len(os.listdir("/proc/self/fd")) - 1,  # less the one that lists them
        "rss": resident(),
        "wal total": sum(logs),
        "wal largest": max(logs, default=0),
        "threads": threading.active_count(),
        "leases": len(router.pool.status().leases),
        "entries": len(router.db_dict) - 1,  # less the universal one
        "tenants in mind": len(known._recent),
        "stores in mind": len(known._stores),
        "homes in mind": len(router.homes._homes),
        "writers' locks": len(store_locks._of_files),
        "labels of lost stores": labels_of_lost(router),
        "objects": len(gc.get_objects()),
    }


def labels_of_lost(router: Router) -> int:
    """How many stores have their label in mind that the catalogue doesn't know any more."""
    rows = router.universal.execute_sql("SELECT id, generation FROM store").fetchall()
    known = {(store_id, generation) for store_id, generation in rows}
    with stamps._labelling:
        return sum(stamp not in known for stamp in stamps._labels)


def resident() -> int:
    """Bytes of memory that the process has in hand."""
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * PAGE_BYTES


def log_sizes(folder: Path) -> Iterator[int]:
    """Yield the sizes of all write-ahead logs, by their names alone: nobody may open a live one."""
    yield from _sizes(folder)
    with os.scandir(folder / "tenants") as homes:
        for home in homes:
            yield from _sizes(Path(home.path))


def _sizes(folder: Path) -> Iterator[int]:
    try:
        with os.scandir(folder) as files:
            for file in files:
                if file.name.endswith("-wal"):
                    yield file.stat().st_size
    except FileNotFoundError:  # gone meanwhile: purged, or closed
        pass
