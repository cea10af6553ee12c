"""What a line of the log concerns: which company, under which key, which job, which request."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from flask import has_request_context, request

from tenants import UNIVERSAL, current_entry

SHOWN = 8
"""Characters of a session's digest that a log may show: enough to find what belongs together, and of no other use."""

_DIGEST_IN_KEY = re.compile(r"""\((['"])([0-9a-f]{64})\1""")

_working: ContextVar[tuple[str, str]] = ContextVar("job_at_work", default=("", ""))


@contextmanager
def at_work(job_id: str, tenant_id: str = "") -> Iterator[None]:
    """Have all lines of the block name a job, and its company where no entry of one is current.

    Args:
        job_id: the job's.
        tenant_id: the company it works on; "" for none.
    """
    token = _working.set((job_id, tenant_id))
    try:
        yield
    finally:
        _working.reset(token)


def facts() -> dict[str, Any]:
    """Return what the line concerns that is logged here and now: process, company and key; job and request, if any.

    No database is asked. The company is its slug, or its tenant's id where no entry of it is current.
    """
    entry = current_entry()
    job_id, tenant_id = _working.get()
    tenant = entry.tenant if entry is not None else None
    found: dict[str, Any] = {
        "process": os.getpid(),
        "company": tenant.slug if tenant is not None else tenant_id or None,
        "key": shown_key(entry.key if entry is not None else UNIVERSAL),
    }
    if job_id:
        found["job"] = job_id
    if has_request_context() and (request_id := getattr(request, "id", "")):
        found["request"] = request_id
    return found


def shown_key(key: tuple[str, str | None]) -> list[str | None]:
    """Return a key of `db_dict` as it may be shown: of a session's digest no more than its beginning."""
    first, second = key
    return [first if second is None or len(first) <= SHOWN else f"{first[:SHOWN]}…", second]


def discreet(text: str) -> str:
    """Return a text without the whole digest of a session: neither of the current one nor of any key in it."""
    text = _DIGEST_IN_KEY.sub(lambda found: f"({found[1]}{found[2][:SHOWN]}…{found[1]}", text)
    entry = current_entry()
    token = entry.session_token if entry is not None else None
    return text.replace(token, f"{token[:SHOWN]}…") if token and len(token) > SHOWN else text
