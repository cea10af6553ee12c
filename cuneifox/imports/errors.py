"""What can be wrong with a file that is to be imported.

models.errors.BooksError
 └ models.errors.BadInput
    ├ FileRefused       the file, line by line; nothing of it was taken
    └ ReaderMissing     the library that reads such files isn't installed
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from models.errors import BadInput

Problem = tuple[int, str]
"""A line's number (0: none) and what is wrong there."""


class FileRefused(BadInput):
    """Raised when a file can't be imported; `problems` says why, by line. Nothing was changed."""

    def __init__(self, path: Path, problems: Sequence[Problem]) -> None:
        self.path = path
        self.problems = list(problems)
        super().__init__(
            "%(file)s was not imported: %(problems)s",
            field="file",
            file=path.name,
            problems="; ".join(self.lines()),
        )

    def lines(self) -> list[str]:
        """Each problem as `file:line: text`, the way compilers write them."""
        name = self.path.name or str(self.path)
        return [
            f"{name}:{line}: {text}" if line else f"{name}: {text}" for line, text in self.problems
        ]


class ReaderMissing(BadInput):
    """Raised when beancount isn't installed."""

    def __init__(self) -> None:
        super().__init__(
            "Beancount files are read by the beancount library, which isn't installed here:"
            " pip install 'cuneifox[beancount]'",
            field="file",
        )
