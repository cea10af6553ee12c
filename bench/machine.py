"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

from tenants import sqlite

PACKAGES = ["peewee", "pysqlite3", "Flask", "gunicorn", "msgspec", "beancount"]


def describe() -> list[str]:
    """Return a line each on processor, system and versions."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    cores = len(os.sched_getaffinity(0))
    return [
        f"{names[0] if names else platform.machine()}, {cores} cores usable, "
        f"load {os.getloadavg()[0]:.1f} at the start",
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, "
        f"SQLite {sqlite.driver.sqlite_version}",
        ", ".join(f"{name} {version(name)}" for name in PACKAGES),
    ]
