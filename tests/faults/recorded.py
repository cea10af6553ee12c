"""Runs that are recorded, each in a process of its own: `python -m faults.recorded WORK SEED FOLDER FILE SYNC`.

The works are in `works`. What a run has to say stands in its log: `ready` once the power may be cut, `begun` and
`acked` for each posting, by the company's id, and `is` after each step of a company's life.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

from . import driver, driver_connection
from .disk import WatchedVFS
from .files import watching
from .recording import Event, Recorder

#: Pages in the write-ahead log after which a commit moves them into the file, so that a short run sees it often.
CHECKPOINT_AT = 12


def record(
    work: str, seed: int, folder: Path, synchronous: str = "FULL", **options: Any
) -> list[Event]:
    """Run a work in a process of its own, and return what it did to its disk.

    Args:
        work: its name in `works`.
        seed: of the work's own dice.
        folder: where the data folder may be made, and the recording written.
        synchronous: of all connections; `LIES` for FULL on a disk that doesn't flush when told to.
        options: of the work.
    """
    file = folder / "recording"
    given = [work, str(seed), str(folder / "data"), str(file), synchronous, repr(options)]
    subprocess.run(
        [sys.executable, "-m", "faults.recorded", *given],
        cwd=Path(__file__).parent.parent,
        check=True,
        timeout=300,
    )
    log: list[Event] = pickle.loads(file.read_bytes())
    file.unlink()
    return log


def main(work: str, seed: str, folder: str, file: str, synchronous: str, options: str) -> None:
    """Do what `record` asks for."""
    driver.install()
    recorder = Recorder(folder)
    vfs = WatchedVFS("recorded", recorder)  # as long as it has a name, it is registered
    driver_connection.vfs = "recorded"
    driver_connection.on_connect = lambda db: db.wal_autocheckpoint(CHECKPOINT_AT)
    Path(folder).mkdir(parents=True)
    with watching(recorder):
        from tenants import sqlite

        from . import works

        if synchronous == "NORMAL":
            sqlite._SETTINGS["FULL"] = sqlite._SETTINGS["NORMAL"]
        getattr(works, work)(recorder, int(seed), lies=synchronous == "LIES", **eval(options))
    Path(file).write_bytes(pickle.dumps(recorder.log))
    vfs.unregister()


if __name__ == "__main__":
    main(*sys.argv[1:])
