"""Whoever knows how the books are kept, and keeps them so after an edit; but not what is known of them elsewhere."""

from __future__ import annotations

import hashlib
import json
import random
from typing import Any

VOUCHER = (
    "id, number, book_stid, fiscal_year, serial, date, text, reference, closing, reverses_id, key,"
    " digest, chain_no, posted_by, posted_by_name, posted_at"
)
LINE = (
    "n, account_stid, amount, text, quantity, quantity_decimals, commodity, register, register_stid"
)


def rewrite(connection: Any, at: int, chance: random.Random) -> str:
    """Edit the voucher in that place of the chain, and keep hashes and sums as they have to be."""
    (id,) = connection.execute("SELECT id FROM vouchers WHERE chain_no = ?", (at,)).fetchone()
    what = chance.choice(("text", "amounts", "who"))
    if what == "text":
        connection.execute("UPDATE vouchers SET text = text || '!' WHERE id = ?", (id,))
    elif what == "who":
        connection.execute("UPDATE vouchers SET posted_by_name = 'Nobody' WHERE id = ?", (id,))
    else:
        connection.execute("UPDATE lines SET amount = amount * 2 WHERE voucher_id = ?", (id,))
    keep(connection)
    return what


def cut_tail(connection: Any, left: int) -> None:
    """Take out all but the first vouchers, and keep what is kept of them."""
    connection.execute(
        "DELETE FROM lines WHERE voucher_id IN (SELECT id FROM vouchers WHERE chain_no > ?)",
        (left,),
    )
    connection.execute("DELETE FROM vouchers WHERE chain_no > ?", (left,))
    connection.execute(
        "UPDATE number_series SET last = (SELECT COALESCE(max(serial), 0) FROM vouchers v WHERE"
        " v.book_stid = number_series.book_stid AND v.fiscal_year = number_series.fiscal_year)"
    )
    connection.execute("DELETE FROM number_series WHERE last = 0")
    connection.execute(
        "UPDATE ledger_state SET closed_year = COALESCE((SELECT max(v.fiscal_year) FROM vouchers v LEFT JOIN"
        " vouchers r ON r.reverses_id = v.id WHERE v.closing AND v.reverses_id IS NULL AND r.id IS NULL), 0)"
    )
    connection.execute(
        "UPDATE ledger_state SET last_voucher_id = max((SELECT max(id) FROM vouchers),"
        " (SELECT max(CAST(key AS INTEGER)) FROM seals WHERE subject = 'last_draft'))"
    )
    keep(connection)


def keep(connection: Any) -> None:
    """Compute every hash, kept balance and state anew."""
    head, count = "0" * 64, 0
    for voucher in connection.execute(
        f"SELECT {VOUCHER} FROM vouchers ORDER BY chain_no"
    ).fetchall():
        lines = connection.execute(
            f"SELECT {LINE} FROM lines WHERE voucher_id = ? ORDER BY n", (voucher[0],)
        ).fetchall()
        text = json.dumps(
            ["voucher-1", head, voucher, lines], ensure_ascii=False, separators=(",", ":")
        )
        head, count = hashlib.sha256(text.encode()).hexdigest(), count + 1
        connection.execute("UPDATE vouchers SET chain_hash = ? WHERE id = ?", (head, voucher[0]))
    connection.execute("DELETE FROM balances")
    connection.execute(
        "INSERT INTO balances (account_stid, month, closing, debit, credit) SELECT l.account_stid,"
        " CAST(substr(l.date, 1, 4) || substr(l.date, 6, 2) AS INTEGER), v.closing, sum(max(l.amount, 0)),"
        " -sum(min(l.amount, 0)) FROM lines l JOIN vouchers v ON v.id = l.voucher_id WHERE l.amount <> 0"
        " GROUP BY 1, 2, 3"
    )
    connection.execute(
        "UPDATE ledger_state SET count = ?, head = ?, turnover = (SELECT sum(max(amount, 0)) FROM lines)",
        (count, head),
    )


def reseal(connection: Any, table: str, key: str) -> None:
    """Seal a row as it is now, and the sum of all."""
    columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
    name = next(row[1] for row in connection.execute(f'PRAGMA table_info("{table}")') if row[5])
    listed = ", ".join(f'"{column}"' for column in sorted(columns) if column != "content")
    row = connection.execute(
        f'SELECT {listed} FROM "{table}" WHERE "{name}" = ?', (key,)
    ).fetchone()
    text = json.dumps(["seal-1", table, *row], ensure_ascii=False, separators=(",", ":"))
    connection.execute(
        "UPDATE seals SET digest = ? WHERE subject = ? AND key = ?",
        (hashlib.sha256(text.encode()).hexdigest(), table, key),
    )
    (changes,) = connection.execute("SELECT changes FROM seal_state").fetchone()
    state = hashlib.sha256(f'["seal-1","seal_state",{changes}]'.encode()).hexdigest()
    digests = [int(row[0], 16) for row in connection.execute("SELECT digest FROM seals")]
    total = sum(digests) + int(state, 16)
    connection.execute("UPDATE seal_state SET total = ?", (f"{total % 2**256:064x}",))
