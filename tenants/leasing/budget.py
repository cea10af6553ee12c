"""How many file descriptors a process may spend on databases, and what is spent on what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..descriptors import limit as process_limit
from ..errors import TenantError

if TYPE_CHECKING:
    from ..store import Store

#: Descriptors of one connection: the database, its write-ahead log, and its share in the log's index.
CONNECTION = 3
#: Descriptors of a tenant's folder while somebody works in it: its lock.
HOME = 1
#: What is taken by default at most: some 330 connections, of about 175 KB each as long as their tables are small.
MOST = 1000
#: What the smallest tenant takes: one store, its folder, and the shared database.
LEAST = CONNECTION + HOME + CONNECTION
#: Descriptors that must be left for everything else where a budget is named: sockets, logs, the program's own files.
_LEFT = 32


@dataclass(frozen=True, slots=True)
class Budget:
    """What the pool may have open.

    SQLite closes a database file only once no connection of the process has a lock on it any more, so that for a store
    with several connections a descriptor of each may stay open for a while; the next connection to it uses it again.

    Attributes:
        total: file descriptors, what lies idle included.
        reserve: of these, how many are kept for entries that are nested in others: were they to wait for room like
            any other, each would hold what another one waits for.
    """

    total: int
    reserve: int

    @classmethod
    def of(cls, descriptors: int | None = None) -> Budget:
        """Return the budget of this process.

        Args:
            descriptors: how many; None for three quarters of what the process may open (`ulimit -n`, the soft limit)
                and no more than `MOST`. The last quarter is left for sockets, logs and what the program opens itself,
                and for the shared database's connections where more threads use it at once than there is room for.

        Raises:
            TenantError: that is more than the process may open, or less than the smallest tenant takes.
        """
        limit = process_limit() or 4 * MOST
        total = min(limit * 3 // 4, MOST) if descriptors is None else descriptors
        if total > limit - _LEFT and descriptors is not None:
            raise TenantError(
                f"The pool is to have {total:,} file descriptors, and this process may open {limit:,}, of which it "
                f"needs {_LEFT} for other things: raise the limit (`ulimit -n`), or name a smaller number."
            )
        if total < LEAST:
            raise TenantError(
                f"The pool is to have {total} file descriptors, which is too small for any tenant: the smallest, with "
                f"one store, takes {LEAST}. Raise the limit (`ulimit -n`) or name a larger number."
            )
        return cls(total, total // 8)

    @staticmethod
    def cost(stores: Iterable[Store], homes: int) -> int:
        """Return how many descriptors a lease of stores, in the folders of so many tenants, is counted with."""
        return sum(store.engine.descriptors for store in stores) + HOME * homes
