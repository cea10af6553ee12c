"""Jobs that write papers, asked for and done in a test's own process, and their results."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cuneifox.jobs import works
from cuneifox.jobs.work import Work
from cuneifox_site import Site
from job_site import do
from models.jobs import taking
from models.jobs.asking import Asker, ask
from models.jobs.job import Job

IDENTITY = "night shift"


def asked(site: Site, kind: str, arguments: Mapping[str, Any], language: str = "en") -> Work:
    """Ask for a job in the company `acme` as the server itself, and take it."""
    works.load()
    with site.app.app_context():
        job, _ = ask(
            kind,
            arguments,
            Asker(identity=IDENTITY, language=language),
            now=site.clock(),
            tenant_id=site.router.tenant("acme").id,
        )
        taken = taking.take("test:1", 99, now=site.clock())
        assert taken is not None
        assert taken.id == job.id
        site.router.universal.release()
        return Work(taken, site.services)


def made(site: Site, kind: str, arguments: Mapping[str, Any], language: str = "en") -> Path:
    """Have a job done that has to succeed; return its result."""
    job = do(site, asked(site, kind, arguments, language))
    assert job.state == "done", (job.state, job.error, job.trace)
    path = site.services.results.path_of(job)
    assert path is not None
    return path


def left_behind(site: Site, job: Job) -> list[Path]:
    """Return the files that a job has left in the folder of results."""
    folder = site.services.results.folder / job.id
    return [path for path in folder.rglob("*") if path.is_file()]
