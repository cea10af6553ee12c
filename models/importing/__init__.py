"""Entries of other programs, posted all together or not at all; a second time they add nothing.

A reader turns a file into an ``ImportBatch`` of neutral entries; what happens to them is here.
"""

from models.importing.batch import import_batch
from models.importing.entries import (
    ImportAccount,
    ImportBatch,
    ImportEntry,
    ImportLine,
    ImportRefused,
)
from models.importing.work import ImportResult

__all__ = [
    "ImportAccount",
    "ImportBatch",
    "ImportEntry",
    "ImportLine",
    "ImportRefused",
    "ImportResult",
    "import_batch",
]
