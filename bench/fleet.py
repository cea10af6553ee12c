"""Many small companies in one data folder, each with a few vouchers, kept in .cache until code changes."""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.companies import CATALOGUE_MODELS, create_company
from models.inputs import VoucherInput
from models.migrations import FOLDERS
from models.people import MODELS as PEOPLE
from models.people import Membership, Passwords, User
from models.posting import post_many
from tenants import Router, sqlite

from .big_books import PASSWORD, ROOT, USER, fingerprint
from .posting_pair import BY, vouchers

VOUCHERS = 3
TOLD_EVERY = 1_000


def made(count: int) -> Path:
    """Return a data folder with companies `c0`, `c1`, …, making it if the code that makes them has changed since."""
    home = ROOT / ".cache" / f"fleet-{count}"
    stamp = home / "made-by"
    code = fingerprint()
    if not stamp.exists() or stamp.read_text() != code:
        shutil.rmtree(home, ignore_errors=True)
        with hurried():
            _make(home / "data", count)
        stamp.write_text(code)
    return home / "data"


@contextmanager
def hurried() -> Iterator[None]:
    """Wait for no disk in the block: a fleet that a power failure spoils is made again."""
    settings, fsync = sqlite._SETTINGS, os.fsync
    sqlite._SETTINGS = {
        level: re.sub("synchronous = [A-Z]+", "synchronous = OFF", given)
        for level, given in settings.items()
    }
    os.fsync = lambda descriptor: None
    try:
        yield
    finally:
        sqlite._SETTINGS, os.fsync = settings, fsync


def _make(folder: Path, count: int) -> None:
    router = Router(folder, migrations=FOLDERS)
    router.universal.create_tables([*PEOPLE, *CATALOGUE_MODELS])
    user = User.add(USER, PASSWORD, administers=True, passwords=Passwords())
    given: list[tuple[VoucherInput, None]] = []
    begin = time.perf_counter()
    for i in range(count):
        company = create_company(router, slug=f"c{i}", name=f"Company {i}", template="general")
        Membership.grant(user, company.tenant_id)
        with router.using(f"c{i}"):
            given = given or [(voucher, None) for voucher in vouchers(VOUCHERS)]
            post_many(given, by=BY)
        if (i + 1) % TOLD_EVERY == 0:
            each = (time.perf_counter() - begin) / (i + 1)
            print(f"{i + 1:,} companies made, {each * 1e3:.1f} ms each", file=sys.stderr)
    router.universal.release()
    router.close()
