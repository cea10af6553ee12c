"""Making a company: three stores, all tables, triggers, a chart of accounts, its rows in the catalogue, on the disk."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from models.companies import create_company
from tenants import Router

from .figures import Figure, absolute, main, quartiles, seconds, timed

COMPANIES = 200
BARE = 50


def measure() -> list[Figure]:
    """Make companies one after another in one data folder, once the template is there, and one without it."""
    with tempfile.TemporaryDirectory() as folder:
        router = Router(folder)
        begin = time.perf_counter()
        create_company(router, slug="first", name="The first")
        first = time.perf_counter() - begin
        values = [
            timed(lambda i=i: create_company(router, slug=f"c{i}", name=f"Company {i}"), False)
            for i in range(COMPANIES)
        ]
        stores = [Path(store.path) for store in router.tenant("c0").stores.values()]
        router.pool.close()
        contents = [path.read_bytes() for path in stores]
        router.close()
        bare = [timed(lambda: write_bare(f"{folder}/bare", contents), False) for _ in range(BARE)]
    note = (
        f"Each is there to stay before the next begins. The first one, which makes the template, took "
        f"{seconds(first)}; writing the same files and waiting for the disk, and nothing else, takes "
        f"{seconds(quartiles(bare)[0])}"
    )
    what = "Making a company with all tables and a chart of accounts"
    return [absolute(what, values, 10, 1e3, "ms", note)]


def write_bare(folder: str, contents: list[bytes]) -> None:
    """Write files of that content, and wait until they are on the disk."""
    os.makedirs(folder, exist_ok=True)
    for number, content in enumerate(contents):
        with open(f"{folder}/{number}", "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


if __name__ == "__main__":
    main(measure)
