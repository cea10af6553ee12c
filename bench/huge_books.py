"""A company with a general ledger of a million lines, kept in .cache until code changes."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Iterator
from pathlib import Path

from models.accounts import Account
from models.companies import CATALOGUE_MODELS, create_company
from models.inputs import LineInput, VoucherInput
from models.journals import JournalBook
from models.migrations import FOLDERS
from models.people import MODELS as PEOPLE
from models.posting import post_many
from tenants import Router

from .big_books import ROOT, fingerprint
from .posting_pair import BY

HOME = ROOT / ".cache" / "huge-books"
SLUG = "huge"
LINES = 1_000_000
AT_ONCE = 5_000
DAYS = 730
"""Over which the vouchers are spread, from the first of 2025 on."""


def made() -> Path:
    """Return the data folder, making it if the code that makes books has changed since."""
    stamp, code = HOME / "made-by", f"{fingerprint(but=('reports', 'jobs'))} {LINES}"
    if not stamp.exists() or stamp.read_text() != code:
        shutil.rmtree(HOME, ignore_errors=True)
        _make(HOME / "data")
        stamp.write_text(code)
    return HOME / "data"


def _make(folder: Path) -> None:
    router = Router(folder, migrations=FOLDERS)
    router.universal.create_tables([*PEOPLE, *CATALOGUE_MODELS])
    create_company(router, slug=SLUG, name="The huge one", template="thai")
    with router.using(SLUG):
        batch: list[tuple[VoucherInput, None]] = []
        for voucher in _vouchers(LINES // 2):
            batch.append((voucher, None))
            if len(batch) == AT_ONCE:
                post_many(batch, by=BY)
                batch = []
        post_many(batch, by=BY)
    router.universal.release()
    router.close()


def _vouchers(count: int) -> Iterator[VoucherInput]:
    """Two-line vouchers on forty accounts, one after the other in time."""
    leaves = Account.select(Account.stid).where(~Account.is_group).order_by(Account.stid).limit(40)
    accounts = [row.stid for row in leaves]
    book = JournalBook.select(JournalBook.stid).order_by(JournalBook.stid).first().stid
    first = datetime.date(2025, 1, 1)
    for i in range(count):
        amount = 10_000 + i * 37 % 90_000_00
        lines = [
            LineInput(accounts[i % len(accounts)], amount, "ค่าสินค้า" if i % 3 else "goods"),
            LineInput(accounts[(i * 7 + 3) % len(accounts)], -amount),
        ]
        day = first + datetime.timedelta(days=i * DAYS // count)
        yield VoucherInput(book, day, f"Sale of goods, {i}", lines, f"R{i}")
