"""The process that does jobs beside the pages: started with the server, begun again where it dies, stopped with it."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
import time

import msgspec

from cuneifox.config import Config
from cuneifox.jobs.process import HELD

log = logging.getLogger("cuneifox.jobs")

FIRST_PAUSE = 1.0
"""Seconds after which one that has ended is started again, unless the server stops."""

SHORT_LIFE = 10.0
"""Seconds; a process that dies sooner is started again after a pause."""

LONGEST_PAUSE = 60.0
"""Seconds."""

STOP_WITHIN = 30.0
"""Seconds in which it ends once it is asked to; then it is killed, and its jobs are begun anew by another one."""


class WorkersBeside:
    """A process of workers.

    Args:
        config: the settings, which the process is given as they are here.
    """

    def __init__(self, config: Config) -> None:
        self._given = msgspec.json.encode(config) + b"\n"
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._mutex = threading.Lock()
        self._thread = threading.Thread(target=self._keep, name="workers", daemon=True)

    def start(self) -> None:
        """Start it."""
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        process = self._process
        return process is not None and process.poll() is None

    def stop(self) -> None:
        """Have it drain, or hand back what it does; returns once it has ended."""
        with self._mutex:
            self._stopping.set()
            process = self._process
            if process is not None and process.stdin is not None:
                process.stdin.close()
        self._thread.join(STOP_WITHIN)
        if process is not None and process.poll() is None:
            log.warning(
                "The workers didn't stop in time, and are ended; others begin their jobs anew."
            )
            process.kill()
        self._thread.join()

    def _keep(self) -> None:
        pause = FIRST_PAUSE / 2
        while not self._stopping.is_set():
            begun = time.monotonic()
            process = self._launch()
            if process is None:
                return
            code = process.wait()
            lived = time.monotonic() - begun
            pause = FIRST_PAUSE if lived > SHORT_LIFE else min(pause * 2, LONGEST_PAUSE)
            # Whoever stops the server may tell both, and the workers may be the faster.
            if self._stopping.wait(FIRST_PAUSE):
                return
            log.error("The workers' process ended with code %d; it is started again.", code)
            if lived <= SHORT_LIFE:
                self._stopping.wait(pause - FIRST_PAUSE)

    def _launch(self) -> subprocess.Popen[bytes] | None:
        with self._mutex:
            if self._stopping.is_set():
                return None
            process = _begin()
            assert process.stdin is not None
            self._process = process
            try:
                process.stdin.write(self._given)
                process.stdin.flush()
            except BrokenPipeError:
                log.debug("the workers' process has ended at once")
            return process


def _begin() -> subprocess.Popen[bytes]:
    """Start it in a session of its own, for a Ctrl-C at the terminal is the server's to pass on.

    What else is sent to it waits until it knows what to do with that.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HELD)
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "cuneifox.jobs.process"],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
