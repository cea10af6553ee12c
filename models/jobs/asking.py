"""Asking for a job."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from models.jobs.job import COLUMNS, LATER, Job, new_id
from tenants import current_entry


class Asker(msgspec.Struct, frozen=True):
    """Who asks for a job: a person in a session, or the server under one of its identities.

    Attributes:
        user_id: the person's; "" for the server.
        session: the digest of the person's session.
        identity: the server's name for itself at this work, as in ``schedule:backup``.
        language: in which the job's texts are to be.
    """

    user_id: str = ""
    session: str = ""
    identity: str = ""
    language: str = "en"


def ask(
    kind: str,
    arguments: Mapping[str, Any],
    asker: Asker,
    *,
    now: float,
    tenant_id: str = "",
    priority: int = LATER,
    once: str | None = None,
    due_at: float | None = None,
    most_attempts: int = 1,
) -> tuple[Job, bool]:
    """Write a job down; return it, and True where it is new: the first under `once` is returned otherwise.

    Args:
        kind: what is to be done.
        arguments: what the kind wants to know; goes into JSON.
        asker: for whom.
        now: UTC seconds.
        tenant_id: the company to work on; "" for none.
        priority: SOON, LATER or NIGHTLY.
        once: a key for it, where asking again is to change nothing.
        due_at: UTC seconds from which on it may begin; at once unless given.
        most_attempts: how often it is tried where what failed may pass.

    Raises:
        RuntimeError: a transaction on a company's stores is open. What it writes isn't there yet for the job, and may
            never be: a job is asked for once it has committed.
    """
    _require_committed()
    values = {
        "id": new_id(), "kind": kind, "arguments": json.dumps(arguments, ensure_ascii=False, sort_keys=True),
        "once": once, "tenant_id": tenant_id, "user_id": asker.user_id, "session": asker.session,
        "identity": asker.identity, "language": asker.language, "priority": priority,
        "due_at": now if due_at is None else due_at, "most_attempts": most_attempts, "asked_at": now,
    }  # fmt: skip
    row = [values.get(name, default) for name, default in _DEFAULTS.items()]
    if Job._meta.database.execute_sql(_ASK, row).rowcount > 0:
        return Job.read(row), True
    return Job.get(Job.once == once), False


_DEFAULTS = {name: field.default for name, field in Job._meta.fields.items()}
_ASK = f"""
INSERT INTO jobs ({COLUMNS}) VALUES ({", ".join("?" * len(_DEFAULTS))}) ON CONFLICT (once) DO NOTHING
"""  # noqa: S608 - columns of ours


def _require_committed() -> None:
    entry = current_entry()
    if entry is not None and any(state.transactions for state in entry.states.values()):
        raise RuntimeError(
            "A job was asked for in the middle of a transaction on the company's books: ask once it has committed."
        )
