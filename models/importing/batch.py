"""The import itself: one transaction that posts a whole batch, or leaves nothing behind."""

from __future__ import annotations

from models.actors import Actor
from models.chain import anchor_head
from models.importing.entries import ImportBatch
from models.importing.work import ImportResult, ImportWork, Progress
from tenants import current_store


def import_batch(
    batch: ImportBatch,
    *,
    by: Actor,
    book: str = "",
    dry_run: bool = False,
    progress: Progress | None = None,
) -> ImportResult:
    """Post a batch to the current company's books, all of it or nothing.

    Accounts that the books lack are added, and so are journal books that the batch names. Entries
    whose fingerprint is there already are passed over.

    Args:
        book: code of the journal book for entries that name none; empty for the first general one.
        dry_run: do all of it and take it back, so that the result tells what would happen.
        progress: told how many entries are posted, of how many.

    Raises NotAllowed, and ImportRefused with what is wrong by line; nothing is changed then.
    """
    by.demand("ledger", "add")
    store = current_store("books")
    work = ImportWork(batch, by, book, progress)

    def write() -> ImportResult:
        result = work.run(dry_run)
        if dry_run:
            raise _TakeBack(result)
        return result

    try:
        result = store.write(write)
    except _TakeBack as taken_back:
        return taken_back.result
    if work.outcomes:
        first, last = work.outcomes[0], work.outcomes[-1]
        before = (first.chain_no - 1, first.chain_before)
        anchor_head(store, before, (last.chain_no, last.chain_hash))
    return result


class _TakeBack(Exception):
    """Ends a dry run, and with it the transaction."""

    def __init__(self, result: ImportResult) -> None:
        self.result = result
