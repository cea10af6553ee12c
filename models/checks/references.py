"""From one store to another: what the books refer to, and what belongs to their vouchers."""

from __future__ import annotations

from collections.abc import Iterator

from models.attachments import is_whole
from models.checks.findings import Fault
from models.resolver import resolve
from tenants import current_store

REFERENCES = """
SELECT l.register, l.register_stid, COUNT(*), MIN(l.voucher_id)
FROM lines l WHERE l.register IS NOT NULL
GROUP BY l.register, l.register_stid
"""
NUMBER = "SELECT number FROM vouchers WHERE id = ?"

ATTACHMENTS = "SELECT id, voucher_id, file_name, size, sha256 FROM attachment ORDER BY id"
CONTENT = "SELECT content FROM attachment WHERE id = ?"
LAST_VOUCHER = "SELECT last_voucher_id FROM ledger_state"


def references() -> Iterator[Fault]:
    """Yield static ids in the books that no row of the registers answers to."""
    store = current_store("books")
    used = store.execute_sql(REFERENCES).fetchall()
    found = resolve((kind, stid) for kind, stid, _, _ in used)
    for kind, stid, count, voucher_id in used:
        if (kind, stid) not in found:
            number = store.execute_sql(NUMBER, (voucher_id,)).fetchone()
            yield Fault(
                "reference",
                f"{count} lines refer to {kind} {stid}, which isn't in the registers",
                voucher_id,
                number[0] if number else "",
            )


def attachments() -> Iterator[Fault]:
    """Yield attached files that aren't what was attached, and those of vouchers that never were.

    What a draft had may outlive it, and a posted voucher that is gone is missed by the chain.
    """
    store = current_store("attachments")
    listed = store.execute_sql(
        ATTACHMENTS
    ).fetchall()  # ahead of the books, which are written first
    last = current_store("books").execute_sql(LAST_VOUCHER).fetchone()[0]
    for id, voucher_id, name, size, digest in listed:
        found = store.execute_sql(CONTENT, (id,)).fetchone()
        content = bytes(found[0]) if found else None
        if content is not None and not is_whole(content, size, digest):
            yield Fault("attachment", f"{name} isn't the file that was attached", voucher_id)
        if not 0 < voucher_id <= last:
            yield Fault("attachment", f"{name} belongs to a voucher that never was", voucher_id)
