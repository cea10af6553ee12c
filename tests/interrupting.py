"""Ctrl-C at each place in turn where Python lets it in."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from types import FrameType
from typing import Any


class Interrupter:
    """Raises KeyboardInterrupt at the nth place where Python may.

    That is as a function begins, when a function written in C has returned, or while it waits. A line as such is none:
    between the end of a `with` block and its lock's release, say, nothing comes.

    Args:
        at: which place, from 1.
        files, functions: where they are counted.
    """

    def __init__(self, at: int, files: Collection[str | None], functions: Collection[str]) -> None:
        self.at = at
        self.files = files
        self.functions = functions
        self.places = 0

    def __call__(self, frame: FrameType, event: str, arg: Any) -> None:
        code = frame.f_code
        if code.co_filename not in self.files or code.co_name not in self.functions:
            return
        waits = event == "c_call" and arg.__name__ == "acquire"
        returned = (
            event == "c_return" and arg.__name__ != "dup"
        )  # an int that is lost can't be closed
        if waits or returned or event == "call":
            self.places += 1
            if self.places == self.at:
                sys.setprofile(None)
                raise KeyboardInterrupt

    def interrupts(self, work: Callable[[], object]) -> bool:
        """Do that; False where it ended, having fewer such places. What it raises else comes through."""
        sys.setprofile(self)
        try:
            work()
        except KeyboardInterrupt:
            return True
        finally:
            sys.setprofile(None)
        return False
