"""Results: the files that jobs leave, in a folder of their own, until who asked has had time to fetch them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from models.jobs.job import Job

NAMES = set("abcdefghijklmnopqrstuvwxyz0123456789-/")


class Results:
    """The folder of results.

    Each attempt at a job writes in a folder of its own, so that one that was given up too early can't spoil what
    another has made.

    Args:
        folder: where; made when the first is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(self, job: Job) -> Path:
        """Make the folder of this attempt, and return it."""
        folder = self.folder / job.id / job.lease.rpartition("/")[2]
        for each in (self.folder, folder.parent, folder):
            each.mkdir(mode=0o700, exist_ok=True)
        return folder

    def keep(self, path: Path) -> str:
        """Make sure that a file is on the disk; return its place."""
        for each in (path, path.parent, path.parent.parent, self.folder):
            handle = os.open(each, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        return str(path.relative_to(self.folder))

    def path_of(self, job: Job) -> Path | None:
        """Return where a job's result lies; None where it has none, or not any more."""
        place = job.result_place
        if not place or not set(place) <= NAMES or ".." in place:
            return None
        path = self.folder / place
        return path if path.is_file() and not path.is_symlink() else None

    def drop(self, job_id: str, but: str = "") -> None:
        """Remove what a job has left, but for one attempt's."""
        home = self.folder / job_id
        if not but:
            shutil.rmtree(home, ignore_errors=True)
            return
        for attempt in home.iterdir() if home.is_dir() else ():
            if attempt.name != but:
                shutil.rmtree(attempt, ignore_errors=True)

    def strays(self, known: Collection[str]) -> Iterator[str]:
        """Yield the ids whose folders are there though no job is known by them."""
        if self.folder.is_dir():
            for home in self.folder.iterdir():
                if home.is_dir() and home.name not in known:
                    yield home.name
