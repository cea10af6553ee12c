"""Threads that post, draft, reverse and freeze by the models themselves, as jobs and other programs do."""

from __future__ import annotations

import datetime
import random
from typing import Any

from kills.children import Child
from kills.ground import Company
from models.actors import Actor
from models.drafts import delete_draft, save_draft
from models.months import freeze_month, open_month
from models.posting import post, post_input
from models.registers import Customer
from models.reversing import reverse
from tenants import Router

BY = Actor.system("kills")
THREADS = 3
DUE = datetime.date(2026, 12, 28)
"""Of reversals: after whatever was posted."""


def run(child: Child) -> None:
    """Work in all companies, on some threads."""
    router = child.ground.open()
    router.recover()
    child.work(*(Clerk(child, router, n).turn for n in range(THREADS)))


class Clerk:
    """What one thread does, and what it has done that it can go on with."""

    def __init__(self, child: Child, router: Router, number: int) -> None:
        self.child = child
        self.router = router
        self.name = f"{child.name}-{number}"
        self.count = 0
        self.posted: list[int] = []
        self.drafts: list[tuple[int, dict[str, Any]]] = []
        self.company: Company | None = None

    def turn(self, chance: random.Random) -> None:
        """Work in one company for a while, in one entry."""
        company = chance.choice(self.child.ground.companies)
        self.posted.clear()
        self.drafts.clear()
        with self.router.using(company.id):
            for _ in range(chance.randint(1, 12)):
                act = chance.choices(
                    (self.post, self.draft, self.reverse, self.month, self.meet), (6, 4, 2, 1, 1)
                )[0]
                act(company, chance)  # fmt: skip

    def fresh(self, company: Company, chance: random.Random) -> dict[str, Any]:
        """Return what a new voucher is to be, with a key that was never used before."""
        self.count += 1
        date = f"2026-{chance.randint(1, 10):02d}-{chance.randint(1, 28):02d}"
        return {
            "company": company.id,
            "key": f"{self.name}-{self.count}",
            "date": date,
            "text": f"{company.mark} sale {self.count}",
            "amount": chance.randint(1, 9_999),
        }

    def post(self, company: Company, chance: random.Random) -> None:
        what = self.fresh(company, chance)
        with self.child.doing("post", **what) as told:
            posted = post_input(self.child.ground.sale(what), by=BY, key=what["key"])
            told |= {"id": posted.id, "number": posted.number}
        if told:
            self.posted.append(posted.id)

    def draft(self, company: Company, chance: random.Random) -> None:
        """Save a draft, or post or delete one that was saved before."""
        if not self.drafts or chance.random() < 0.4:
            what = self.fresh(company, chance)
            with self.child.doing("draft", **what) as told:
                draft = save_draft(self.child.ground.sale(what), by=BY, key=what["key"])
                told["id"] = draft.id
            if told:
                self.drafts.append((draft.id, what))
            return
        id, what = self.drafts.pop()
        if chance.random() < 0.2:
            with self.child.doing("delete draft", company=company.id, draft=id):
                delete_draft(id, by=BY)
            return
        again = what | {"draft": id, "key": f"{what['key']}-posted"}
        with self.child.doing("post draft", **again) as told:
            voucher = post(id, by=BY, key=again["key"])
            told |= {"id": voucher.id, "number": voucher.number}

    def reverse(self, company: Company, chance: random.Random) -> None:
        if not self.posted:
            return self.post(company, chance)
        self.count += 1
        what = {
            "company": company.id,
            "key": f"{self.name}-{self.count}",
            "voucher": self.posted.pop(),
            "date": DUE.isoformat(),
            "text": f"{company.mark} taken back",
        }
        with self.child.doing("reverse", **what) as told:
            voucher = reverse(
                what["voucher"], date=DUE, by=BY, reason=what["text"], key=what["key"]
            )
            told |= {"id": voucher.id, "number": voucher.number}
        return None

    def month(self, company: Company, chance: random.Random) -> None:
        month = 202600 + chance.randint(1, 10)
        change = chance.choice((freeze_month, open_month))
        with self.child.doing("month", company=company.id, month=month, to=change.__name__):
            change(month, by=BY, reason=company.mark)

    def meet(self, company: Company, chance: random.Random) -> None:
        """Enter a customer, which goes into another store."""
        self.count += 1
        code = f"{self.name}-{self.count}"
        with self.child.doing("customer", company=company.id, code=code) as told:
            told["stid"] = Customer.add(code=code, name=f"{company.mark} {code}").stid
