"""The ways in which something is written, each as what is there before and one deed: what `io_errors` lets fail."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from models import backing_up, people
from models.actors import Actor
from models.cloning import clone_company
from models.companies import Company, create_company
from models.company_life import purge_company, rename_company, suspend_company
from models.drafts import save_draft
from models.importing import ImportAccount, ImportBatch, ImportEntry, ImportLine, import_batch
from models.inputs import LineInput, VoucherInput
from models.migrations import FOLDERS
from models.months import close_month
from models.posting import post, post_input
from models.sharing import share_registers, unshare_registers
from models.years import close_year
from tenants import Router, Tenant, current_store
from tenants.backups.manager import BackupManager
from tenants.schemas.fleet import Fleet
from tenants.scratch import scratch_folder

BY = Actor.system("test")
TODAY = datetime.date(2030, 1, 1)


class WritePath(NamedTuple):
    """A deed, and what has to be there before.

    Attributes:
        deed: done with a router; may be done again where it wasn't done.
        prepare: what is done before, on a disk that works.
        migrating: the deed is done by a program that has one more migration of the books.
    """

    deed: Callable[[Router], object]
    prepare: Callable[[Router], object] | None = None
    migrating: bool = False


def open_router(folder: Path, *, migrating: bool = False) -> Router:
    """A router on the data folder within a folder, beside which are those of migrations."""
    migrations = folder.parent / ("later" if migrating else "before")
    return Router(folder / "data", migrations=FOLDERS | {"books": migrations})


def make(folder: Path, path: WritePath) -> None:
    """Make the data folder as it is before: two companies, `acme` with vouchers and a draft."""
    _write_migrations(folder.parent)
    router = open_router(folder)
    router.universal.create_tables([*people.MODELS, Company])
    for slug in ("acme", "globex"):
        create_company(router, slug=slug, name=slug, template="general")
    with router.using("acme"):
        for month in (1, 2, 3):
            post_input(voucher(month), by=BY, key=f"before {month}")
        save_draft(voucher(4), by=BY, key="draft")
    if path.prepare is not None:
        path.prepare(router)
    router.universal.release(wholly=True)
    router.close()


_LATER = """
def up(migrator, db):
    db.execute_sql("CREATE TABLE remarks (voucher INTEGER, remark TEXT)")
    db.execute_sql("INSERT INTO remarks SELECT id, text FROM vouchers")
"""


def _write_migrations(folder: Path) -> None:
    ours = files("models.migrations.books").iterdir()
    known = {file.name: file.read_text() for file in ours if file.name[:1].isdigit()}
    for name, all_of_them in (
        ("before", known),
        ("later", known | {f"{len(known) + 1:04}_remarks.py": _LATER}),
    ):
        (folder / name).mkdir(exist_ok=True)
        for file, code in all_of_them.items():
            (folder / name / file).write_text(code)


def voucher(month: int, text: str = "Rent") -> VoucherInput:
    """A cash sale of the general template."""
    from models.accounts import find_account
    from models.journals import find_book

    lines = [
        LineInput(find_account("1110").stid, 100 * month),
        LineInput(find_account("4100").stid, -100 * month),
    ]
    return VoucherInput(find_book("GJ").stid, datetime.date(2026, month, 3), text, lines)


# Deeds


def in_acme(deed: Callable[[], object]) -> Callable[[Router], object]:
    def done(router: Router) -> object:
        with router.using("acme"):
            return deed()

    return done


def _post() -> object:
    return post_input(voucher(5, "x" * 1900), by=BY, key="posted")


def _post_draft() -> object:
    (row,) = current_store("books").execute_sql("SELECT id FROM drafts").fetchall() or [(4,)]
    return post(row[0], by=BY, key="posted")


def _save() -> object:
    return save_draft(voucher(6), by=BY, key="another")


def _import() -> object:
    entries = [
        ImportEntry(
            datetime.date(2026, 1, n % 28 + 1), n, "", "Imported", f"print {n}",
            [
                ImportLine(f"Assets:New:{n % 7}", Decimal(n + 1)),
                ImportLine("Income:New", -Decimal(n + 1)),
            ],
        )
        for n in range(40)
    ]  # fmt: skip
    accounts = [
        ImportAccount(name, kind, datetime.date(2026, 1, 1), 1)
        for name, kind in [
            ("Income:New", "income"),
            *((f"Assets:New:{n}", "asset") for n in range(7)),
        ]
    ]
    return import_batch(ImportBatch("THB", accounts, entries), by=BY)


def _close_month() -> object:
    return close_month(202601, by=BY, today=TODAY)


def _delete_draft() -> None:
    from models.drafts import delete_draft, list_drafts

    for draft in list_drafts():
        delete_draft(draft.id, by=BY)


def _close_year() -> object:
    return close_year(2026, by=BY, key="closed")


def _create(router: Router) -> object:
    return create_company(router, slug="fresh", name="Fresh", template="general")


def _create_first(router: Router) -> object:
    return create_company(router, slug="fresh", name="Fresh", template="thai")


def _clone(router: Router) -> object:
    return clone_company(router, "acme", slug="clone", name="Clone", with_documents=True)


def _checkpoint(router: Router) -> None:
    with router.using("acme"):
        post_input(voucher(5), by=BY, key="posted")
    with router.tenant("acme").store("books").get_connection() as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def _migrate(router: Router) -> object:
    report = Fleet(router).run()
    if not report.is_well:
        raise NotDone("; ".join(f"{f}" for f in report.failed))
    return report


def _manager(router: Router) -> BackupManager:
    """The backups of a trial, which lie beside its data folder."""
    folder = router.folder.parent / "backups"
    return BackupManager(router, folder, checks=[backing_up.faults], describe=backing_up.facts)


def _back_up(router: Router) -> None:
    _manager(router).backup_now("acme").require_good()


def _back_up_and_post(router: Router) -> None:
    _back_up(router)
    with router.using("acme"):
        post_input(voucher(5), by=BY)


def _restore(router: Router) -> None:
    manager = _manager(router)
    backup = manager.list("acme")[0]
    register = partial(
        backing_up.restored, facts=manager.manifest(backup).facts, source=backup.stamp
    )
    with scratch_folder(router.path, "restoring") as folder:
        router.replace("acme", manager.fetch(backup, folder), "restored", register=register)


class NotDone(Exception):
    """A fleet's run tells of its failures instead of raising them."""


PATHS: dict[str, WritePath] = {
    "posting": WritePath(in_acme(_post)),
    "posting a draft": WritePath(in_acme(_post_draft)),
    "saving a draft": WritePath(in_acme(_save)),
    "import": WritePath(in_acme(_import)),
    "closing a month": WritePath(in_acme(_close_month)),
    "closing a year": WritePath(in_acme(_close_year), in_acme(_delete_draft)),
    "checkpoint": WritePath(_checkpoint),
    "creating": WritePath(_create),
    "creating the first of its kind": WritePath(_create_first),
    "cloning": WritePath(_clone),
    "renaming": WritePath(lambda router: rename_company(router, "acme", "renamed")),
    "suspending": WritePath(lambda router: suspend_company(router, "acme", "Unpaid")),
    "sharing": WritePath(lambda router: share_registers(router, "globex", "acme")),
    "unsharing": WritePath(
        lambda router: unshare_registers(router, "globex"),
        lambda router: share_registers(router, "globex", "acme"),
    ),
    "purging": WritePath(
        lambda router: purge_company(router, "globex", confirmed="globex"),
        lambda router: suspend_company(router, "globex", "Gone"),
    ),
    "backing up": WritePath(_back_up),
    "restoring": WritePath(_restore, _back_up_and_post),
    "migrating": WritePath(_migrate, migrating=True),
}


# What is there


def summary(router: Router) -> str:
    """All that a deed may change, in words that are the same each time it is done."""
    found: dict[str, Any] = {tenant.slug: _company(router, tenant) for tenant in router.tenants()}
    found["backups"] = len(list(router.folder.parent.glob("backups/*/*[0-9Z]")))
    found["tombstones"] = sorted(stone.slug for stone in router.tombstones())
    return json.dumps(found, sort_keys=True)


_COUNTS = (
    "SELECT (SELECT count(*) FROM vouchers), (SELECT count(*) FROM lines), (SELECT count(*) FROM drafts), "
    "(SELECT count(*) FROM accounts), (SELECT closed_year FROM ledger_state), "
    "(SELECT user_version FROM pragma_user_version)"
)


def _company(router: Router, tenant: Tenant) -> list[Any]:
    owners = {role: router.catalogue.slug_of(s.owner) for role, s in sorted(tenant.stores.items())}
    with closing(tenant.store("books").open(any_version=True)) as connection:
        counts = list(connection.execute(_COUNTS).fetchone())
        closed = connection.execute(
            "SELECT max(month) FROM months WHERE state = 'closed'"
        ).fetchone()[0]
    return [tenant.state, owners, counts, closed]
