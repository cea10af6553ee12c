"""A job: what is to be done, for whom, and how far it is."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Sequence
from typing import Any, Literal

from peewee import BooleanField, CharField, FloatField, IntegerField, TextField

from tenants import RoutedModel

State = Literal["waiting", "running", "done", "failed", "cancelled"]

WAITING: State = "waiting"
RUNNING: State = "running"
DONE: State = "done"
FAILED: State = "failed"
CANCELLED: State = "cancelled"

OPEN: tuple[State, ...] = (WAITING, RUNNING)
"""States that a job leaves by itself."""

ENDED: tuple[State, ...] = (DONE, FAILED, CANCELLED)
"""States in which it stays."""

SOON, LATER, NIGHTLY = 0, 10, 20
"""Priorities, the most urgent first: a person waits for it; a person will come back for it; nobody waits."""

REASONS = ("asked", "signed_out", "rights", "company", "lapsed", "error")
"""Why a job ends that isn't done: somebody cancelled it; its session is over; who asked may not any more; its company
is suspended, or gone; whoever ran it was gone again and again; it failed."""

WHOLE = 1000
"""The progress of a job that is done, in thousandths."""

MOST_TEXT = 2000
"""Characters of an error's text."""


class Job(RoutedModel):
    """One piece of work beside the request. Times are UTC seconds.

    Attributes:
        id: 26 characters, given once; all that travels through the queue.
        kind: which of the program's kinds of work.
        arguments: JSON, as the kind wants them.
        once: a key that no two jobs have, or NULL: who asks twice under it gets the first one.
        tenant_id: the company that it works on; "" for none, and for several, which its arguments name.
        user_id: who asked for it; "" where the server did.
        session: the digest of the session it was asked for in; it ends with that. "" for the server's own.
        identity: the name under which the server itself does it; "" for a person's.
        language: in which its texts are.
        priority: SOON, LATER or NIGHTLY.
        due_at: when it may begin.
        progress: how far it is, in thousandths; `line` says so in words.
        attempts: how often it was begun; `lapses`, how often whoever had begun it was gone.
        lease: names who runs it, this time; `lease_until`, when others may take it over.
        worker: the id of the worker that runs it.
        reason: a word of REASONS: why it is to stop though it runs, or why it has ended as it did.
        result_name: what its result is called, under which it is downloaded; "" where there is none.
        result_place: where that lies in the folder of results.
        result_type: its media type; `result_size`, its bytes.
        error: why it failed, or for which of several companies it stopped, for who asked; `trace`, for the operator.
        seen: whether who asked has been told of its end.
    """

    id = CharField(max_length=26, primary_key=True)
    kind = CharField(max_length=40)
    arguments = TextField(default="{}")
    once = CharField(max_length=200, null=True, unique=True)
    tenant_id = CharField(max_length=26, default="")
    user_id = CharField(max_length=26, default="")
    session = CharField(max_length=64, default="", index=True)
    identity = CharField(max_length=40, default="")
    language = CharField(max_length=8, default="en")
    state = CharField(max_length=10, default=WAITING)
    priority = IntegerField(default=LATER)
    due_at = FloatField()
    progress = IntegerField(default=0)
    line = CharField(max_length=300, default="")
    attempts = IntegerField(default=0)
    most_attempts = IntegerField(default=1)
    lapses = IntegerField(default=0)
    lease = CharField(max_length=80, default="")
    lease_until = FloatField(default=0)
    worker = CharField(max_length=60, default="", index=True)
    reason = CharField(max_length=20, default="")
    asked_at = FloatField()
    started_at = FloatField(null=True)
    ended_at = FloatField(null=True)
    result_name = CharField(max_length=200, default="")
    result_place = CharField(max_length=100, default="")
    result_type = CharField(max_length=100, default="")
    result_size = IntegerField(default=0)
    error = TextField(default="")
    trace = TextField(default="")
    seen = BooleanField(default=False)

    class Meta:
        table_name = "jobs"
        indexes = (
            # in these two it is found whose turn it is
            (("state", "priority", "due_at", "id", "tenant_id"), False),
            (("tenant_id", "state", "priority", "due_at", "id"), False),
            (("user_id", "asked_at"), False),
            (("ended_at",), False),
            (("kind", "state"), False),
        )

    @classmethod
    def read(cls, row: Sequence[Any]) -> Job:
        """Return the job of a row that holds COLUMNS, as SQL of ours gives it."""
        job = cls(__no_default__=1, **dict(zip(_NAMES, row, strict=True)))
        job.seen = bool(job.seen)
        job._dirty.clear()
        return job

    @property
    def given(self) -> dict[str, Any]:
        """The arguments, read."""
        read: dict[str, Any] = json.loads(self.arguments)
        return read

    @property
    def is_open(self) -> bool:
        """Whether it waits or runs."""
        return self.state in OPEN


_NAMES = tuple(Job._meta.fields)

COLUMNS = ", ".join(f'"{name}"' for name in _NAMES)
"""Of a job's row, as `Job.read` takes them; each is called as its field."""


def new_id() -> str:
    """Return an id for a job: 26 characters of lower-case base32, 128 random bits."""
    return base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()
