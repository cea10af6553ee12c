"""A process that does jobs: `cuneifox worker`, or the one beside the pages of `cuneifox serve`."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from queue import SimpleQueue

import msgspec

from cuneifox.config import Config
from cuneifox.logs import set_up
from cuneifox.memory import share_arenas

_settings = msgspec.json.Decoder(Config)

HELD = (signal.SIGTERM, signal.SIGINT)
"""What the process beside the pages is started with blocked, until it has handlers for it."""


def work_until_stopped(
    config: Config, threads: int | None = None, announce: Callable[[str], None] = lambda text: None
) -> None:
    """Do jobs until SIGTERM or Ctrl-C; a second one hands back at once what still runs.

    Args:
        config: the settings.
        threads: how many at a time; as set unless given.
        announce: is told once jobs are taken, and once they aren't any more.
    """
    asked, hurry = _stopped_by(signal.SIGTERM, signal.SIGINT)
    set_up(config.logs)
    _work(config, threads, asked, hurry, announce)


def _stopped_by(*signals: signal.Signals) -> tuple[threading.Event, threading.Event]:
    """Return what is set by the first of these signals, and by the second.

    By a thread, not by the handler: that may interrupt whoever waits for the event while they have its lock.
    """
    asked, hurry = threading.Event(), threading.Event()
    came: SimpleQueue[int] = SimpleQueue()  # whose put may interrupt anything

    def tell() -> None:
        while came.get():
            (hurry if asked.is_set() else asked).set()

    threading.Thread(target=tell, name="signals", daemon=True).start()
    for each in signals:
        signal.signal(each, lambda number, frame: came.put(number))
    return asked, hurry


def _work(
    config: Config,
    threads: int | None,
    asked: threading.Event,
    hurry: threading.Event,
    announce: Callable[[str], None],
) -> None:
    from cuneifox.app import create_app
    from cuneifox.jobs.workers import GRACE_SECONDS, Workers

    share_arenas()
    app = create_app(config)
    try:
        workers = Workers(app, threads)
        workers.start()
        announce(f"Does up to {workers.threads} jobs at a time (Ctrl-C stops it)")
        asked.wait()
        announce(f"Stops once they are done, within {GRACE_SECONDS:g} seconds (Ctrl-C: at once)")
        workers.stop(GRACE_SECONDS, hurry)
    finally:
        app.extensions["cuneifox"].close()


def main() -> int:
    """Take the settings from standard input, and stop once that ends: whoever started this is gone then, or says so.

    A Ctrl-C at a terminal reaches this process too, and is left to whoever started it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asked, hurry = _stopped_by(signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD)
    config = _settings.decode(sys.stdin.buffer.readline())
    set_up(config.logs)

    def watch() -> None:
        # Not by its buffer, whose lock no thread may have at the end.
        while os.read(sys.stdin.fileno(), 4096):
            pass
        asked.set()

    threading.Thread(target=watch, name="parent", daemon=True).start()
    _work(config, None, asked, hurry, lambda text: None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
