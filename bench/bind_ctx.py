"""Peewee's `bind_ctx` per request, as many route by company, beside ours: what leaks, and what a request costs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from . import isolation_load
from .figures import Figure, main, pairs, ratio
from .isolation_load import COMPANIES, PAUSE, ROWS, THREADS, Outcome, Program

REQUESTS = 2000
CALLS = 1000
MODELS = 20

#: What a request does, by what it is called on the page.
FORMS: dict[str, dict[str, object]] = {
    "without a pause": {},
    f"with pauses of {PAUSE * 1e3:g} ms": {"pause": PAUSE},
    "in a plain thread that the request starts": {"elsewhere": True},
}
PEERS: dict[str, Callable[[], AbstractContextManager[Program]]] = {
    "bind_ctx": isolation_load.bind_ctx,
    "bind_ctx on playhouse's ThreadSafeDatabaseMetadata": isolation_load.stock,
}


def measure() -> list[Figure]:
    """Count the leaks of each form, then measure 21 pairs of what a request costs."""
    return [*(leaks(form) for form in FORMS), cost(0), cost(MODELS - 1)]


def leaks(form: str) -> Figure:
    """Serve the same requests by each program, and tell ours with the peers' beside it."""
    own = served(isolation_load.ours, form)
    count = own.wrong_reads + own.wrong_writes
    peers = "; ".join(f"{name}: {served(peer, form)}" for name, peer in PEERS.items())
    what = f"Rows of another company read or written, requests {form}"
    note = (
        f"{own.requests:,} requests of {len(COMPANIES)} companies on {THREADS} threads, a read and a write each. "
        f"Ours: {own}; {peers}"
    )
    met = count == 0 and not own.errors
    return Figure(what, "0", met, count, count, count, "leaks", note)


def served(program: Callable[[], AbstractContextManager[Program]], form: str) -> Outcome:
    """Serve the requests by a program made for it."""
    with program() as made:
        return isolation_load.load(made, REQUESTS, **FORMS[form])  # type: ignore[arg-type]


def cost(more: int) -> Figure:
    """Measure requests of one read on one thread, with connections that are open already, against bind_ctx.

    Args:
        more: how many models bind_ctx binds beside the one that is read.
    """

    def reading(program: Program) -> None:
        for i in range(CALLS):
            with program.request(COMPANIES[i % len(COMPANIES)]):
                program.model.get_by_id(i % ROWS + 1)

    with isolation_load.ours() as own, isolation_load.bind_ctx(more=more) as peer:
        measured = pairs(lambda: reading(own), lambda: reading(peer))
    models = f"{more + 1} models" if more else "one model"
    what = f"A request that reads a row ÷ bind_ctx of {models}"
    return ratio(what, measured, 1.5, CALLS, f"{CALLS:,} requests each, all connections open")


if __name__ == "__main__":
    main(measure)
