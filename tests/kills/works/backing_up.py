"""Backups and what is made of them: companies restored, taken back to what was, and made anew."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from kills.children import Child
from kills.ground import CHART, Company, new_mark
from kills.works.books import BY
from models import backing_up
from models.cloning import rename_books
from models.companies import create_company
from models.company_life import archive_company, purge_company
from models.posting import post_input
from tenants import Router, current_store
from tenants.backups.backup import Backup
from tenants.backups.manager import BackupManager
from tenants.scratch import scratch_folder

SCRATCH = "backing_up"
"""The data folder's folder in which prepared files lie."""
MOST_KEPT = 6
"""Files that replacements have kept, of one company, before some are discarded."""


def manager_of(router: Router, folder: str) -> BackupManager:
    """Return the backups of a round, as the program makes them."""
    return BackupManager(
        router,
        Path(folder) / "backups",
        checks=[backing_up.faults],
        describe=backing_up.facts,
    )


def run_backups(child: Child) -> None:
    """Post to a company of its own, and back it up, again and again."""
    os.setpgid(0, 0)  # with the process that looks at the copies
    router = child.ground.open()
    router.recover()
    chance = child.chance("company")
    slug, mark = f"{child.name}-own", new_mark(chance)
    with child.doing("create", slug=slug, mark=mark) as told:
        made = create_company(router, slug=slug, name=f"{mark} Ltd", template=CHART)
        told["id"] = made.tenant_id
    keeper = Keeper(child, router, Company(made.tenant_id, slug, mark))
    child.work(keeper.turn)


class Keeper:
    """Backs up one company, between postings."""

    def __init__(self, child: Child, router: Router, company: Company) -> None:
        self.child = child
        self.router = router
        self.company = company
        self.manager = manager_of(router, child.orders.folder)
        self.count = 0

    def turn(self, chance: random.Random) -> None:
        """Post some, then make a backup that has all of them."""
        for _ in range(chance.randint(1, 4)):
            self.post(chance)
        with self.child.doing("backup", company=self.company.id) as told:
            report = self.manager.backup_now(self.company.id)
            report.require_good()
            backup = report.outcomes[0].backup
            assert backup is not None
            told["stamp"] = backup.stamp

    def post(self, chance: random.Random) -> None:
        """Post one."""
        self.count += 1
        what: dict[str, Any] = {
            "company": self.company.id,
            "key": f"{self.child.name}-{self.count}",
            "date": f"2026-{chance.randint(1, 12):02d}-06",
            "text": f"{self.company.mark} sale {self.count}",
            "amount": chance.randint(1, 9_999),
        }
        with self.router.using(self.company.id), self.child.doing("post", **what) as told:
            posted = post_input(self.child.ground.sale(what), by=BY, key=what["key"])
            told |= {"id": posted.id, "number": posted.number}


@contextmanager
def fetched(
    router: Router, manager: BackupManager, backup: Backup
) -> Iterator[tuple[dict[str, Path], dict[str, Any]]]:
    """Give the files of a backup, in a folder within the data folder, and its facts."""
    facts = manager.manifest(backup).facts
    with scratch_folder(router.path, SCRATCH) as folder:
        yield manager.fetch(backup, folder), facts


def run_restores(child: Child) -> None:
    """Restore the company of which there is a backup from the start."""
    router = child.ground.open()
    router.recover()
    child.work(Restorer(child, router, child.ground.vault).turn)


class Restorer(Keeper):
    """Restores one company, goes back to what that replaced, and makes new companies of its backup."""

    def __init__(self, child: Child, router: Router, company: Company) -> None:
        super().__init__(child, router, company)
        self.backup = Backup(company.id, child.ground.stamp)
        self.facts: dict[int, dict[str, Any]] = {}

    def turn(self, chance: random.Random) -> None:
        """Post some, then take one step."""
        for _ in range(chance.randint(0, 3)):
            self.post(chance)
        act = chance.choices((self.restore, self.go_back, self.adopt), (3, 2, 1))[0]
        act(chance)
        kept = self.router.kept(self.company.id)
        if len(kept) > MOST_KEPT:
            oldest = min(one.generation for one in kept)
            with self.child.doing("discard", company=self.company.id, generation=oldest):
                self.router.discard(one for one in kept if one.generation == oldest)

    def restore(self, chance: random.Random) -> None:
        """Put the backup's files in the place of what there is."""
        what = {"company": self.company.id, "stamp": self.backup.stamp}
        with self.child.doing("restore", **what) as told, self._fetched() as (files, facts):
            self._note()
            register = partial(backing_up.restored, facts=facts, source=self.backup.stamp)
            self.router.replace(self.company.id, files, "restored", register)
            told["generation"] = self._generation()

    def go_back(self, chance: random.Random) -> None:
        """Take a kept generation into use again, one of those whose facts this child knows."""
        there = {one.generation for one in self.router.kept(self.company.id)} & self.facts.keys()
        if not there:
            return self.restore(chance)
        self._note()
        back = chance.choice(sorted(there))
        with self.child.doing("go back", company=self.company.id, generation=back) as told:
            register = partial(backing_up.restored, facts=self.facts[back])
            roles = ("books", "registers", "attachments")
            self.router.go_back(self.company.id, dict.fromkeys(roles, back), register=register)
            told["generation"] = self._generation()
        return None

    def adopt(self, chance: random.Random) -> None:
        """Make a new company of the backup, and purge it again."""
        self.count += 1
        mark = new_mark(chance)
        what = {
            "slug": f"{self.child.name}-made-{self.count}",
            "mark": mark,
            "source": self.company.id,
        }
        name = f"{mark} Ltd"
        with (
            self.child.doing("adopt", stamp=self.backup.stamp, **what) as told,
            self._fetched() as (files, facts),
        ):
            register = partial(backing_up.adopted, facts=facts, name=name)
            made = self.router.adopt(what["slug"], files, register, partial(_rename, name))
            told["id"] = made.id
        if told:
            with self.child.doing("stand", company=told["id"], to="archived"):
                archive_company(self.router, told["id"], f"{mark} archived")
            with self.child.doing("purge", company=told["id"]):
                purge_company(self.router, told["id"], confirmed=what["slug"])

    def _fetched(self) -> Any:
        return fetched(self.router, self.manager, self.backup)

    def _note(self) -> None:
        """Know the facts of what is about to be kept."""
        with self.router.using(self.company.id):
            self.facts[self._generation()] = backing_up.facts()

    def _generation(self) -> int:
        return self.router.tenant(self.company.id).store("books").generation


def _rename(name: str) -> None:
    with current_store("books").writing():
        rename_books({"name": name})
