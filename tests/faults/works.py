"""What is done while the disk is recorded: postings by several threads, and the steps of companies' lives."""

from __future__ import annotations

import datetime
import random
import threading
from typing import Any

from models import company_life, people
from models.accounts import account_tree
from models.actors import Actor
from models.cloning import clone_company
from models.companies import Company, create_company
from models.drafts import save_draft
from models.inputs import LineInput, VoucherInput
from models.journals import list_books
from models.posting import Posted, post, post_input, post_many
from models.sharing import share_registers, shares_registers, unshare_registers
from tenants import Router, Tenant, current_store

from . import standing
from .recording import Recorder

BY = Actor.system("test")
COMPANIES = ("acme", "globex")
_TEXTS = ("Rent", "ค่าเช่า", "Sales 5%", "x" * 400)


def postings(
    recorder: Recorder, seed: int, *, lies: bool = False, threads: int = 3, each: int = 25
) -> None:
    """Post vouchers in two companies by several threads, with checkpoints in between."""
    router = Router(recorder.root)
    for slug in COMPANIES:
        create_company(router, slug=slug, name=slug.title(), template="general")
    recorder.lies = lies
    recorder.mark("ready")
    begin = threading.Barrier(threads)
    failed: list[BaseException] = []

    def work(number: int) -> None:
        chance = random.Random(f"{seed}-{number}")
        poster = _Poster(router, recorder, chance, f"{number}")
        try:
            begin.wait()
            for _ in range(each):
                poster.step()
        except BaseException as error:
            failed.append(error)
            raise
        finally:
            router.universal.release(wholly=True)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failed:
        raise failed[0]
    router.close()


class _Poster:
    """One thread that posts, in whichever company the dice say."""

    def __init__(
        self, router: Router, recorder: Recorder, chance: random.Random, name: str
    ) -> None:
        self.router, self.recorder, self.chance, self.name = router, recorder, chance, name
        self.count = 0

    def step(self) -> None:
        """Post once, or have a checkpoint made."""
        slug = self.chance.choice(COMPANIES)
        with self.router.using(slug):
            kind = self.chance.randrange(10)
            if kind == 0:
                self.checkpoint()
            elif kind == 1:
                self.acknowledged(lambda: post_many(self.given(3), by=BY))
            elif kind in (2, 3):
                draft = save_draft(_voucher(self.chance), by=BY)
                self.acknowledged(lambda: [_posted(post(draft.id, by=BY))])
            else:
                self.acknowledged(lambda: [post_input(_voucher(self.chance), by=BY)])

    def checkpoint(self) -> None:
        mode = self.chance.choice(("PASSIVE", "FULL", "RESTART", "TRUNCATE"))
        stores = [current_store("books"), self.router.universal_store]
        with self.chance.choice(stores).get_connection() as connection:
            connection.execute("PRAGMA busy_timeout = 50")
            connection.execute(f"PRAGMA wal_checkpoint({mode})")

    def acknowledged(self, act: Any) -> None:
        """Post, and write down what was acknowledged."""
        tenant = current_store("books").owner
        self.recorder.mark("begun", tenant, self.name)
        posted = act()
        self.recorder.mark("acked", tenant, self.name, posted)

    def given(self, count: int) -> list[tuple[VoucherInput, str]]:
        self.count += 1
        return [(_voucher(self.chance), f"{self.name}-{self.count}-{n}") for n in range(count)]


def _voucher(chance: random.Random) -> VoucherInput:
    leaves = [node.stid for node in account_tree() if not node.is_group]
    amounts = [chance.randint(1, 99_999) for _ in range(chance.randint(1, 6))]
    lines = [LineInput(chance.choice(leaves), amount) for amount in amounts]
    lines.append(LineInput(chance.choice(leaves), -sum(amounts)))
    day = datetime.date(2026, chance.randint(1, 12), chance.randint(1, 28))
    book = chance.choice([book.stid for book in list_books()])
    return VoucherInput(book, day, chance.choice(_TEXTS), lines)


def lives(recorder: Recorder, seed: int, *, lies: bool = False, steps: int = 14) -> None:
    """Take companies through their lives, step by step; after each it is written down how all of them stand."""
    recorder.lies = lies
    recorder.mark("ready")
    router = Router(recorder.root)
    router.universal.create_tables([*people.MODELS, Company])
    recorder.mark("is", standing.look(router))
    life = _Life(router, random.Random(seed))
    for _ in range(steps):
        life.step()
        recorder.mark("is", standing.look(router))
    router.universal.release(wholly=True)
    router.close()


class _Life:
    """Takes one step after another, of those that are possible as things stand."""

    def __init__(self, router: Router, chance: random.Random) -> None:
        self.router, self.chance = router, chance
        self.count = 0

    def step(self) -> None:
        """Take a step, whichever the dice say."""
        tenants = self.router.tenants()
        active = [t for t in tenants if t.state == "active"]
        if len(active) < 2:
            self.create()
            return
        one, other = self.chance.sample(active, 2)
        resting = [t for t in tenants if t.state != "active"]
        unused = self.router.unused_stores()
        possible = [
            self.create,
            lambda: self.post(one),
            lambda: company_life.rename_company(self.router, one, self.name()),
            lambda: company_life.suspend_company(self.router, one, "Unpaid"),
            lambda: company_life.archive_company(self.router, one),
            lambda: self.clone(one),
            lambda: self.share(one, other),
        ]
        if unused:
            possible.append(lambda: self.router.purge_store(self.chance.choice(unused)))
        if resting:
            rests = self.chance.choice(resting)
            possible.append(lambda: company_life.resume_company(self.router, rests))
            possible += [lambda: self.purge(rests)] * 3
        self.chance.choice(possible)()

    def name(self) -> str:
        self.count += 1
        return f"company-{self.count}"

    def create(self) -> None:
        slug = self.name()
        create_company(self.router, slug=slug, name=slug, template="general")

    def clone(self, source: Tenant) -> None:
        slug, whole = self.name(), self.chance.random() < 0.7
        clone_company(self.router, source, slug=slug, name=slug, with_documents=whole)

    def share(self, one: Tenant, other: Tenant) -> None:
        if shares_registers(one):
            unshare_registers(self.router, one)
        elif not shares_registers(other):
            share_registers(self.router, one, other)
        else:
            self.post(one)

    def purge(self, tenant: Tenant) -> None:
        company_life.purge_company(self.router, tenant, confirmed=tenant.slug)

    def post(self, tenant: Tenant) -> None:
        with self.router.using(tenant):
            post_input(_voucher(self.chance), by=BY)


def _posted(voucher: Any) -> Posted:
    return Posted(voucher.id, voucher.number, voucher.chain_no, voucher.chain_hash, "")
