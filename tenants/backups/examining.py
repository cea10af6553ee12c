"""The process beside the server that looks at copies and packs them, as the server sees it: questions and answers.

Checking, hashing and compressing a large store takes seconds of a processor. Done in a thread of the server it would
hold up all its other threads, which share one interpreter's lock.
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from ..errors import BackupFailed
from .keys import Key

#: Seconds that looking at one unit may take.
TIME_LIMIT = 3600.0

Function = Callable[..., Any] | str


def name_of(function: Function) -> str:
    """Return by which name another process finds a function: `module:qualname`.

    Raises:
        ValueError: none does.
    """
    name = function if isinstance(function, str) else _own_name(function)
    try:
        found = find(name)
    except (ImportError, AttributeError, ValueError):
        found = None
    wanted = found if isinstance(function, str) else function
    if name.startswith("__main__:") or not callable(found) or found is not wanted:
        raise ValueError(
            f"{name} can't be a check of backups: those run in another process, so it has to be a function that stands "
            f"in a module by its own name, and that module mustn't be the program itself."
        )
    return name


def _own_name(function: Callable[..., Any]) -> str:
    return f"{function.__module__}:{getattr(function, '__qualname__', '?')}"


def find(name: str) -> Any:
    """Return the function of that name."""
    module, _, qualname = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in qualname.split("."):
        found = getattr(found, part)
    return found


class Examiner:
    """A process that looks at copies, one unit after another; begun when there is the first one to look at.

    Args:
        scratch: a folder of its own.
        checks, describe: the application's, by name.
        key: the backups' key, if they are encrypted.
    """

    def __init__(
        self, scratch: str, checks: Sequence[str], describe: str | None, key: Key | None
    ) -> None:
        self._setup = {
            "scratch": scratch,
            "checks": list(checks),
            "describe": describe,
            "key": base64.b64encode(key.secret).decode() if key is not None else None,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._mutex = threading.Lock()
        self._killed = False

    def examine(self, question: dict[str, Any]) -> dict[str, Any]:
        """Have one unit's copies looked at and packed.

        Raises:
            BackupFailed: the process ended, or took too long. The next question gets a new one.
        """
        process = self._begin()
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(question).encode() + b"\n")
            process.stdin.flush()
            answer: dict[str, Any] = json.loads(self._line(process))
            return answer
        except (OSError, ValueError, EOFError) as error:
            self._end(process, kill=True)
            if self._killed:
                raise BackupFailed("The backups were stopped.") from error
            raise BackupFailed(
                f"The process that looks at the copies ended in the middle (exit code {process.returncode}): was it "
                f"killed, or was there no memory left?"
            ) from error

    def _begin(self) -> subprocess.Popen[bytes]:
        with self._mutex:
            if self._killed:
                raise BackupFailed("The backups were stopped.")
            if self._process is None:
                self._process = self._start()
            return self._process

    def _start(self) -> subprocess.Popen[bytes]:
        path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tenants.backups.examiner"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,  # Ctrl-C at the terminal is for who has begun it, and ends it in good order
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps(self._setup).encode() + b"\n")
        return process

    def _line(self, process: subprocess.Popen[bytes]) -> bytes:
        assert process.stdout is not None
        descriptor, found = process.stdout.fileno(), bytearray()
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        deadline = time.monotonic() + TIME_LIMIT
        while not found.endswith(b"\n"):
            if not poll.poll(max(deadline - time.monotonic(), 0) * 1000):
                raise TimeoutError
            chunk = os.read(descriptor, 1 << 16)
            if not chunk:
                raise EOFError
            found += chunk
        return bytes(found)

    def kill(self) -> None:
        """End it in the middle of what it is at, from another thread."""
        with self._mutex:
            self._killed = True
            if self._process is not None:
                self._process.kill()

    def close(self) -> None:
        """Let it end."""
        if self._process is not None:
            self._end(self._process)

    def _end(self, process: subprocess.Popen[bytes], kill: bool = False) -> None:
        with self._mutex:
            self._process = None
        if kill:
            process.kill()
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(OSError):
            process.stdin.close()
        process.wait()
        process.stdout.close()
