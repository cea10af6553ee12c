"""The confined process as its caller sees it: a question, an answer or a refusal, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from ..errors import RefusedFile, TenantError
from ..places import SIDE_FILES, flush_file
from .copying import Answer, Job
from .limits import Limits
from .pattern import Pattern

#: Bytes of an answer that are read.
_LARGEST_ANSWER = 1 << 20

#: By a path of our own and nothing else: with `-I` neither the environment nor the folder that it runs in has a say in
#: what is imported.
_PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv[1]); from tenants.confined.copying import main; main()"
)
_ROOT = str(Path(__file__).parents[2])

#: What msgspec knows of these types is made here, by the one thread that imports this: made at their first use, by two
#: threads at once, it ends the process (a segmentation fault, seen with msgspec 0.22.0).
_ANSWER = msgspec.json.Decoder(Answer)


class Report(NamedTuple):
    """What was copied of an offered file.

    Attributes:
        rows: how many, by table.
        left_out: what else was in it, and wasn't taken.
        odd: columns (`table.column`) with values of another kind than they are declared for, and how many; they were
            taken as they are.
        unpacked: whether it was compressed.
        held: how the process that read it was confined.
    """

    rows: dict[str, int]
    left_out: list[str]
    odd: dict[str, int]
    unpacked: bool
    held: list[str]


def copy_rows(
    offered: str | Path, pattern: Pattern, target: str | Path, limits: Limits | None = None
) -> Report:
    """Copy the rows of a file that may be anybody's into a new file of ours, in a process that can do little.

    Args:
        offered: the file: a database that is closed, or one that zstandard has compressed. It is left as it is.
        pattern: the schema of the new file, from one that our program made.
        target: the new file. Its folder is one of the caller's for this alone; what else is in it when this is done is
            to be removed.
        limits: how much it may take; the defaults unless given.

    Raises:
        RefusedFile: it isn't taken: says why. There is no target.
        TenantError: the process can't be started.
    """
    limits = limits or Limits()
    path = os.path.abspath(target)
    job = Job(os.path.abspath(offered), path, pattern, limits)
    try:
        answer = _ask(job, limits)
        if answer.refused:
            raise RefusedFile(f"{offered} isn't taken as {pattern.role}: {answer.refused}.")
        flush_file(path)
    except BaseException:
        _remove(path)
        raise
    finally:
        _remove(f"{os.path.dirname(path)}/unpacked.db")
    return Report(answer.rows, answer.left_out, answer.odd, answer.unpacked, answer.held)


def _remove(path: str) -> None:
    for suffix in ("", *SIDE_FILES):
        with suppress(FileNotFoundError):
            os.unlink(f"{path}{suffix}")


def _ask(job: Job, limits: Limits) -> Answer:
    what = f"{job.offered} isn't taken as {job.pattern.role}"
    late = threading.Event()
    try:
        process = subprocess.Popen(  # noqa: S603 -- our own interpreter and program
            [sys.executable, "-I", "-c", _PROGRAM, _ROOT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=os.path.dirname(job.target),
            env={},
        )
    except OSError as error:
        raise TenantError(
            f"The process that is to read {job.offered} can't be started ({error})."
        ) from error

    def end() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(limits.seconds, end)
    timer.start()
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        with process.stdout, suppress(BrokenPipeError):
            with process.stdin:
                process.stdin.write(msgspec.json.encode(job))
            said = process.stdout.read(_LARGEST_ANSWER)
    finally:
        timer.cancel()
        timer.join()
        process.kill()  # it has answered, or never will
        code = process.wait()
    if late.is_set():
        raise RefusedFile(f"{what}: reading it took longer than {limits.seconds:g} seconds.")
    if code == -signal.SIGXCPU:
        raise RefusedFile(
            f"{what}: reading it took more than {limits.cpu_seconds} seconds of a processor."
        )
    try:
        return _ANSWER.decode(said)
    except msgspec.DecodeError as error:
        raise RefusedFile(
            f"{what}: the process that read it ended in the middle ({code})."
        ) from error
