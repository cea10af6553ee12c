"""The other side: which accounts a voucher moved beside the one that is looked at."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from tenants import current_store

SHOWN = 3
"""Counter accounts per voucher; a closing voucher has hundreds."""

COUNTERS = """
SELECT l.voucher_id, a.stid, a.code, a.name, a.local_name
FROM lines l JOIN accounts a ON a.stid = l.account_stid
WHERE l.voucher_id IN ({marks}) AND l.account_stid <> ? AND l.n <= 20
ORDER BY l.voucher_id, l.n
"""
"""Only the first lines are looked at, so that vouchers of a thousand lines cost no more."""


class AccountName(Struct, frozen=True):
    """What people see of an account."""

    stid: int
    code: str
    name: str
    local_name: str


def counter_accounts(voucher_ids: Collection[int], account: int) -> dict[int, list[AccountName]]:
    """Return up to SHOWN accounts by voucher id, with one query for the page."""
    if not voucher_ids:
        return {}
    sql = COUNTERS.format(marks=",".join("?" * len(voucher_ids)))
    found: dict[int, list[AccountName]] = {}
    for voucher_id, *name in current_store("books").execute_sql(sql, (*voucher_ids, account)):
        names = found.setdefault(voucher_id, [])
        counter = AccountName(*name)
        if len(names) < SHOWN and counter not in names:
            names.append(counter)
    return found
