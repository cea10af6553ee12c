"""Files of a workbook that may not be wanted any more while XlsxWriter is still at them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import IO, Any


class Watched:
    """A file; whoever wants it is asked while it is written.

    Attributes:
        wanted: raises if it isn't wanted any more.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file: Any = file
        self.wanted: Callable[[], None] = lambda: None

    def write(self, data: bytes) -> int:
        """Write some."""
        try:
            self.wanted()
            return int(self._file.write(data))
        except BaseException:
            self.lose()
            raise

    def lose(self) -> None:
        """It won't be: whatever still comes goes nowhere, as the archive in it ends itself whatever has happened."""
        self.wanted = lambda: None
        self._file = _Nowhere()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class Asking:
    """A file of a sheet's rows; whoever wants the workbook is asked while they are read again."""

    def __init__(self, file: IO[str], wanted: Callable[[], None]) -> None:
        self._file = file
        self._wanted = wanted

    def read(self, size: int) -> str:
        """Read some."""
        self._wanted()
        return self._file.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class _Nowhere(io.RawIOBase):
    """A file that keeps nothing but its place."""

    def __init__(self) -> None:
        self._at = 0

    def write(self, data: Any) -> int:
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset
        return offset

    def tell(self) -> int:
        return self._at
