"""Looking with bare SQL what has come of the jobs: in the catalogue, in the books, in the folder of results."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from jobkills.ground import Ground, Wanted
from kills.books_seen import unsound
from tenants import sqlite


def look(ground: Ground, wanted: list[Wanted]) -> list[str]:
    """Return what is wrong; nobody is at work any more."""
    with closing(sqlite.driver.connect(str(ground.data / "universal.db"))) as catalogue:
        rows = catalogue.execute(
            "SELECT id, tenant_id, state, reason, lease, result_place FROM jobs WHERE kind = 'jobkills'"
        ).fetchall()
    found = [*_in_catalogue(rows, wanted)]
    for company in ground.companies:
        found += _in_books(ground, company.id, [job for job in wanted if job.company == company.id])
    places = {row[0]: row[5] for row in rows}
    return [*found, *_in_folder(ground, wanted, places), *_left_over(ground)]


def _in_catalogue(rows: list[Any], wanted: list[Wanted]) -> Iterator[str]:
    known = {row[0]: row[1:] for row in rows}
    for job in wanted:
        tenant, state, reason, lease, place = known.pop(job.id, (None, "gone", "", "", ""))
        if (tenant, state, reason, lease) != (job.company, "done", "", ""):
            yield f"job {job.id} is {state} {reason}, under {lease!r}"
        if bool(place) != job.file:
            yield f"job {job.id} has left {place or 'no file'}"
    yield from (f"job {stray} is there, and nobody asked for it" for stray in known)


def _in_books(ground: Ground, company: str, wanted: list[Wanted]) -> Iterator[str]:
    path = ground.data / "tenants" / company / "books.1.db"
    due = Counter(
        (f"job:{job.id}:{n}", amount) for job in wanted for n, amount in enumerate(job.amounts)
    )
    with closing(sqlite.driver.connect(str(path))) as books:
        there = Counter(
            books.execute(
                "SELECT v.key, sum(max(l.amount, 0)) FROM vouchers v JOIN lines l ON l.voucher_id = v.id GROUP BY v.id"
            ).fetchall()
        )
        yield from unsound(books, company)
    for key, amount in due - there:
        yield f"{company}: MISSING: {key} of {amount}"
    for key, amount in there - due:
        yield f"{company}: TOO MUCH: {key} of {amount}"


def _in_folder(ground: Ground, wanted: list[Wanted], places: dict[str, str]) -> Iterator[str]:
    """Each file is its job's, and what a job says it has left is there, whole."""
    folder = ground.data / "results"
    known = {job.id: job for job in wanted}
    whole = {job.id: folder / places[job.id] for job in wanted if places.get(job.id)}
    for path in folder.rglob("*") if folder.is_dir() else ():
        if path.is_file():
            yield from _of_job(path, folder, known, path in whole.values())
    for job_id, path in whole.items():
        if path.parent.parent.name != job_id or not path.is_file():
            yield f"the result of {job_id} isn't at {path}"


def _of_job(path: Path, folder: Path, known: dict[str, Wanted], whole: bool) -> Iterator[str]:
    job = known.get(path.relative_to(folder).parts[0])
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        if whole:
            yield f"the result {path} is torn"
        return
    if job is None or (told["job"], told["company"]) != (job.id, job.company):
        yield f"FOREIGN: {path} is of {told}"
    elif len(told["vouchers"]) != len(job.amounts):
        yield f"the result {path} tells of {told['vouchers']}"


def _left_over(ground: Ground) -> Iterator[str]:
    """Nobody is there any more, and nothing says otherwise."""
    for path in (ground.data / "workers").iterdir():
        yield f"left over: {path.name}"
