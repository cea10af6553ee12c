"""What a child tells before it dies: a line as it begins each piece of work, and one as it learns of its outcome.

The file is opened for appending and each line is one write, so that a kill leaves whole lines, in order. Nothing waits
for the disk: a process that is killed takes nothing with it that it has written.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec


class Deed(msgspec.Struct):
    """One piece of work.

    Attributes:
        kind: what was done: post, reverse, create, …
        what: to what, as was said before it was begun.
        done: what came of it, as was acknowledged; None if that never came.
        refused: why it wasn't done, if that was the answer.
    """

    kind: str
    what: dict[str, Any]
    done: dict[str, Any] | None = None
    refused: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it was under way as the process was killed: nobody knows what became of it."""
        return self.done is None and not self.refused


class Journal:
    """The writing side."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, **told: Any) -> None:
        """Add a line."""
        os.write(self._descriptor, msgspec.json.encode(told) + b"\n")


def read(path: Path) -> tuple[list[Deed], list[str]]:
    """Return the deeds in the order in which they were begun, and the faults: what no child may meet with."""
    deeds: dict[int, Deed] = {}
    faults = []
    for line in _lines(path):
        if "fault" in line:
            faults.append(line["fault"])
        elif "kind" in line:
            deeds[line["n"]] = Deed(line["kind"], line["what"])
        elif "done" in line:
            deeds[line["n"]].done = line["done"]
        else:
            deeds[line["n"]].refused = line["refused"]
    return list(deeds.values()), faults


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():  # killed before it wrote anything
        return
    *lines, torn = path.read_bytes().split(b"\n")
    for line in lines:
        yield msgspec.json.decode(line)
    assert not torn, f"{path.name} ends within a line: {torn!r}"
