"""Companies' lives: made, renamed, cloned, suspended, archived, resumed, shared, unshared and purged."""

from __future__ import annotations

import datetime
import random
from typing import Any

import msgspec

from kills.children import Child
from kills.ground import CHART, new_mark
from kills.works.books import BY
from models.cloning import clone_company
from models.companies import create_company
from models.company_life import (
    archive_company,
    purge_company,
    rename_company,
    resume_company,
    suspend_company,
)
from models.posting import post_input
from models.registers import Customer
from models.sharing import share_registers, unshare_registers
from tenants import Router

THREADS = 2
MOST = 4
"""Companies that one thread has at a time."""


class Own(msgspec.Struct):
    """A company that this thread has made."""

    id: str
    slug: str
    mark: str
    state: str = "active"
    owner: str = ""


def run(child: Child) -> None:
    """Let companies live, some on each thread."""
    router = child.ground.open()
    router.recover()
    child.work(*(Registrar(child, router, n).turn for n in range(THREADS)))


class Registrar:
    """What one thread does to companies that nobody else changes."""

    def __init__(self, child: Child, router: Router, number: int) -> None:
        self.child = child
        self.router = router
        self.name = f"{child.name}-{number}"
        self.count = 0
        self.companies: list[Own] = []

    def turn(self, chance: random.Random) -> None:
        """Take one step."""
        if not self.companies:
            return self.create(chance)
        act = chance.choices(
            (self.create, self.post, self.rename, self.clone, self.stand, self.share, self.purge),
            (2, 5, 2, 3, 3, 3, 2 if len(self.companies) < MOST else 20),
        )[0]
        return act(chance)

    def any(self, chance: random.Random, *states: str) -> Own | None:
        """Return one of the companies that are in one of these states."""
        found = [one for one in self.companies if one.state in (states or ("active",))]
        return chance.choice(found) if found else None

    def create(self, chance: random.Random) -> None:
        what = self._new(chance)
        with self.child.doing("create", **what) as told:
            made = create_company(
                self.router, slug=what["slug"], name=f"{what['mark']} Ltd", template=CHART
            )
            told["id"] = made.tenant_id
        if told:
            self.companies.append(Own(told["id"], what["slug"], what["mark"]))

    def clone(self, chance: random.Random) -> None:
        source = self.any(chance, "active", "archived")
        if source is None:
            return
        what = self._new(chance) | {"source": source.id, "whole": chance.random() < 0.6}
        with self.child.doing("clone", **what) as told:
            made = clone_company(
                self.router, source.id, slug=what["slug"], name=f"{what['mark']} Ltd",
                with_documents=what["whole"],
            )  # fmt: skip
            told["id"] = made.tenant_id
        if told:
            self.companies.append(Own(told["id"], what["slug"], what["mark"], owner=source.owner))

    def post(self, chance: random.Random) -> None:
        """Post a voucher and enter a customer: what has to be there wherever the company goes."""
        company = self.any(chance)
        if company is None:
            return
        self.count += 1
        what: dict[str, Any] = {
            "company": company.id,
            "key": f"{self.name}-{self.count}",
            "date": datetime.date(2026, chance.randint(1, 12), 5).isoformat(),
            "text": f"{company.mark} sale {self.count}",
            "amount": chance.randint(1, 9_999),
        }
        with self.router.using(company.id):
            with self.child.doing("post", **what) as told:
                posted = post_input(self.child.ground.sale(what), by=BY, key=what["key"])
                told |= {"id": posted.id, "number": posted.number}
            code = what["key"]
            with self.child.doing("customer", company=company.id, code=code) as told:
                told["stid"] = Customer.add(code=code, name=f"{company.mark} {code}").stid

    def rename(self, chance: random.Random) -> None:
        company = self.any(chance, "active", "archived", "suspended")
        if company is None:
            return
        slug = self._new(chance)["slug"]
        with self.child.doing("rename", company=company.id, slug=slug) as told:
            rename_company(self.router, company.id, slug)
            told["slug"] = company.slug = slug

    def stand(self, chance: random.Random) -> None:
        """Suspend, archive or resume."""
        company = chance.choice(self.companies)
        to = chance.choice([s for s in ("active", "suspended", "archived") if s != company.state])
        with self.child.doing("stand", company=company.id, to=to) as told:
            if to == "active":
                resume_company(self.router, company.id)
            else:
                (suspend_company if to == "suspended" else archive_company)(
                    self.router, company.id, f"{company.mark} {to}"
                )
            told["state"] = company.state = to

    def share(self, chance: random.Random) -> None:
        """Share another's registers, or take own ones again."""
        company = self.any(chance)
        if company is None:
            return
        if company.owner:
            with self.child.doing("unshare", company=company.id):
                unshare_registers(self.router, company.id)
                company.owner = ""
            return
        if any(other.owner == company.id for other in self.companies):
            return
        owners = [
            o for o in self.companies if o is not company and o.state == "active" and not o.owner
        ]
        if owners:
            owner = chance.choice(owners)
            with self.child.doing("share", company=company.id, owner=owner.id):
                share_registers(self.router, company.id, owner.id)
                company.owner = owner.id

    def purge(self, chance: random.Random) -> None:
        company = self.any(chance, "suspended", "archived")
        if company is None:
            return
        with self.child.doing("purge", company=company.id) as told:
            told["backup"] = purge_company(self.router, company.id, confirmed=company.slug).name
        if told:
            self.companies.remove(company)

    def _new(self, chance: random.Random) -> dict[str, Any]:
        self.count += 1
        return {"slug": f"{self.name}-{self.count}", "mark": new_mark(chance)}
