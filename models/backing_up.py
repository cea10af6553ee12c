"""What backups want to know of a company's books, what a restore tells the catalogue, and what a drill compares.

``faults`` and ``facts`` run in the entry of a copy, which no catalogue knows; ``differences`` in that of the books
that were copied; ``restored`` and ``adopted`` in the transaction that makes a restored company visible.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec

from models.check import CHECKS, guarded, in_snapshot
from models.checks import files, ledger, seals
from models.checks.findings import Fault
from models.companies import Company
from models.people.activity import Activity
from models.recurring.copied import bring_schedules, rest_without_template
from models.restorations import Restoration
from models.seal_anchors import write_anchor
from models.settings import GENESIS
from tenants import Store, Tenant, current_entry, current_store

FORMAT = "trial-balance-1"

SHOWN = ("name", "local_name", "currency", "decimals")
"""What the catalogue repeats of a company's settings."""


# Of the copy


def faults() -> Iterator[str]:
    """Yield what is wrong with the copy that is entered, a line each; the voucher is named where it is one.

    Looked at is all that can be known without the catalogue: triggers, accounts, vouchers, balances, months, numbers,
    periods, the chain by itself, and references to those of the company's stores that were copied.
    """
    stores = _stores()
    for role, store in stores.items():
        for look in files.GUARDS.get(role, ()):
            yield from _lines(role, guarded(partial(look, _Reader(store))))
    for roles, check in CHECKS:
        if stores.keys() >= set(roles):
            yield from _lines(roles[0], guarded(partial(in_snapshot, check)))
    for role, store in stores.items():
        yield from _lines(role, guarded(partial(seals.sealed, store)))
    if "books" in stores:
        yield from _lines("books", guarded(partial(in_snapshot, ledger.chain_alone)))


def facts() -> dict[str, Any]:
    """Return what is to be known of the copy that is entered without opening it.

    ``seals`` are how many changes each store's seals have been through, and their sum. Of books, ``chain_count`` and
    ``chain_head`` are an anchor of the chain, for whoever cuts its end off later, and ``company`` is what the
    catalogue repeats of the settings; ``templates`` are the static ids of recurring vouchers.
    Dates are like "2026-02-28", amounts appear in the digest alone.
    """
    found = {role: list(store.execute_sql(_SEALS).fetchone()) for role, store in _stores().items()}
    if "books" not in found:
        return {"seals": found}
    store = current_store("books")
    with store.reading():
        count, head = store.execute_sql("SELECT count, head FROM ledger_state").fetchone()
        shown = store.execute_sql(f"SELECT {', '.join(SHOWN)} FROM settings").fetchone()  # noqa: S608 -- ours
        last = store.execute_sql(_LAST_NUMBER).fetchone()
        return {
            "chain_count": count,
            "chain_head": head,
            "last_number": last[0] if last else "",
            "company": dict(zip(SHOWN, shown, strict=True)),
            "seals": found,
            "templates": _templates(store),
            **_sums(store, count),
        }


# Of the books that were copied


def differences(copied: Mapping[str, Any]) -> Iterator[str]:
    """Yield in what the entered books, as of as many vouchers as the copy had, differ from the facts of the copy.

    What was posted since doesn't count, and neither do new names and codes of accounts.
    """
    count, head = copied["chain_count"], copied["chain_head"]
    store = current_store("books")
    with store.reading():
        row = store.execute_sql(_HASH, (count,)).fetchone() if count else (GENESIS,)
        if row is None or row[0] != head:
            yield f"voucher {count} of the chain isn't the one that was copied"
        for what, found in _sums(store, count).items():
            if found != copied.get(what):
                yield f"{what.replace('_', ' ')}: copied were {copied.get(what)}, the books have {found}"


# Of the catalogue


def restored(
    tenant: Tenant,
    *,
    facts: Mapping[str, Any],
    roles: Collection[str] = ("books", "registers", "attachments"),
    source: str = "",
    user_id: str = "",
    user_name: str = "system",
    clock: Callable[[], float] = time.time,
) -> None:
    """Tell the catalogue that a company's stores were replaced, in the transaction that does it.

    What it knows of chain and seals goes back, or forward, to what there is now. That is noted in the activity log,
    with the vouchers that were lost, and kept on record, so that backups of what was lost don't pass for anchors of
    what there is.

    Args:
        tenant: the company; pass the rest by ``functools.partial``.
        facts: of the stores that it has from now on.
        roles: of those that were replaced; those that the company shares aren't among them.
        source: the stamp of the backup that these are; for files that a restore replaced and that are now put back,
            the time of that restore, written like a stamp; empty for files from elsewhere, whose past is unknown.
        user_id: who does it; ``user_name`` likewise.
        clock: gives UTC seconds. It is asked here, where nobody has the stores in hand: what was copied before is
            of the history that is left, and what is copied later of the one that there is from now on.
    """
    now = clock()
    company = Company.get_by_id(tenant.id)
    lost = (company.chain_count, company.chain_head)
    seals = facts.get("seals", {})
    replaced = [store.role for store in tenant.own_stores() if store.role in roles]
    if "books" in replaced:
        for field, value in _catalogued(facts).items():
            setattr(company, field, value)
        company.save()
        if "templates" in facts:
            rest_without_template(tenant.id, facts["templates"])
    for role in replaced:
        write_anchor(tenant.store(role), *seals.get(role, ()))
    Restoration.create(
        tenant_id=tenant.id,
        at=stamp_of(now),
        roles=",".join(replaced),
        source=source,
        count=company.chain_count,
        head=company.chain_head,
        lost_count=lost[0],
        lost_head=lost[1],
        by=user_name,
    )
    Activity.note(
        "companies.restore",
        _subject(", ".join(replaced), source, company.chain_count, lost[0]),
        now=now,
        user_id=user_id,
        user_name=user_name,
        company_id=tenant.id,
        company_name=company.name,
    )


def adopted(
    tenant: Tenant,
    *,
    facts: Mapping[str, Any],
    source: str = "",
    now: float | None = None,
    **shown: Any,
) -> None:
    """Enter a new company, made of a backup, into the catalogue, in the transaction that makes it visible.

    Args:
        tenant: the company.
        facts: of the backup.
        source: the id of the company whose books they were, as far as that is known: its recurring vouchers' schedules
            come along, resting.
        now: UTC seconds; the clock's unless given.
        shown: what of its settings was changed as it was set up, such as its ``name``.
    """
    at = time.time() if now is None else now
    Company.create(
        tenant_id=tenant.id, created_at=int(at * 1_000_000), **{**_catalogued(facts), **shown}
    )
    if source:
        bring_schedules(source, tenant.id, facts.get("templates", ()), now=at)


def stamp_of(now: float) -> str:
    """Return a time, in UTC seconds, as backups' stamps are written."""
    return f"{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%S.%fZ}"


_LAST_NUMBER = "SELECT number FROM vouchers ORDER BY chain_no DESC LIMIT 1"
_SEALS = "SELECT changes, total FROM seal_state"
_HASH = "SELECT chain_hash FROM vouchers WHERE chain_no = ?"
_HAS_TEMPLATES = "SELECT 1 FROM sqlite_schema WHERE name = 'recurring_vouchers'"
_SUMS = """
SELECT COUNT(DISTINCT v.id), COUNT(l.n), MIN(v.date), MAX(v.date)
FROM vouchers v LEFT JOIN lines l ON l.voucher_id = v.id WHERE v.chain_no <= ?
"""
_TRIAL_BALANCE = """
SELECT l.account_stid,
       SUM(CASE WHEN l.amount > 0 THEN l.amount ELSE 0 END),
       SUM(CASE WHEN l.amount < 0 THEN -l.amount ELSE 0 END)
FROM lines l JOIN vouchers v ON v.id = l.voucher_id
WHERE v.chain_no <= ? GROUP BY l.account_stid ORDER BY l.account_stid
"""

_encode = msgspec.json.Encoder().encode


class _Reader:
    """A store as those who look at files know it: a connection that can be asked."""

    def __init__(self, store: Store) -> None:
        self.execute = store.execute_sql


def _stores() -> dict[str, Store]:
    entry = current_entry()
    return {} if entry is None else entry.stores


def _lines(role: str, found: Iterable[Fault]) -> Iterator[str]:
    return (f"{role}: {fault}" for fault in found)


def _templates(store: Store) -> list[int]:
    """Books that wait for their migration may have no such table yet."""
    if store.execute_sql(_HAS_TEMPLATES).fetchone() is None:
        return []
    return [
        stid for (stid,) in store.execute_sql("SELECT stid FROM recurring_vouchers ORDER BY stid")
    ]


def _sums(store: Store, count: int) -> dict[str, Any]:
    """What the first ``count`` vouchers come to. Accounts go by their static ids, since codes may change."""
    vouchers, lines, first, last = store.execute_sql(_SUMS, (count,)).fetchone()
    digest = hashlib.sha256(_encode(FORMAT))
    for row in store.execute_sql(_TRIAL_BALANCE, (count,)):
        digest.update(_encode(row))
    return {
        "vouchers": vouchers,
        "lines": lines,
        "first_date": first,
        "last_date": last,
        "trial_balance": digest.hexdigest(),
    }


def _catalogued(facts: Mapping[str, Any]) -> dict[str, Any]:
    shown = {field: facts["company"][field] for field in SHOWN}
    return shown | {field: facts[field] for field in ("chain_count", "chain_head")}


def _subject(what: str, source: str, count: int, lost: int) -> str:
    where = f"backup {source}" if source else "files from elsewhere"
    told = (
        f"vouchers {count + 1} to {lost} of the chain were lost"
        if lost > count
        else "no voucher was lost"
    )
    return f"{what} from {where}; {told}"
