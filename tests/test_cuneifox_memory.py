"""Threads share heaps where the server asks for it, so that what one leaves free another can use."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import pytest

THREADS = 6
CODE = """
import ctypes, sys, tempfile, threading
from pathlib import Path
from cuneifox.memory import share_arenas

if sys.argv[1] == "shared":
    share_arenas()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
libc.fclose.argtypes = [ctypes.c_void_p]
together = threading.Barrier(int(sys.argv[2]))

def work():
    together.wait()
    libc.malloc(1000)
    together.wait()

threads = [threading.Thread(target=work) for _ in range(int(sys.argv[2]))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
with tempfile.NamedTemporaryFile() as told:
    file = libc.fopen(told.name.encode(), b"w")
    libc.malloc_info(0, file)
    libc.fclose(file)
    print(Path(told.name).read_text().count("<heap "))
"""


def heaps(how: str) -> int:
    """How many heaps a process has after threads of its have each taken memory at the same time."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, how, str(THREADS)],
        capture_output=True,
        text=True,
        check=True,
        env={key: value for key, value in os.environ.items() if not key.startswith("MALLOC_")},
    )
    return int(done.stdout)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="not glibc")
def test_threads_share_heaps() -> None:
    """With the call there are two heaps however many threads there are, and without it one for each."""
    assert heaps("shared") <= 2
    assert heaps("each its own") > 2
