"""A file that was read becomes vouchers of a company: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from cuneifox.imports.beancount import Reading, start_reading
from cuneifox.imports.errors import FileRefused
from cuneifox.imports.file_read import FileRead
from models.actors import Actor
from models.importing import ImportBatch, ImportRefused, ImportResult, import_batch
from models.money import format_amount
from models.settings import books_settings
from tenants import Router, Tenant

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is (0: unknown)."""


BY = msgspec.structs.replace(Actor.system("import"), may_freeze=False)
"""Who posts what is imported: the shell goes round no lock. Whoever may, opens a frozen month first."""


class Imported(msgspec.Struct, frozen=True):
    """What came of an import; `left_out` counts what has no place in books, by directive."""

    file: str
    company: str
    result: ImportResult
    left_out: dict[str, int]

    def lines(self) -> Iterator[str]:
        """The same in words, a line each."""
        done = self.result
        would = "would be " if done.dry_run else ""
        numbers = f" as {_range(done.first_number, done.last_number)}" if done.posted else ""
        yield f"{self.company}: {_count(done.posted, 'voucher')} {would}posted{numbers}."
        if done.present:
            are = "is" if done.present == 1 else "are"
            yield f"{_count(done.present, 'transaction')} of the file {are} there already."
        if done.empty:
            yield f"Left out: {_count(done.empty, 'transaction')} without any amount."
        if done.accounts:
            yield f"{_count(len(done.accounts), 'account')} {would}added."
        if done.rounded:
            amount = format_amount(done.rounding, done.decimals)
            lines = _count(done.rounded, "voucher")
            yield f"{lines} {would}balanced by rounding, {amount} {done.currency} altogether."
        if self.left_out:
            kinds = ", ".join(_count(n, kind) for kind, n in sorted(self.left_out.items()))
            yield f"Not imported, for books have no place for it: {kinds}."
        if done.dry_run:
            yield "This was a dry run; nothing was changed."


def import_read(
    router: Router,
    tenant: Tenant,
    reading: Reading,
    *,
    dry_run: bool = False,
    progress: Progress = lambda what, done, of: None,
) -> Imported:
    """Post what a file holds to a company's books.

    Raises FileRefused with what is wrong by line; nothing is changed then.
    """
    progress("Reading the file", 0, 0)
    with router.using(tenant):
        read = _in_currency(reading, books_settings().currency)
        batch = ImportBatch(read.currency, read.accounts, read.entries)
        try:
            result = import_batch(
                batch,
                by=BY,
                dry_run=dry_run,
                progress=lambda done, of: progress("Posting", done, of),
            )
        except ImportRefused as refused:
            raise FileRefused(reading.path, refused.problems) from None
    return Imported(reading.path.name, tenant.slug, result, read.left_out)


def _in_currency(reading: Reading, currency: str) -> FileRead:
    """What the file holds, valued in the company's currency, which it must name as one of its own."""
    read = reading.result()
    if read.currency == currency:
        return read
    if currency not in read.operating:
        named = ", ".join(read.operating)
        problem = (
            f"its currency is {named} and the company's is {currency}. Import it into a company that"
            f" keeps its books in {read.currency}."
        )
        raise FileRefused(reading.path, [(0, problem)])
    with start_reading(reading.path, currency) as again:
        return again.result()


def _range(first: str, last: str) -> str:
    return first if first == last else f"{first} to {last}"


def _count(number: int, what: str) -> str:
    many = what[:-1] + "ies" if what.endswith("y") else what + "s"
    return f"{number:,} {what if number == 1 else many}"
