"""The data folder that is worked in: some companies, each with a mark in all that is written to it."""

from __future__ import annotations

import datetime
import random
import re
import shutil
from pathlib import Path
from typing import Any

import msgspec

from cuneifox.config import Config
from cuneifox.data_folder import open_folder
from cuneifox_site import CHEAP, Site
from models import backing_up
from models.accounts import find_account
from models.actors import Actor
from models.companies import create_company
from models.inputs import LineInput, VoucherInput
from models.journals import find_book
from models.people import Membership
from models.posting import post_input
from tenants import Router
from tenants.backups.manager import BackupManager

MARK = re.compile(rb"Zq[0-9a-f]{8}q")
SLUGS = ("acme", "globex", "initech")
VAULT = "vault"
NOTE = "ground.json"
CHART = "general"


class Company(msgspec.Struct):
    """A company that is there from the start."""

    id: str
    slug: str
    mark: str


class Ground(msgspec.Struct):
    """Where a round takes place, as children read it.

    Attributes:
        folder: everything of the round; the data folder is in it.
        cookie, token: of the session that all web requests are sent with, and what its forms carry.
        book, cash, sales: stids, the same in every company.
        vault: a company more, of which there is a backup with this `stamp`, and these vouchers in it, by their keys.
        migrations: the folder of migrations of the books, where they are what is killed; empty elsewhere.
    """

    folder: str
    companies: list[Company]
    cookie: str
    token: str
    book: int
    cash: int
    sales: int
    vault: Company
    stamp: str
    keys: dict[str, int]
    migrations: str = ""

    @property
    def data(self) -> Path:
        """The data folder."""
        return Path(self.folder) / "data"

    @property
    def config(self) -> Config:
        """The installation's settings."""
        return Config(data_folder=str(self.data), passwords=CHEAP)

    def open(self) -> Router:
        """Open the data folder as the program does; the caller closes it."""
        if self.migrations:
            from models import migrations

            folders = {**migrations.FOLDERS, "books": Path(self.migrations)}
            return Router(self.data, migrations=folders)
        return open_folder(self.config)

    def sale(self, what: dict[str, Any]) -> VoucherInput:
        """The voucher that a piece of work is about."""
        lines = [LineInput(self.cash, what["amount"]), LineInput(self.sales, -what["amount"])]
        return VoucherInput(
            self.book, datetime.date.fromisoformat(what["date"]), what["text"], lines
        )

    @classmethod
    def read(cls, folder: Path) -> Ground:
        """Return what `lay_out` or `copy` wrote there."""
        return msgspec.json.decode((folder / NOTE).read_bytes(), type=cls)

    def write(self) -> None:
        """Keep it for the children."""
        (Path(self.folder) / NOTE).write_bytes(msgspec.json.encode(self))

    def copy(self, folder: Path) -> Ground:
        """Return the same in another folder; nobody has this one open."""
        for name in ("data", "backups"):
            shutil.copytree(Path(self.folder) / name, folder / name)
        other = msgspec.structs.replace(self, folder=str(folder))
        other.write()
        return other


def new_mark(chance: random.Random) -> str:
    """Return a word that is in all texts of one company, and of no other."""
    return f"Zq{chance.getrandbits(32):08x}q"


def lay_out(folder: Path) -> Ground:
    """Make an installation with companies and somebody who may do anything in them, signed in."""
    site = Site(folder / "data")
    try:
        keeper = site.user("keeper", administers=True)
        companies = []
        for n, slug in enumerate((*SLUGS, VAULT)):
            mark = new_mark(random.Random(n))
            with site.app.app_context():
                made = create_company(site.router, slug=slug, name=f"{mark} {slug}", template=CHART)
                Membership.grant(keeper, made.tenant_id, may_freeze=True, may_close=True)
            companies.append(Company(made.tenant_id, slug, mark))
        browser = site.signed_in("keeper")
        cookie = next(c for c in browser.client._cookies.values() if c.key.endswith("session"))
        with site.app.app_context(), site.router.using(SLUGS[0]):
            book, cash, sales = (
                found.stid
                for found in (find_book("GJ"), find_account("1110"), find_account("4100"))
            )
        vault = companies.pop()
        ground = Ground(
            str(folder), companies, f"{cookie.key}={cookie.value}", browser.token("/account"),
            book, cash, sales, vault, "", {},
        )  # fmt: skip
        with site.app.app_context():
            _fill_vault(ground, site.router)
    finally:
        site.close()
    ground.write()
    return ground


def _fill_vault(ground: Ground, router: Router) -> None:
    """Post some vouchers, and make the backup."""
    company = ground.vault
    with router.using(company.id):
        for n in range(5):
            what = {"date": f"2026-0{n + 1}-03", "text": f"{company.mark} sale", "amount": 100 + n}
            posted = post_input(ground.sale(what), by=Actor.system("kills"), key=f"vault-{n}")
            ground.keys[f"vault-{n}"] = posted.id
    manager = BackupManager(
        router,
        Path(ground.folder) / "backups",
        checks=[backing_up.faults],
        describe=backing_up.facts,
    )
    report = manager.backup_now(company.id)
    report.require_good()
    ground.stamp = report.made[0].backup.stamp
