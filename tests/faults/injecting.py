"""A disk that fails: at the nth call of a kind, once or from then on, whoever makes the call."""

from __future__ import annotations

import errno
import os
from typing import NamedTuple

from .disk import Watcher


class Fault(NamedTuple):
    """What fails.

    Attributes:
        name: for people, and to be asked for.
        calls: of which calls one fails; `create` and `rename` are our own code's alone.
        number: the `errno`.
        lasting: all later calls of the kind fail too, until the disk is mended.
    """

    name: str
    calls: frozenset[str]
    number: int
    lasting: bool = False


def _faults() -> dict[str, Fault]:
    kinds = {
        "read": ({"read"}, errno.EIO),
        "write": ({"write"}, errno.EIO),
        "sync": ({"sync"}, errno.EIO),
        "truncate": ({"truncate"}, errno.EIO),
        "delete": ({"delete"}, errno.EIO),
        "open": ({"open", "create"}, errno.EIO),
        "rename": ({"rename"}, errno.EIO),
        "full": ({"write", "create"}, errno.ENOSPC),
    }
    found = {}
    for kind, (calls, number) in kinds.items():
        for lasting in (False, True):
            name = f"{kind} from then on" if lasting else kind
            found[name] = Fault(name, frozenset(calls), number, lasting)
    return found


FAULTS = _faults()
"""Each kind once, and from then on."""


class Injector(Watcher):
    """Has the nth call of a kind fail.

    Attributes:
        fired: what failed first, in words, or None.
        path: of the file where it did.
        seen: how many calls of the kind there were.
    """

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.disarm()

    def arm(self, fault: Fault, nth: int) -> None:
        """From now on count calls, and have that one fail."""
        self.fault, self.nth, self.seen = fault, nth, 0
        self.fired = self.path = None

    def disarm(self) -> None:
        """The disk is mended; what failed is still told."""
        self.fault: Fault | None = None
        self.nth = self.seen = 0
        self.fired: str | None = None
        self.path: str | None = None

    def heal(self) -> None:
        """No call fails any more."""
        self.fault = None

    def ask(self, call: str, path: str) -> int:
        fault = self.fault
        if fault is None or call not in fault.calls:
            return 0
        self.seen += 1
        if self.seen < self.nth or (self.seen > self.nth and not fault.lasting):
            return 0
        if self.fired is None:
            self.fired = f"{call} number {self.seen}, of {os.path.basename(path)}"
            self.path = path
        return fault.number
