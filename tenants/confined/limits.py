"""How much an offered file may be, and may cost."""

from __future__ import annotations

from typing import NamedTuple

_GIB = 1 << 30


class Limits(NamedTuple):
    """What reading one offered file may take.

    Attributes:
        offered_bytes: of the file as it was offered.
        unpacked_bytes: of the database in it, where it is compressed.
        written_bytes: of the file that its rows are copied into, indexes included.
        memory_bytes: of the process that reads it, which is some 300 MB before it begins.
        cpu_seconds: of a processor.
        seconds: by the clock.
    """

    offered_bytes: int = 8 * _GIB
    unpacked_bytes: int = 8 * _GIB
    written_bytes: int = 16 * _GIB
    memory_bytes: int = 2 * _GIB
    cpu_seconds: int = 1800
    seconds: float = 3600.0
