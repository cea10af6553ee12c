"""A catalogue with nothing but jobs in it, and jobs in it as a test wants them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cuneifox_site import Site
from models.jobs.asking import Asker, ask
from models.jobs.job import Job

NOW = 1_800_000_000.0
SERVER = Asker(identity="test")


@contextmanager
def catalogue(folder: Path) -> Iterator[Site]:
    """Open one, and be within its application in the block."""
    site = Site(folder / "data")
    try:
        with site.app.app_context():
            yield site
    finally:
        site.close()


def asked(kind: str = "x", now: float = NOW, **given: Any) -> Job:
    """A job of the server's own that is new, or of the person `user_id`."""
    user_id = given.pop("user_id", "")
    asker = Asker(user_id, f"session of {user_id}") if user_id else SERVER
    job, is_new = ask(kind, given.pop("arguments", {}), asker, now=now, **given)
    assert is_new
    return job


def fresh(job: Job) -> Job:
    """The job as it is by now."""
    found: Job = Job.get_by_id(job.id)
    return found
