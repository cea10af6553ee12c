"""What a page is told of its reader's jobs while it is open: as server-sent events, or when it asks."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from flask import Flask, render_template, request
from markupsafe import Markup
from peewee import PeeweeException

from cuneifox.i18n import speaking
from cuneifox.job_view import line_of, told_of, views_of
from cuneifox.job_waits import begun_anew, waits_of
from cuneifox.request import this_request
from cuneifox.services import Services
from models.jobs import lists
from models.jobs.job import WHOLE, Job
from models.people import Session
from tenants import TenantError

LOOK_EVERY = 0.4
"""Seconds between two looks at the jobs of whoever listens."""

BEAT_EVERY = 10.0
"""Seconds after which a stream with nothing to tell says so, to notice that nobody listens any more."""

LONGEST = 120.0
"""Seconds after which a stream ends; the browser begins another one."""


def init_app(app: Flask, here: Services) -> None:
    """Have room for streams, and give the templates `bell()`."""
    app.extensions["job_streams"] = Streams(max(1, here.config.server.threads // 4))
    app.jinja_env.globals["bell"] = bell
    app.jinja_env.globals["job_here"] = job_here


def bell() -> dict[str, int]:
    """How many of the reader's jobs are under way, and how many have ended that they weren't told of."""
    visit = this_request().visit
    under_way = unseen = 0
    if visit is not None:
        with suppress(PeeweeException, TenantError):  # what tells of a fault is shown without
            under_way, unseen = lists.standing(visit.user.id)
    return {"under_way": under_way, "unseen": unseen}


def job_here() -> Markup | str:
    """The job that was asked for on this page, with what it has made once it is done; ?job= names it."""
    visit, asked = this_request().visit, request.args.get("job", "")
    job = Job.get_or_none(Job.id == asked) if asked and visit is not None else None
    if job is None or visit is None or job.user_id != visit.user.id:
        return ""
    (view,) = views_of([job])
    lists.mark_seen(visit.user.id, [job.id])
    return Markup(render_template("jobs/piece.html", view=view, mine=True))  # noqa: S704 - our own template


class Streams:
    """How many streams there are at a time: each holds a thread of the server, of which there are few.

    Args:
        most: of them; others are asked to come back from time to time instead.

    Attributes:
        are_over: tells whether the server is to stop, and they with it.
    """

    def __init__(self, most: int) -> None:
        self.are_over: Callable[[], bool] = lambda: False
        self._free = threading.Semaphore(most)

    def begin(self) -> bool:
        """Take room for one; False where there is none."""
        return self._free.acquire(blocking=False)

    def end(self) -> None:
        """Give it back."""
        self._free.release()


def tidings(here: Services, user_id: str, everybody: bool = False) -> dict[str, Any]:
    """Return how a person's jobs stand: those under way, and those that have ended and weren't told of yet.

    Args:
        here: the application's.
        user_id: the person's.
        everybody: of those under way, everybody's.
    """
    jobs = lists.open_jobs("" if everybody else user_id)
    waits = waits_of(jobs, here)
    under_way = [
        {
            "id": job.id, "state": job.state, "progress": job.progress / WHOLE, "line": line_of(job, waits),
            "anew": begun_anew(job),
        }
        for job in jobs
    ]  # fmt: skip
    ended = [
        {"id": job.id, "state": job.state, "text": told_of(job)} for job in lists.unseen(user_id)
    ]
    return {"under_way": under_way, "ended": ended}


def event_of(news: dict[str, Any]) -> str:
    """Return tidings as an event."""
    return f"data: {json.dumps(news)}\n\n"


def stream(
    here: Services, streams: Streams, digest: str, language: str, everybody: bool
) -> Iterator[str]:
    """Yield events: one at once, then one for each change, until nothing is under way, or the session is over.

    Args:
        here: the application's.
        streams: of which it is one.
        digest: of the session.
        language: in which texts are.
        everybody: see `tidings`.
    """
    begun = beaten = time.monotonic()
    told: dict[str, Any] = {}
    yield "retry: 2000\n\n"
    while True:
        with speaking(language):
            session = Session.get_or_none(Session.digest == digest)
            news = tidings(here, session.user_id, everybody) if session is not None else {}
        here.router.universal.release()
        now = time.monotonic()
        if not news:
            return
        if news != told:
            told, beaten = news, now
            yield event_of(news)
        elif now - beaten >= BEAT_EVERY:
            beaten = now
            yield ": still here\n\n"
        if not news["under_way"] or now - begun >= LONGEST or streams.are_over():
            return
        time.sleep(LOOK_EVERY)
