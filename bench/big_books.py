"""Two companies with the same chart, one of 1,000 vouchers and one of 100,000, kept in .cache until code changes."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Collection
from pathlib import Path

from models.accounts import Account
from models.companies import CATALOGUE_MODELS, create_company
from models.migrations import FOLDERS
from models.people import MODELS as PEOPLE
from models.people import Membership, Passwords, User
from models.posting import post_many
from tenants import Router, current_store

from .posting_pair import BY, vouchers

ROOT = Path(__file__).parent.parent
HOME = ROOT / ".cache" / "big-books"
SIZES = {"small": 1_000, "large": 100_000}
USER, PASSWORD = "measurer", "clay tablets by the thousand"
AT_ONCE = 5_000


def made() -> Path:
    """Return the data folder, making it if the code that makes books has changed since."""
    stamp = HOME / "made-by"
    code = fingerprint()
    if not stamp.exists() or stamp.read_text() != code:
        shutil.rmtree(HOME, ignore_errors=True)
        _make(HOME / "data")
        stamp.write_text(code)
    return HOME / "data"


def as_ledger_file(slug: str) -> Path:
    """Return the company's vouchers as a file that `ledger` and `hledger` read."""
    path = HOME / f"{slug}.ledger"
    if not path.exists():
        router = Router(HOME / "data", migrations=FOLDERS)
        with router.using(slug), path.open("w", encoding="utf-8") as file:
            voucher = None
            for id, date, text, code, amount in current_store("books").execute_sql(_LINES):
                if id != voucher:
                    file.write(f"\n{date} {text}\n")
                    voucher = id
                file.write(f"    {code}    {amount / 100:.2f} THB\n")
        router.universal.release()
        router.close()
    return path


_LINES = (
    "SELECT v.id, v.date, v.text, a.type || ':' || a.code, l.amount FROM vouchers v"
    " JOIN lines l ON l.voucher_id = v.id JOIN accounts a ON a.stid = l.account_stid ORDER BY v.id, l.n"
)


def _make(folder: Path) -> None:
    router = Router(folder, migrations=FOLDERS)
    router.universal.create_tables([*PEOPLE, *CATALOGUE_MODELS])
    user = User.add(USER, PASSWORD, administers=True, passwords=Passwords())
    for slug, count in SIZES.items():
        company = create_company(router, slug=slug, name=f"The {slug} one", template="general")
        Membership.grant(user, company.tenant_id)
        with router.using(slug):
            assert Account.select().count() > 20
            given = [(voucher, None) for voucher in vouchers(count)]
            for start in range(0, count, AT_ONCE):
                post_many(given[start : start + AT_ONCE], by=BY)
    router.universal.release()
    router.close()


def fingerprint(but: Collection[str] = ()) -> str:
    """Return a digest of the code that makes books; `but` names folders whose code only reads them."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for room in ("models", "tenants"):
        for source in sorted((ROOT / room).rglob("*.py")):
            if source.parent.name in but:
                continue
            digest.update(source.read_bytes())
    return digest.hexdigest()
