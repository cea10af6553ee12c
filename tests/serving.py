"""`cuneifox serve` in a process of its own, as people run it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent


@contextmanager
def serving(data: Path) -> Iterator[str]:
    """Serve a data folder on a free port, give the address, and stop as Ctrl-C does."""
    server = subprocess.Popen(
        [sys.executable, "-m", "cuneifox", "serve", "--port", "0"],
        cwd=ROOT,
        env={**os.environ, "CUNEIFOX_DATA": str(data), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    try:
        told = ""
        for line in server.stdout:
            told += line
            if address := re.search(r"http://[\d.]+:\d+", line):
                yield address[0]
                break
        else:
            raise AssertionError(f"The server didn't start: {told}")
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)
        server.stdout.close()
