"""What is done to the companies: requests of people in browsers, and the server's own work."""

from __future__ import annotations

import datetime
import os
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask

from cuneifox.imports.beancount import start_reading
from cuneifox.imports.posting import import_read
from cuneifox_site import PASSWORD
from ledger_site import voucher_form
from models.actors import Actor
from models.check import check_company
from models.cloning import clone_company
from models.companies import create_company
from models.company_life import archive_company, purge_company, rename_company, resume_company
from models.importing import ImportAccount, ImportBatch, ImportEntry, ImportLine, import_batch
from models.people import Membership, User
from models.reports.trial_balance import trial_balance
from models.sharing import share_registers, unshare_registers
from tenants import Router, Tenant
from tenants.backups.manager import BackupManager
from tenants.entries import fresh_thread_name

from .fleet import KEEPER

BY = Actor.system("soak")
PAGES = (
    "/", "/journal", "/months", "/accounts", "/vouchers/new", "/registers/customers",
    "/reports/trial-balance", "/reports/profit-loss", "/reports/balance-sheet",
)  # fmt: skip
EXPECTED = (200, 302, 303)
OWN = 4
"""Companies that each worker makes, changes and purges, beside those that everybody works in."""


class Worker:
    """The work of one thread of several. `count` is of what it did, `faults` what should not have been."""

    def __init__(
        self, app: Flask, folder: Path, companies: int, number: int, workers: int, seed: str
    ) -> None:
        self.app = app
        self.router: Router = app.extensions["cuneifox"].router
        self.folder = folder
        self.companies = companies
        self.name = f"w{os.getpid()}-{number}"
        self.chance = random.Random(f"{seed}-{number}")
        self.count: Counter[str] = Counter()
        self.faults: list[str] = []
        self.visited = range(number, companies, workers)
        self.made = 0
        self.own: list[str] = []
        self.shared: set[str] = set()
        self.sign_in()

    def turn(self) -> None:
        """Do one thing."""
        self.do(self.chance.choices(list(ACTS), list(ACTS.values()))[0])

    def do(self, name: str) -> None:
        """Do that, and count it."""
        self.count[name] += 1
        act: Callable[[], None] = getattr(self, name)
        act()

    def settle(self) -> Iterator[Callable[[], None]]:
        """Yield what has to be done once, so that all that is made with a first use is there before it is counted."""
        # But for what works in a process of its own, and leaves nothing here.
        yield from (partial(self.do, name) for name in ACTS if name not in ("file", "backup"))
        while len(self.own) < OWN:
            yield partial(self.do, "create")
        for n in self.visited:  # so that what is kept in mind of all companies is there
            yield partial(self.visit, n)

    def visit(self, n: int) -> None:
        """Look at a company."""
        self._answered("visit", self._get(f"/c/c{n}/journal"))

    def slug(self) -> str:
        """A company: half of the time one of those that are asked for often."""
        n = self.chance.randrange(self.companies)
        return f"c{n if self.chance.random() < 0.5 else n * n // self.companies}"

    # In a browser

    def sign_in(self) -> None:
        """Sign in, with another browser than before."""
        self.client = self.app.test_client()
        self.token = self._token("/sign-in")
        self._answered("sign in", self._post("/sign-in", user=KEEPER, password=PASSWORD))
        self.token = self._token("/account")

    def sign_out(self) -> None:
        """Sign out, and in again."""
        self._answered("sign out", self._post("/sign-out"))
        self.sign_in()

    def page(self) -> None:
        """Look at a page of a company."""
        path = f"/c/{self.slug()}{self.chance.choice(PAGES)}"
        self._answered(path, self._get(path))

    def roster(self) -> None:
        """Look at the list of all companies, or at what is going on."""
        path = self.chance.choice(("/companies", "/live", "/people", "/activity"))
        self._answered(path, self._get(path))

    def post(self) -> None:
        """Post a voucher by its form."""
        self._answered("post", self._post(f"/c/{self.slug()}/vouchers/new", **self._voucher()))

    def draft(self) -> None:
        """Save a draft, and post or delete it."""
        where = f"/c/{self.slug()}/vouchers"
        form = self._voucher()
        saved = self._post(f"{where}/new", **form | {"action": "save"})
        self._answered("draft", saved)
        if found := re.search(r"/vouchers/(\d+)$", saved.headers.get("Location", "")):
            action = self.chance.choice(("post", "delete"))
            again = form | {"action": action, "version": "1", "key": f"{form['key']}-{action}"}
            self._answered(action, self._post(f"{where}/{found[1]}", **again))

    def report(self) -> None:
        """Ask for a report as CSV."""
        path = f"/c/{self.slug()}/reports/trial-balance.csv"
        self._answered(path, self._get(path))

    # By the server

    def batch(self) -> None:
        """Import some entries."""
        day = datetime.date(2026, self.chance.randint(1, 12), 9)
        accounts = [
            ImportAccount("Assets:Cash", "asset", day, 1),
            ImportAccount("Income:Sales", "income", day, 2),
        ]
        entries = [
            ImportEntry(day, n + 3, "", "Imported", f"{self._name()}", [
                ImportLine("Assets:Cash", Decimal(n + 1)), ImportLine("Income:Sales", Decimal(-n - 1)),
            ])
            for n in range(self.chance.randint(1, 10))
        ]  # fmt: skip
        with self.router.using(self.slug()):
            import_batch(ImportBatch("THB", accounts, entries), by=BY)

    def file(self) -> None:
        """Import a small file, with a reader of its own."""
        path = self.folder / f"{self.name}.beancount"
        path.write_text(
            'option "operating_currency" "THB"\n2026-01-01 open Assets:Cash\n2026-01-01 open Income:Sales\n'
            f'2026-02-03 * "{self._name()}"\n  Assets:Cash  1.25 THB\n  Income:Sales\n'
        )
        with start_reading(path) as reading, self.unasked():
            import_read(self.router, self.router.tenant(self.slug()), reading)

    def check(self) -> None:
        """Have books checked."""
        with self.unasked():
            self.faults += map(str, check_company(self.router, self.slug()))

    def snapshot(self) -> None:
        """Read a report in a snapshot, within which it takes its time."""
        with self.router.tenant(self.slug()).snapshot():
            for _ in range(3):
                trial_balance(None, datetime.date(2026, 12, 31))

    def backup(self) -> None:
        """Back a company up."""
        backups: BackupManager = self.app.extensions["cuneifox"].backups
        backups.backup_now(self.slug()).require_good()

    def create(self) -> None:
        """Make a company, and purge one if there are enough."""
        with self.unasked():
            slug = self._name()
            made = create_company(self.router, slug=slug, name=slug, template="general")
            Membership.grant(User.find(KEEPER), made.tenant_id)
            self.own.append(made.tenant_id)
            self._purge()

    def clone(self) -> None:
        """Make a copy of a company, and purge one if there are enough."""
        with self.unasked():
            slug = self._name()
            made = clone_company(
                self.router, self.slug(), slug=slug, name=slug,
                with_documents=self.chance.random() < 0.5,
            )  # fmt: skip
            self.own.append(made.tenant_id)
            self._purge()

    def stand(self) -> None:
        """Archive a company of its own and resume it, and give it another name."""
        if tenant := self._any():
            with self.unasked():
                archive_company(self.router, tenant.id)
                resume_company(self.router, tenant.id)
                rename_company(self.router, tenant.id, self._name())

    def share(self) -> None:
        """Share the registers of another, or part from them."""
        tenant = self._any()
        if tenant is not None:
            with self.unasked():
                if tenant.id in self.shared:
                    unshare_registers(self.router, tenant.id)
                    self.shared.remove(tenant.id)
                else:
                    share_registers(self.router, tenant.id, "c0")
                    self.shared.add(tenant.id)

    def end(self) -> None:
        """Purge all that it made."""
        with self.unasked():
            self._purge(keep=0)

    @contextmanager
    def unasked(self) -> Iterator[None]:
        """Be the server itself, which nobody has asked, and which works in no company in particular."""
        entry = self.router.enter((fresh_thread_name(), None), None)
        try:
            yield
        finally:
            self.router.leave(entry)

    def _purge(self, keep: int = OWN) -> None:
        while len(self.own) > keep:
            id = self.own.pop(0)
            archive_company(self.router, id)
            slug = self.router.tenant(id).slug
            purge_company(self.router, id, confirmed=slug)
            self.shared.discard(id)

    def _any(self) -> Tenant | None:
        return self.router.tenant(self.chance.choice(self.own)) if self.own else None

    def _name(self) -> str:
        self.made += 1
        return f"{self.name}-{self.made}"

    def _voucher(self) -> dict[str, Any]:
        amount = str(self.chance.randint(1, 9_999))
        return voucher_form(
            "1", ("1110", amount, ""), ("4100", "", amount),
            key=self._name(), date=f"2026-{self.chance.randint(1, 12):02d}-08", text="Soaked",
        )  # fmt: skip

    def _token(self, page: str) -> str:
        found = re.search(r'name="csrf_token" value="(\w+)"', self._get(page).text)
        assert found, f"{page} has no form"
        return found[1]

    def _get(self, path: str) -> Any:
        return self.client.get(path, buffered=True)  # which closes it, as a server does

    def _post(self, path: str, **form: Any) -> Any:
        return self.client.post(path, data=form | {"csrf_token": self.token}, buffered=True)

    def _answered(self, what: str, response: Any) -> None:
        if response.status_code not in EXPECTED:
            self.faults.append(f"{what} answers {response.status_code}")


ACTS = {
    "page": 300, "post": 250, "draft": 50, "report": 60, "batch": 40, "file": 1, "sign_out": 20, "roster": 20,
    "check": 4, "snapshot": 20, "backup": 1, "create": 6, "clone": 3, "stand": 10, "share": 3,
}  # fmt: skip
"""How often each is done."""
