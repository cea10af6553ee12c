"""A process that has imported everything and opened nothing, and forks children in milliseconds.

SQLite forbids carrying open databases through a fork, and whoever verifies has opened some; so children are forked by a
process of their own, which never opens any.
"""

from __future__ import annotations

import ctypes
import faulthandler
import importlib
import os
import select
import signal
import subprocess
import sys
import traceback
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

TESTS = Path(__file__).parent.parent
LONGEST_LIFE = 900
"""Seconds after which a child that nobody killed ends by itself."""
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
"""Of prctl, in linux/prctl.h."""
PATIENCE = 300.0
"""Seconds that a child may take to begin."""


class Nursery:
    """The forking process, as whoever kills sees it.

    Args:
        children: the module that says by its `live` what runs in a child, and by `prepare` what is imported before.
    """

    def __init__(self, children: str = "kills.children") -> None:
        paths = [str(TESTS), str(TESTS.parent), os.environ.get("PYTHONPATH", "")]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "kills.nursery", children],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        )
        self._heard: deque[list[str]] = deque()
        self._rest = b""
        self._living: set[int] = set()

    def close(self) -> None:
        """Kill who still lives, and end."""
        self.kill_all()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=PATIENCE)
        self._process.stdout.close()

    def kill_all(self) -> None:
        """Kill who still lives."""
        for pid in list(self._living):
            self.kill(pid)

    def bear(self, orders: dict[str, Any]) -> int:
        """Fork a child that does what it is ordered; return its process id."""
        self._say({"bear": orders})
        pid = int(self._hear("born")[0])
        self._living.add(pid)
        return pid

    def await_ready(self, pid: int) -> bool:
        """Wait until a child begins its work. False where it has told that it can't."""
        return self._hear("ready", pid)[1] == "1"

    def kill(self, pid: int, rest: str = "") -> int:
        """Kill a child with SIGKILL, and wait for its end. Returns what `os.waitpid` says of it.

        Args:
            pid: the child.
            rest: for one that leads a group, whether the processes below it are `killed` with it; if each `ends` by
                itself, that is waited for, too.
        """
        # It is this process's to kill: nobody has waited for it yet, so that its id can't be another's.
        try:
            (os.killpg if rest == "killed" else os.kill)(pid, signal.SIGKILL)
        except ProcessLookupError:  # it hasn't come to lead its group yet
            os.kill(pid, signal.SIGKILL)
        self._say({"reap": pid, "group": bool(rest)})
        self._living.discard(pid)
        return int(self._hear("dead", pid)[1])

    def _say(self, what: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(what) + b"\n")
        self._process.stdin.flush()

    def _hear(self, word: str, pid: int | None = None) -> list[str]:
        """Wait for a line on a child (any, for None), and return its words without the first."""
        while True:
            for line in self._heard:
                if line[0] == word and pid in (None, int(line[1])):
                    self._heard.remove(line)
                    return line[1:]
            self._listen()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        if not select.select([descriptor], [], [], PATIENCE)[0]:
            raise TimeoutError("The nursery, or a child that was to begin, says nothing any more.")
        if not (some := os.read(descriptor, 65536)):
            raise EOFError("The nursery died; its complaint is above.")
        *lines, self._rest = (self._rest + some).split(b"\n")
        self._heard += [line.decode().split() for line in lines]


def _serve(children: Any) -> None:
    """Be the nursery: fork, and wait for who was killed, as the lines on the standard input say."""
    children.prepare()
    _adopt_orphans()
    for line in sys.stdin.buffer:
        asked = msgspec.json.decode(line)
        if "bear" in asked:
            pid = os.fork()
            if pid == 0:
                _live(children, asked["bear"])
            _tell("born", pid)
        else:
            pid, status = os.waitpid(asked["reap"], 0)
            if asked["group"]:
                _reap_group(pid)
            _tell("dead", pid, status)


def _reap_group(leader: int) -> None:
    """Wait for what a child had started, and is this process's now, so that nothing of it holds anything any more."""
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-leader, 0)


def _adopt_orphans() -> None:
    """Have the kernel give this process the children of those of its own that die."""
    _control(PR_SET_CHILD_SUBREAPER, 1)


def _control(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), f"prctl({option}) isn't done here")


def _live(children: Any, orders: dict[str, Any]) -> None:
    """Be a child, to the end."""
    status = 1
    try:
        _control(PR_SET_PDEATHSIG, signal.SIGKILL)  # nobody is left alone
        faulthandler.enable()
        signal.alarm(LONGEST_LIFE)
        os.close(0)
        os.open(os.devnull, os.O_RDONLY)  # becomes the standard input
        children.live(orders, lambda well: _tell("ready", os.getpid(), int(well)))
        status = 0
    except BaseException:  # noqa: BLE001 -- a child never gets back into the nursery's loop
        traceback.print_exc()
        _tell("ready", os.getpid(), 0)  # whoever waits for that needn't any more
    finally:
        os._exit(status)


def _tell(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


if __name__ == "__main__":
    _serve(importlib.import_module(sys.argv[1]))
