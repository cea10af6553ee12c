"""Asking again for what was under way in a kill: whatever had become of it, exactly one is there afterwards."""

from __future__ import annotations

import datetime
from contextlib import closing
from typing import Any

from click.testing import CliRunner

from cuneifox.cli import main
from kills.ground import Ground
from kills.journal import Deed
from kills.truth import Truth
from kills.works.books import BY
from kills.works.importing import batch_of
from models.errors import BooksError
from models.importing import import_batch
from models.posting import post, post_input
from models.reversing import reverse
from tenants import Router, TenantError, sqlite

POSTINGS = ("post", "post draft", "reverse", "import")


def ask_again(ground: Ground, truth: Truth, router: Router) -> tuple[int, list[str]]:
    """Ask again for every posting that nobody acknowledged. Returns how many, and what is wrong."""
    asked = [deed for deed in truth.open if deed.kind in POSTINGS]
    findings = []
    for deed in asked:
        company = deed.what["company"]
        try:
            with router.using(company):
                _ask(ground, deed)
                path = router.tenant(company).store("books").path
        except (BooksError, TenantError) as error:
            findings.append(f"{deed.kind} {deed.what} asked again: {type(error).__name__}: {error}")
            truth.open.remove(deed)
            continue
        keys = deed.what.get("keys") or [deed.what["key"]]
        found = _found(path, keys)
        if sorted(key for key, _ in found) != sorted(keys):
            findings.append(f"{deed.kind} {deed.what} asked again: there are {found}")
        truth.posted(deed, dict(found))
    return len(asked), findings


def _ask(ground: Ground, deed: Deed) -> None:
    what = deed.what
    if deed.kind == "post":
        post_input(ground.sale(what), by=BY, key=what["key"])
    elif deed.kind == "post draft":
        post(what["draft"], by=BY, key=what["key"])
    elif deed.kind == "reverse":
        date = datetime.date.fromisoformat(what["date"])
        reverse(what["voucher"], date=date, by=BY, reason=what["text"], key=what["key"])
    else:
        import_batch(batch_of(what), by=BY)


def _found(path: str, keys: list[str]) -> list[tuple[str, int]]:
    marks = ",".join("?" * len(keys))
    with closing(sqlite.driver.connect(path)) as books:
        rows: list[tuple[str, int]] = books.execute(
            f"SELECT key, id FROM vouchers WHERE key IN ({marks})", keys
        ).fetchall()
    return rows


def import_again(ground: Ground, truth: Truth) -> tuple[int, list[str]]:
    """Import each file again that was being imported; no router is open meanwhile."""
    asked = [deed for deed in truth.open if deed.kind == "import file"]
    findings: list[str] = []
    slugs = {company.id: company.slug for company in ground.companies}
    for deed in asked:
        command: list[Any] = ["--data", str(ground.data), "import", slugs[deed.what["company"]]]
        done = CliRunner().invoke(main, [*command, deed.what["file"]])
        if done.exit_code:
            findings.append(f"{deed.what['file']} imported again: {done.output}")
        truth.companies[deed.what["company"]].texts |= set(deed.what["texts"])
        truth.open.remove(deed)
    return len(asked), findings
