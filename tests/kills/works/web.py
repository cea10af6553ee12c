"""Requests through the whole WSGI application, from many threads: what people in browsers do."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

from jinja2 import FileSystemBytecodeCache
from werkzeug.test import TestResponse

from cuneifox_site import Site
from kills.children import Child
from kills.ground import Company
from kills.works.books import DUE
from ledger_site import voucher_form

THREADS = 4
PAGES = ("/", "/journal", "/months", "/reports/trial-balance", "/accounts")


def run(child: Child) -> None:
    """Serve in this process, and be its visitors."""
    site = Site(child.ground.data)
    # Compiling templates takes longer than all else a child does before it is killed.
    compiled = Path(child.orders.folder).parent / "compiled"
    compiled.mkdir(exist_ok=True)
    site.app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(compiled))

    def asker() -> Asker:
        return Asker(child, site.app.test_client())

    child.work(*(Visitor(child, asker(), n).turn for n in range(THREADS)))


class Asker:
    """Asks the application of this process."""

    def __init__(self, child: Child, client: Any) -> None:
        name, value = child.ground.cookie.split("=", 1)
        client.set_cookie(name, value)
        self.client = client

    def get(self, path: str) -> tuple[int, str]:
        """Return the status and where it leads."""
        return _answer(self.client.get(path, buffered=True))

    def post(self, path: str, form: dict[str, Any]) -> tuple[int, str]:
        """Return the status and where it leads."""
        return _answer(self.client.post(path, data=form, buffered=True))


def _answer(response: TestResponse) -> tuple[int, str]:
    return response.status_code, response.headers.get("Location", "")


class Visitor:
    """What one browser does. `ask` sends its requests, here or over a socket."""

    def __init__(self, child: Child, ask: Any, number: int) -> None:
        self.child = child
        self.ask = ask
        self.name = f"{child.name}-{number}"
        self.count = 0
        self.posted: list[tuple[Company, int]] = []
        self.drafts: list[tuple[Company, int, dict[str, Any]]] = []

    def turn(self, chance: random.Random) -> None:
        """Send one request."""
        company = chance.choice(self.child.ground.companies)
        act = chance.choices(
            (self.post, self.draft, self.reverse, self.month, self.look), (6, 4, 2, 1, 2)
        )[0]
        act(company, chance)  # fmt: skip

    def post(self, company: Company, chance: random.Random) -> None:
        what = self._fresh(company, chance)
        with self.child.doing("post", **what) as told:
            self._voucher(told, f"/c/{company.slug}/vouchers/new", self._form(what))
        if told:
            self.posted.append((company, told["id"]))

    def draft(self, company: Company, chance: random.Random) -> None:
        """Save a draft, or post or delete one that was saved before."""
        if not self.drafts or chance.random() < 0.4:
            what = self._fresh(company, chance)
            with self.child.doing("draft", **what) as told:
                form = self._form(what, action="save")
                self._voucher(told, f"/c/{company.slug}/vouchers/new", form)
            if told:
                self.drafts.append((company, told["id"], what))
            return
        company, id, what = self.drafts.pop()
        where = f"/c/{company.slug}/vouchers/{id}"
        if chance.random() < 0.2:
            with self.child.doing("delete draft", company=company.id, draft=id):
                self._sent(where, {"action": "delete", "version": "1"})
            return
        again = what | {"draft": id, "key": f"{what['key']}-posted"}
        with self.child.doing("post draft", **again) as told:
            self._voucher(told, where, self._form(again, version="1"))

    def reverse(self, company: Company, chance: random.Random) -> None:
        if not self.posted:
            return self.post(company, chance)
        company, id = self.posted.pop()
        self.count += 1
        what = {
            "company": company.id,
            "key": f"{self.name}-{self.count}",
            "voucher": id,
            "date": DUE.isoformat(),
            "text": f"{company.mark} taken back",
        }
        form = {"date": what["date"], "reason": what["text"], "key": what["key"]}
        with self.child.doing("reverse", **what) as told:
            self._voucher(told, f"/c/{company.slug}/vouchers/{id}/reverse", form)
        return None

    def month(self, company: Company, chance: random.Random) -> None:
        month, to = 202600 + chance.randint(1, 10), chance.choice(("freeze", "open"))
        with self.child.doing("month", company=company.id, month=month, to=to):
            self._sent(f"/c/{company.slug}/months/{month}/{to}", {})

    def look(self, company: Company, chance: random.Random) -> None:
        page = chance.choice(PAGES)
        with self.child.doing("look", company=company.id, page=page):
            status, _ = self.ask.get(f"/c/{company.slug}{page}")
            if status != 200:
                self.child.fault(f"{page} of {company.slug} answers {status}")

    def _voucher(self, told: dict[str, Any], where: str, form: dict[str, Any]) -> None:
        """Send a form whose answer leads to the voucher that it made."""
        found = re.search(r"/vouchers/(\d+)$", self._sent(where, form))
        if found:
            told["id"] = int(found[1])
        else:
            self.child.fault(f"a form sent to {where} led nowhere")

    def _sent(self, where: str, form: dict[str, Any]) -> str:
        status, leads_to = self.ask.post(where, form | {"csrf_token": self.child.ground.token})
        if status != 303:
            self.child.fault(f"{where} answers {status} to {form}")
        return leads_to

    def _fresh(self, company: Company, chance: random.Random) -> dict[str, Any]:
        self.count += 1
        return {
            "company": company.id,
            "key": f"{self.name}-{self.count}",
            "date": f"2026-{chance.randint(1, 10):02d}-{chance.randint(1, 28):02d}",
            "text": f"{company.mark} sale {self.count}",
            "amount": chance.randint(1, 9_999),
        }

    def _form(self, what: dict[str, Any], **more: str) -> dict[str, Any]:
        amount = f"{what['amount'] / 100:.2f}"
        given = {name: what[name] for name in ("key", "date", "text")}
        lines = (("1110", amount, ""), ("4100", "", amount))
        return voucher_form(str(self.child.ground.book), *lines, **given | more)
