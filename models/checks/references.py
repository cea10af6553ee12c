"""From one store to another: what the books refer to, and what belongs to their vouchers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

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
VOUCHERS = "SELECT id FROM vouchers UNION SELECT id FROM drafts"


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
    """Yield attached files that aren't what was attached, and those of vouchers that aren't there."""
    store = current_store("attachments")
    known = {row[0] for row in current_store("books").execute_sql(VOUCHERS)}
    for id, voucher_id, name, size, digest in store.execute_sql(ATTACHMENTS).fetchall():
        content = bytes(store.execute_sql(CONTENT, (id,)).fetchone()[0])
        if len(content) != size or hashlib.sha256(content).hexdigest() != digest:
            yield Fault("attachment", f"{name} isn't the file that was attached", voucher_id)
        if voucher_id not in known:
            yield Fault("attachment", f"{name} belongs to a voucher that isn't there", voucher_id)
