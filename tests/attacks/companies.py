"""The three companies that are attacked and attack: acme, globex, and initech, which shares acme's registers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from attacks.marks import Texts
from attacks.people import USERS, add_people
from attacks.planting import plant
from cuneifox_site import Site
from models import backing_up
from models.accounts import account_tree, add_account
from models.actors import Actor
from models.attachments import Attachment
from models.companies import create_company
from models.drafts import save_draft
from models.inputs import LineInput, VoucherInput
from models.jobs.job import Job, new_id
from models.jobs.schedules import Schedule
from models.journals import add_book
from models.months import freeze_month
from models.people import Activity, User
from models.posting import post_input
from models.recurring.given import TemplateInput, TemplateLine
from models.recurring.runs import make_voucher
from models.recurring.template import add_template
from models.registers import REGISTER_MODELS, Party
from models.restorations import Restoration
from models.reversing import reverse
from models.years import close_year
from tenants import BackupManager, Store, Tenant, current_store

SLUGS = ("acme", "globex", "initech")
ACME, GLOBEX, INITECH = SLUGS
VICTIM = GLOBEX
"""Whose files and rows may not change, whatever the members of the others do."""
PURGED = "x5xpurged5of5globex5long5a"
"""The id of a company that the victim's people had before."""
ROLES = ("attachments", "books", "registers")
APART = {"acme": 0, "globex": 500_000, "initech": 900_000}
"""What is added to the later ids of a company, so that each has some that nobody else has."""
AMOUNTS = {"acme": 31_415_926_53, "globex": 91_827_364_55, "initech": 77_123_456_89}
"""An amount (minor units) that is in no other company's books."""

BY = Actor.system("attacks")

OPEN_YEAR = 2026
"""Fiscal years before it are closed."""


def books_of(slug: str) -> str:
    """The owner of a company's books, as sightings name it."""
    return f"{slug}/books"


def owners_of(slug: str) -> frozenset[str]:
    """Whose texts the members of a company may see: its stores, and its people."""
    registers = ACME if slug == INITECH else slug
    return frozenset(
        (f"{slug}/books", f"{slug}/attachments", f"{registers}/registers", f"people of {slug}")
    )


ALL_OWNERS = frozenset().union(*map(owners_of, SLUGS)) | {"people of both"}


class Attacked(Site):
    """An installation with the three companies in it, once it is furnished."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        super().__init__(folder, **settings)
        self.app.testing = False  # what goes wrong is answered, as it is to the world
        self.filled = dict.fromkeys(SLUGS, 0)
        assert self.services.backups is not None
        self.services.backups.checks.clear()  # which books that were marked behind their back fail, and rightly
        self.app.extensions["job_streams"].are_over = lambda: True  # nobody listens for minutes


def furnish(site: Attacked) -> None:
    """Make the companies and their people, and mark every text of both."""
    for slug in SLUGS:
        texts = Texts(f"people of {slug}")
        with site.app.app_context():
            create_company(
                site.router,
                slug=slug,
                name=texts(),
                local_name=texts(),
                currency=Texts(books_of(slug))().upper(),
                share_registers_with=ACME if slug == INITECH else None,
            )
    people = add_people(site)
    for slug in SLUGS:
        with marking(site, slug):
            pass  # what a company starts with: whatever is posted takes its codes over from that
        _fill(site, slug)
        with marking(site, slug):
            _number_apart(APART[slug])
        _fill(site, slug)
        with marking(site, slug):
            pass
        _leave_traces(site, slug, people)
    back_up(site)


def back_up(site: Attacked) -> None:
    """Leave backups of all of it. Without the checks that the books want, which what is marked would fail."""
    place = site.config.data_path / site.config.backups.folder
    BackupManager(site.router, place, describe=backing_up.facts).backup_now().require_good()
    texts = Texts(f"people of {VICTIM}")
    texts.given = 700
    with site.app.app_context():
        failed = "UPDATE backup_state SET error = ? WHERE tenant = ?"
        site.router.universal.execute_sql(failed, (texts(), site.router.tenant(VICTIM).id))


@contextmanager
def marking(site: Attacked, slug: str) -> Iterator[None]:
    """Within a company: run the block, then mark all texts of its own stores that have no mark yet."""
    with site.app.app_context(), site.router.using(slug) as entry:
        yield
        for role, store in own_stores(entry.tenant):
            with store.writing():
                plant(store.execute_sql, f"{slug}/{role}")


def own_stores(tenant: Any) -> Iterator[tuple[str, Store]]:
    """The stores of a tenant that are no other's."""
    for role, store in sorted(tenant.stores.items()):
        if store.owner == tenant.id:
            yield role, store


def _number_apart(gap: int) -> None:
    if gap:
        current_store("books").execute_sql(
            "UPDATE ledger_state SET last_voucher_id = last_voucher_id + ?", (gap,)
        )
        for role in ROLES:
            store = current_store(role)
            store.execute_sql("UPDATE sqlite_sequence SET seq = seq + ?", (gap,))


def _fill(site: Attacked, slug: str) -> None:
    """Rows of all kinds. What can't be changed once it is written gets its texts here."""
    texts = Texts(books_of(slug))
    texts.given = 100 * site.filled[slug]
    site.filled[slug] += 1
    with site.app.app_context(), site.router.using(slug):
        parties = _registers(Texts(f"{slug}/registers"), site.filled[slug], slug)
        leaves = {n.type: n.stid for n in account_tree() if not n.is_group and not n.commodity}
        held = add_account(texts(), texts(), "asset", by=BY, local_name=texts(), commodity=texts())
        book = add_book(texts(), texts(), "general", by=BY, local_name=texts()).stid
        year = 2023 + site.filled[slug]

        def voucher(month: int) -> VoucherInput:
            lines = [
                LineInput(leaves["asset"], AMOUNTS[slug], texts(), None, None, *parties[0]),
                LineInput(leaves["income"], -AMOUNTS[slug], texts(), None, None, *parties[1]),
                LineInput(held.stid, 500, texts(), Decimal(5), held.commodity, *parties[2]),
                LineInput(leaves["expense"], -500, texts(), None, None, *parties[3]),
            ]
            return VoucherInput(book, date(year, month, 7), texts(), lines, texts())

        first = post_input(voucher(1), by=BY, key=texts())
        post_input(voucher(2), by=BY, key=texts())
        reverse(first.id, date=date(year, 2, 8), by=BY, reason=texts(), key=texts())
        close_year(year, by=BY, text=texts(), key=texts())
        after = post_input(_now(voucher(3)), by=BY, key=texts())
        draft = save_draft(_now(voucher(4)), by=BY, key=texts())
        _recurring(leaves, book, texts, parties[0])
        for voucher_id in (first.id, after.id, draft.id):
            content = texts().encode() * 20
            Attachment.attach(voucher_id, f"{texts()}.pdf", f"image/x-{texts()}", content)
        freeze_month(OPEN_YEAR * 100 + 12 - site.filled[slug], by=BY, reason=texts())


def _recurring(leaves: dict[str, int], book: int, texts: Texts, party: tuple[str, int]) -> None:
    """A template of a voucher, of which one was made, and left as a draft."""
    lines = [
        TemplateLine(leaves["expense"], "previous(70) + 1", "debit", texts(), *party),
        TemplateLine(leaves["asset"], "rest", "credit", texts()),
    ]
    given = TemplateInput(texts(), book, "same_day", texts(), lines, texts())
    make_voucher(add_template(given, by=BY).stid, date(OPEN_YEAR, 5, 7), by=BY)


def _now(given: VoucherInput) -> VoucherInput:
    """The same in a year that stays open."""
    day = given.date.replace(year=OPEN_YEAR)
    return VoucherInput(given.book, day, given.text, given.lines, given.reference)


def _registers(texts: Texts, turn: int, slug: str) -> list[tuple[str, int]]:
    """A row more of each register; (kind, stid)."""
    texts.given = 100 * turn + SLUGS.index(slug) * 1000
    rows = []
    for model in REGISTER_MODELS:
        given = {"code": texts(), "name": texts(), "local_name": texts()}
        if issubclass(model, Party):
            given |= {name: texts() for name in ("address", "phone", "email")}
        rows.append((model.kind, model.add(**given).stid))
    return rows


def _leave_traces(site: Attacked, slug: str, people: dict[str, User]) -> None:
    """What the shared database holds of a company and of its people."""
    texts = Texts(f"people of {slug}")
    texts.given = 500
    with site.app.app_context():
        tenant = site.router.tenant(slug)
        for name, home in USERS.items():
            if home == slug:
                Activity.note(
                    texts(),
                    texts(),
                    now=site.clock(),
                    user_id=people[name].id,
                    user_name=texts(),
                    company_id=tenant.id,
                    company_name=texts(),
                )
                address = User.update(email=f"{texts()}@example.org")
                address.where(User.id == people[name].id).execute()
                _job(site, tenant, people[name].id, texts)
                _job_of_several(site, tenant, people[name].id, texts)
        run = site.router.universal.execute_sql
        run("UPDATE tenant SET reason = ? WHERE id = ?", (texts(), tenant.id))
        if slug == VICTIM:  # what becomes of others only when something went wrong with them
            trouble = "UPDATE store SET trouble = ? WHERE owner = ? AND role = 'attachments'"
            run(trouble, (texts(), tenant.id))
            tombstone = "INSERT INTO tombstone (id, slug, backup) VALUES (?, ?, ?)"
            run(tombstone, (PURGED, texts(), texts()))
            purged = "INSERT INTO purged_store (id, owner, role, generation, backup) VALUES (?, ?, ?, 1, ?)"
            run(purged, (PURGED[::-1], PURGED, "registers", texts()))
            _leave_what_restores_leave(run, tenant, texts)


def _job(site: Attacked, tenant: Tenant, user_id: str, texts: Texts) -> None:
    """A report that somebody asked for, with its file; and what the server does by itself for the company."""
    job_id, now = new_id(), site.clock()
    place = f"{job_id}/made/result"
    path = site.services.results.folder / place
    path.parent.mkdir(parents=True)
    path.write_text(texts(), "utf-8")
    Job.create(
        id=job_id, kind="report", arguments=json.dumps({"report": "journal", "form": "csv", "text": texts()}),
        once=texts(), tenant_id=tenant.id, user_id=user_id, session=texts(), identity=texts(), state="done",
        due_at=now, asked_at=now, started_at=now, ended_at=now, line=texts(), lease=texts(), worker=texts(),
        error=texts(), trace=texts(), result_name=texts(), result_place=place, result_type=f"text/x-{texts()}",
        result_size=1,
    )  # fmt: skip
    Schedule.create(
        name=texts(), kind="freeze_month", arguments=json.dumps({"text": texts()}), tenant_id=tenant.id,
        cron="0 2 1 * *", zone="Asia/Bangkok", paused=True, done_until=now, made_by=user_id,
    )  # fmt: skip


def _job_of_several(site: Attacked, tenant: Tenant, user_id: str, texts: Texts) -> None:
    """A report across companies that somebody asked for who could read the victim's books then; with their figures."""
    job_id, now, figures = new_id(), site.clock(), Texts(f"people of {VICTIM}")
    figures.given = 800
    place = f"{job_id}/made/result"
    path = site.services.results.folder / place
    path.parent.mkdir(parents=True)
    path.write_text(figures(), "utf-8")
    given = {
        "companies": [tenant.id, site.router.tenant(VICTIM).id],
        "form": "csv",
        "show": texts(),
    }
    Job.create(
        id=job_id, kind="consolidated", arguments=json.dumps(given), once=texts(), user_id=user_id, session=texts(),
        state="done", due_at=now, asked_at=now, started_at=now, ended_at=now, line=texts(), result_name=texts(),
        result_place=place, result_type="text/plain", result_size=1,
    )  # fmt: skip


def _leave_what_restores_leave(run: Any, tenant: Tenant, texts: Texts) -> None:
    """A restore, what it has replaced, and backups and drills that went wrong."""
    store = tenant.store("books")
    kept = (
        "INSERT INTO kept_store (id, owner, role, generation, reason) VALUES (?, ?, 'books', 99, ?)"
    )
    run(kept, (store.id, tenant.id, texts()))
    drill = (
        "INSERT INTO drill (tenant, stamp, at, seconds, faults) VALUES (?, '', '2026-01-01', 1, ?)"
    )
    run(drill, (tenant.id, f'["{texts()}"]'))
    Restoration.create(
        tenant_id=tenant.id, at="20260101T000000.000000Z", roles="books", count=0, head="",
        lost_count=0, lost_head="", by=texts(),
    )  # fmt: skip
