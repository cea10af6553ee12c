"""The second demo company: ten years of somebody's life as beancount's own generator makes them up.

It comes in by the import that everybody has, so it shows what that does with books that weren't made
for it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from cuneifox.demo.books import Progress
from cuneifox.imports.beancount import start_reading
from cuneifox.imports.posting import import_read
from models.companies import create_company
from models.settings import LedgerState
from tenants import Router, UnknownTenant

SLUG = "tenyears"
GENERATOR = "from beancount.scripts.example import main; main()"
"""What `bean-example` runs; found wherever beancount is, also where no such command is on the path."""

USUAL = ("--seed", "1", "--date-begin", "2016-01-01", "--date-end", "2026-01-01")


def make_tenyears(router: Router, progress: Progress) -> bool:
    """Make the company and bring its file in; False if it was there already."""
    try:
        router.tenant(SLUG)
    except UnknownTenant:
        create_company(
            router,
            slug=SLUG,
            name="Ten Years",
            local_name="สิบปี",
            currency="USD",
            decimals=2,
            fiscal_start_month=1,
            template="general",
        )
    with router.using(SLUG):
        if LedgerState.get_by_id(1).count:
            return False
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tenyears.beancount"
        progress("Ten Years", 0, 0)
        generate(path)
        with start_reading(path) as reading:
            import_read(router, router.tenant(SLUG), reading, progress=progress)
    return True


def generate(path: Path, *arguments: str) -> None:
    """Write beancount's example ledger to a file; the arguments are those of `bean-example`."""
    subprocess.run(  # noqa: S603  a program of the beancount package, with our own arguments
        [sys.executable, "-P", "-c", GENERATOR, *(arguments or USUAL), "--output", str(path)],
        check=True,
        capture_output=True,
    )
