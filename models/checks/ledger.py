"""The ledger against itself: every sum that is kept is computed anew from the lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date as Date

from models.accounts import account_tree
from models.checks.findings import Fault
from models.fiscal import fiscal_year_of, month_name
from models.numbering import format_number
from models.settings import ERAS
from models.verification import ChainFault, Manifests, verify_against, verify_chain
from tenants import current_store

# JSON, and so the chain, writes bytes like some text.
BYTES = f"""
SELECT id, number FROM vouchers WHERE 'blob' IN ({
    ", ".join(
        f"typeof({c})"
        for c in (
            "number",
            "text",
            "reference",
            "key",
            "digest",
            "posted_by",
            "posted_by_name",
            "posted_at",
        )
    )
})
UNION SELECT v.id, v.number FROM lines l JOIN vouchers v ON v.id = l.voucher_id
WHERE 'blob' IN ({
    ", ".join(f"typeof(l.{c})" for c in ("text", "commodity", "register", "amount", "quantity"))
})
"""  # noqa: S608 -- ours

UNBALANCED = """
SELECT v.id, v.number, COUNT(l.n), COALESCE(SUM(l.amount), 0)
FROM vouchers v LEFT JOIN lines l ON l.voucher_id = v.id
GROUP BY v.id HAVING COUNT(l.n) < 2 OR SUM(l.amount) <> 0
"""

RECOMPUTED = """
SELECT l.account_stid, CAST(substr(l.date, 1, 4) || substr(l.date, 6, 2) AS INTEGER), v.closing,
       SUM(CASE WHEN l.amount > 0 THEN l.amount ELSE 0 END),
       SUM(CASE WHEN l.amount < 0 THEN -l.amount ELSE 0 END)
FROM lines l JOIN vouchers v ON v.id = l.voucher_id
WHERE l.amount <> 0
GROUP BY 1, 2, 3
"""
KEPT = "SELECT account_stid, month, closing, debit, credit FROM balances"

MONTHS = """
SELECT month, SUM(debit), SUM(credit) FROM balances
GROUP BY month HAVING SUM(debit) <> SUM(credit)
"""

TURNOVER = """
SELECT (SELECT turnover FROM ledger_state),
       (SELECT COALESCE(SUM(amount), 0) FROM lines WHERE amount > 0)
"""

NUMBERS = """
SELECT book_stid, fiscal_year, serial, id, number, date FROM vouchers
ORDER BY book_stid, fiscal_year, serial
"""
SERIES = "SELECT book_stid, fiscal_year, prefix, last FROM number_series"

MONTH_STATES = """
SELECT month, (SELECT state FROM months m WHERE m.month = all_months.month) AS state,
       (SELECT state FROM month_changes c WHERE c.month = all_months.month
        ORDER BY id DESC LIMIT 1) AS recorded
FROM (SELECT month FROM months UNION SELECT month FROM month_changes) AS all_months
WHERE state IS NOT recorded
"""
CLOSED_YEARS = """
SELECT (SELECT closed_year FROM ledger_state),
       COALESCE((SELECT MAX(v.fiscal_year) FROM vouchers v
                 LEFT JOIN vouchers r ON r.reverses_id = v.id
                 WHERE v.closing AND v.reverses_id IS NULL AND r.id IS NULL), 0)
"""

UNDONE = """
SELECT v.id, v.number, a.code, SUM(l.amount)
FROM vouchers v
JOIN lines l ON l.voucher_id IN (v.id, v.reverses_id)
JOIN accounts a ON a.stid = l.account_stid
WHERE v.reverses_id IS NOT NULL
GROUP BY v.id, l.account_stid HAVING SUM(l.amount) <> 0
"""

POSTED_GROUPS = """
SELECT code FROM accounts a
WHERE is_group AND EXISTS (SELECT 1 FROM lines WHERE account_stid = a.stid)
"""
STRANGE_TYPES = """
SELECT a.code, a.type, p.code, p.type
FROM accounts a JOIN accounts p ON p.stid = a.parent_stid WHERE a.type <> p.type
"""


def rows() -> Iterator[Fault]:
    """Yield what the books need one row of, and haven't, and texts that were replaced by bytes."""
    store = current_store("books")
    for table in ("settings", "ledger_state"):
        ids = [id for (id,) in store.execute_sql(f"SELECT id FROM {table}")]  # noqa: S608 -- ours
        if ids != [1]:
            yield Fault(
                "settings", f"{table} has {len(ids)} rows instead of row 1; restore a backup"
            )
    for id, number in store.execute_sql(BYTES):
        yield Fault("bytes", "it holds bytes where a text or a number was posted", id, number)


def vouchers() -> Iterator[Fault]:
    """Yield vouchers that have fewer than two lines or don't balance, and reversals that don't undo."""
    for id, number, count, total in current_store("books").execute_sql(UNBALANCED):
        said = f"its lines sum to {total} minor units" if total else f"it has {count} lines"
        yield Fault("unbalanced", said, id, number)
    for id, number, account, left in current_store("books").execute_sql(UNDONE):
        message = f"it reverses another voucher and leaves {left} minor units on {account}"
        yield Fault("reversal", message, id, number)


def balances() -> Iterator[Fault]:
    """Yield every kept balance that isn't the sum of its lines."""
    store = current_store("books")
    codes = dict(store.execute_sql("SELECT stid, code FROM accounts").fetchall())
    kept = {tuple(row[:3]): row[3:] for row in store.execute_sql(KEPT)}
    real = {tuple(row[:3]): row[3:] for row in store.execute_sql(RECOMPUTED)}
    for key in sorted(kept.keys() | real.keys(), key=str):
        had, has = kept.get(key, (0, 0)), real.get(key, (0, 0))
        if tuple(had) != tuple(has) or (key in kept and key not in real):
            stid, month, closing = key
            yield Fault(
                "balance",
                f"account {codes.get(stid, stid)}, month {month}"
                + (" (closing vouchers)" if closing else "")
                + f": kept are debits {had[0]} and credits {had[1]}, its lines sum to"
                f" {has[0]} and {has[1]} minor units",
            )


def months() -> Iterator[Fault]:
    """Yield months whose debits aren't their credits, and a turnover that isn't that of the lines."""
    store = current_store("books")
    for month, debit, credit in store.execute_sql(MONTHS):
        yield Fault(
            "month",
            f"in {month_name(month)} debits are {debit} and credits {credit} minor units",
        )
    kept, real = store.execute_sql(TURNOVER).fetchone()
    if kept is not None and kept != real:
        yield Fault("turnover", f"kept are {kept} minor units of debits, the lines sum to {real}")


def numbers() -> Iterator[Fault]:
    """Yield gaps and doubles in the numbers of every book and fiscal year, and numbers out of place."""
    store = current_store("books")
    start_month = store.execute_sql("SELECT fiscal_start_month FROM settings").fetchone()[0]
    books = dict(store.execute_sql("SELECT stid, code FROM journal_books").fetchall())
    series = {(book, year): rest for book, year, *rest in store.execute_sql(SERIES)}
    reached: dict[tuple[int, int], int] = {}
    for book, year, serial, id, number, date in store.execute_sql(NUMBERS):
        name = f"book {books.get(book, book)}, fiscal year {year}"
        due = reached.get((book, year), 0) + 1
        if serial < due:
            yield Fault("number", f"{name}: number {serial} is there twice", id, number)
        elif serial > due:
            missing = str(due) if serial == due + 1 else f"{due} to {serial - 1}"
            yield Fault("number", f"{name}: number {missing} is missing before it", id, number)
        reached[book, year] = max(serial, due - 1)
        prefix = series.get((book, year), [""])[0]
        if number not in [format_number(prefix, year, serial, era) for era in ERAS]:
            yield Fault("number", f"{name}: serial {serial} has another number", id, number)
        if fiscal_year_of(Date.fromisoformat(date), start_month) != year:
            yield Fault("number", f"{name}: its date {date} is in another year", id, number)
    for (book, year), (_, last) in series.items():
        if reached.get((book, year)) != last:
            yield Fault(
                "number",
                f"book {books.get(book, book)}, fiscal year {year}: the last voucher there is has"
                f" number {reached.get((book, year), 0)}, and {last} were given",
            )


def periods() -> Iterator[Fault]:
    """Yield months whose state isn't the last that was recorded, and a wrong last closed year."""
    store = current_store("books")
    for month, state, recorded in store.execute_sql(MONTH_STATES):
        yield Fault(
            "period",
            f"{month_name(month)} is {state or 'without a state'}, and the record of months says"
            f" {recorded or 'nothing'}",
        )
    closed, last_closing = store.execute_sql(CLOSED_YEARS).fetchone()
    if closed != last_closing:
        yield Fault(
            "period",
            f"the last closed fiscal year is {last_closing} by its voucher, and {closed} is kept",
        )


def chain(manifests: Manifests = ()) -> Iterator[Fault]:
    """Yield what is wrong with the hash chain, also by its head in the catalogue and in each backup."""
    return map(_told, verify_chain(manifests))


def chain_alone() -> Iterator[Fault]:
    """Yield what is wrong with the hash chain by itself, as it is in a copy, which no catalogue knows."""
    return map(_told, verify_against(current_store("books"), ()))


def _told(fault: ChainFault) -> Fault:
    return Fault("chain", fault.problem, fault.voucher_id or None, fault.number)


def accounts() -> Iterator[Fault]:
    """Yield what is wrong with the tree of accounts."""
    store = current_store("books")
    total = store.execute_sql("SELECT COUNT(*) FROM accounts").fetchone()[0]
    if lost := total - len(account_tree()):
        yield Fault(
            "account", f"{lost} accounts are below themselves and missing from every report"
        )
    for (code,) in store.execute_sql(POSTED_GROUPS):
        yield Fault("account", f"account {code} is a group and was posted to")
    for code, type, above, above_type in store.execute_sql(STRANGE_TYPES):
        yield Fault("account", f"account {code} is of type {type}, below {above} of {above_type}")
