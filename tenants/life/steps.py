"""The places at which a change of several files may be cut short, by name.

A process can be killed anywhere; what matters is what it had brought to the disk. Between two steps nothing changes
that recovery would have to know of, so that a test which stops a process at each step has stopped it everywhere.
"""

from __future__ import annotations

from collections.abc import Callable

#: Called with the name of each step as it is reached; tests put something here that stops the process, or raises.
reached: Callable[[str], object] | None = None


def step(name: str) -> None:
    """Say that a change has come to this step."""
    if reached is not None:
        reached(name)
