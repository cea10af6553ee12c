"""Companies, threads, streams and transactions that come and go."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context

from tenants import TenantSuspended, current_entry, current_store

from .hands import InStream, Stream, Worker
from .model import Company, Seat, Shelf
from .table import operation
from .turn import REFUSALS, Turn
from .world import World

#: Bounds, so that what there is stays small and is met again.
MOST_SEATS, MOST_WORKERS, MOST_STREAMS, MOST_CONTEXTS = 3, 4, 3, 4


def _is_shut(world: World, company: Company, enter: Callable[[], object]) -> bool:
    """True where a company is suspended, and then entering it is refused."""
    if company.state != "suspended":
        return False
    try:
        enter()
    except TenantSuspended:
        world.done["refused"] += 1
        return True
    world.fail(f"entered {company.slug}, which is suspended")
    raise AssertionError


@operation(16)
def enter(world: World) -> None:
    worker = world.any(world.workers)
    if len(worker.seats) < MOST_SEATS:
        company = world.any(world.companies)
        if _is_shut(
            world, company, lambda: worker.run(lambda: world.router.enter_here(company.slug))
        ):
            return
        entry = worker.run(lambda: world.router.enter_here(company.slug))
        worker.seat = Seat(company, worker.thread, worker.seat, entry)
        worker.seats.append(worker.seat)
        world.done["moved"] += 1


@operation(6)
def leave(world: World) -> None:
    worker = world.any(world.workers)
    if not worker.seats:
        return
    seat = worker.seats[-1] if world.choose(4) else world.any(worker.seats)
    worker.run(lambda: world.router.leave(seat.entry))
    worker.seats.remove(seat)
    seat.leave()
    if worker.seat is seat:
        worker.seat = seat.nearest_live()
    world.done["moved"] += 1


@operation(2)
def pop_a_key(world: World) -> None:
    bases = world.bases.values()
    live = [seat for seat in world.seats() if seat.live and seat not in bases]
    if live:
        seat, worker = world.any(live), world.any(world.workers)
        worker.run(lambda: world.router.db_dict.pop(seat.entry.key))
        seat.live = False
        world.done["moved"] += 1


@operation(4)
def start_a_thread(world: World) -> None:
    if len(world.workers) >= MOST_WORKERS:
        return
    world.done["moved"] += 1
    company = world.any([None, *world.companies])
    if company is None or company.state == "suspended":
        world.workers.append(Worker(world.router, None, None))
        return
    worker = Worker(world.router, company.slug, world.any([None, "digest"]))
    entry = worker.run(current_entry)
    worker.seat = world.bases[worker] = Seat(company, worker.thread, None, entry)
    world.workers.append(worker)


@operation(1)
def end_a_thread(world: World) -> None:
    if len(world.workers) == 1:
        return
    world.done["moved"] += 1
    worker = world.any(world.workers[1:])
    for seat in reversed(worker.seats):
        worker.run(lambda entry=seat.entry: world.router.leave(entry))
        seat.leave()
    worker.end()
    world.workers.remove(worker)
    if worker in world.bases:
        world.bases.pop(worker).leave()


@operation(3)
def open_a_stream(world: World) -> None:
    if len(world.streams) >= MOST_STREAMS:
        return
    company = world.any([*world.companies, *world.companies, None])
    world.done["moved"] += 1
    world.streams_made += 1
    worker, slug = world.any(world.workers), company.slug if company else None
    if company is not None and _is_shut(
        world, company, lambda: worker.run(lambda: Stream(world.app, slug, world.streams_made))
    ):
        return
    stream = worker.run(lambda: Stream(world.app, slug, world.streams_made))
    if company is not None:
        (entry,) = [e for key, e in world.router.db_dict.items() if key[0] == stream.token]
        stream.seat = Seat(company, worker.thread, None, entry)
    world.streams.append(stream)


@operation(2)
def close_a_stream(world: World) -> None:
    if world.streams:
        stream, worker = world.any(world.streams), world.any(world.workers)
        worker.run(stream.body.close)
        world.streams.remove(stream)
        world.done["moved"] += 1
        if stream.seat is not None:
            stream.seat.leave()


@operation(3)
def copy_a_context(world: World) -> None:
    world.done["moved"] += 1
    worker = world.any(world.workers)
    world.contexts = [*world.contexts[1 - MOST_CONTEXTS :], (worker.run(copy_context), worker.seat)]


# Transactions


@operation(5)
def begin(world: World) -> None:
    hand, role = world.hand(), world.any(["books", "registers"])
    turn = Turn(world, hand, role)
    if turn.shelf is not None and turn.shelf.writer is turn.seat:
        return
    begun: list[object] = []

    def job() -> None:
        block = current_store(role).writing()
        block.__enter__()
        begun.append(block)

    if turn.writes(job, None):
        turn.seat.blocks[turn.shelf] = begun[0]
        turn.shelf.begin(turn.seat)


def _writers(world: World) -> list[tuple[object, Seat, Shelf]]:
    """Who could end which transaction: the thread that has it open, and whoever sends the stream that has."""
    found = [
        (worker, seat, shelf)
        for worker in world.workers
        for seat in (*worker.seats, *([world.bases[worker]] if worker in world.bases else ()))
        for shelf in seat.blocks
    ]
    for stream in world.streams:
        if stream.seat is not None:
            found += [(stream, stream.seat, shelf) for shelf in stream.seat.blocks]
    return found


@operation(3)
def end_a_transaction(world: World) -> None:
    writers = _writers(world)
    if not writers:
        return
    world.done["moved"] += 1
    who, seat, shelf = world.any(writers)
    hand = InStream(who, world.any(world.workers)) if isinstance(who, Stream) else who
    block, commit = seat.blocks.pop(shelf), bool(world.choose(3))
    if not commit:
        hand.run(lambda: block.__exit__(ValueError, ValueError(), None))
        shelf.end(commit=False)
        return
    may = hand.seat is seat and seat.live
    try:
        hand.run(lambda: block.__exit__(None, None, None))
    except REFUSALS as error:
        if may:
            world.fail(f"refused to commit: {error!r}")
    else:
        if not may:
            world.fail("LEAK: committed in another entry")
    shelf.end(commit=may)
