"""What a check finds."""

from __future__ import annotations

from msgspec import Struct


class Fault(Struct, frozen=True):
    """One thing that is wrong within a store; ``voucher_id`` and ``number`` where it is one voucher."""

    code: str
    message: str
    voucher_id: int | None = None
    number: str = ""

    def __str__(self) -> str:
        return _told(self)


class Finding(Struct, frozen=True):
    """One thing that is wrong with a company.

    Attributes:
        code: stable, for programs: "identity", "integrity", "balance", "number", "chain", …
        company: the slug.
        store: the role of the store, "" where it isn't one store's.
        message: what is wrong, in English, to be read behind company and store.
        voucher_id: the voucher it is about, if it is one; ``number`` likewise.
    """

    code: str
    company: str
    store: str
    message: str
    voucher_id: int | None = None
    number: str = ""

    def __str__(self) -> str:
        where = f"{self.company}/{self.store}" if self.store else self.company
        return f"{where}: {_told(self)}"


def _told(found: Fault | Finding) -> str:
    voucher = f" voucher {found.number or found.voucher_id}:" if found.voucher_id else ""
    return f"{found.code}:{voucher} {found.message}"
