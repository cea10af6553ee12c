"""The classical example: sessions and events in memory, many threads, a backup a minute, and the old ones go hourly.

The clock is the test's own, so that hours pass in seconds and nothing is waited for. What must be there in the end is
told by a tally that the threads keep for themselves of what they were answered.
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Flask

from examples.live.app import create_app
from examples.live.presence import HOUR, MINUTE, Clock, Event, Presence, Session, Visit
from tenants import Router, Tenant

SHOP, THREADS, MINUTES, REQUESTS = "baansuan", 6, 125, 2
BEGIN = 1_800_000_000


class FakeClock(Clock):
    """A clock that moves when the test says so, and only once everything that was due is done."""

    def __init__(self) -> None:
        self._now = BEGIN
        self._changed = threading.Condition()
        self._due: dict[int, int] = {}

    def now(self) -> int:
        return self._now

    def wait(self, until: int, stop: threading.Event) -> bool:
        me = threading.get_ident()
        with self._changed:
            self._due[me] = until
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._now >= until or stop.is_set())
            return not stop.is_set()

    def wake(self) -> None:
        """Let everybody look whether they are to stop."""
        with self._changed:
            self._changed.notify_all()

    def settle(self, threads: int) -> None:
        """Wait until so many threads have done what was due."""
        with self._changed:
            assert self._changed.wait_for(
                lambda: len(self._due) == threads and all(due > self._now for due in self._due.values()), 60
            )  # fmt: skip

    def move(self, seconds: int) -> None:
        """Move on."""
        with self._changed:
            self._now += seconds
            self._changed.notify_all()


class Answer(NamedTuple):
    """What a thread was told of something that somebody did."""

    token: str
    what: str
    at: int


class Tally:
    """What the web's threads were told, by thread, so that it needs no lock."""

    def __init__(self) -> None:
        self.came: dict[str, int] = {}
        self.done: list[Answer] = []
        self.late: set[str] = set()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def app(tmp_path: Path, clock: FakeClock) -> Iterator[Flask]:
    app = create_app(str(tmp_path / "data"), clock)
    yield app
    app.extensions["tenants"].close()


def visit(
    app: Flask, clock: FakeClock, chosen: random.Random, tally: Tally, mine: list[str]
) -> None:
    """One request of somebody's: he comes, does something, or looks who is there."""
    client = app.test_client()
    turn = chosen.random()
    if turn < 0.2 or not mine:
        token = client.post(f"/{SHOP}/").json["token"]
        tally.came[token] = clock.now()
        mine.append(token)
    elif turn < 0.8:
        token = chosen.choice(mine[-4:] if turn < 0.75 else mine)
        what = f"{token} {len(tally.done)}"
        answer = client.post(f"/{SHOP}/{token}", data=what)
        if answer.status_code == 410:
            tally.late.add(token)
        else:
            tally.done.append(Answer(token, what, answer.json["at"]))
    else:
        for row in client.get(f"/{SHOP}/").json:
            assert row["hits"] == row["events"], "a session was seen half-written"


def saved(path: Path) -> dict[str, list[dict[str, Any]]]:
    """What a minute's backup holds: of each session its events, of which there are as many as its hits."""
    tables: dict[str, list[dict[str, Any]]] = json.loads(path.read_text(encoding="utf-8"))["tables"]
    events: dict[int, int] = {}
    for event in tables["event"]:
        events[event["session_id"]] = events.get(event["session_id"], 0) + 1
    for session in tables["session"]:
        assert session["hits"] == events.pop(session["id"], 0), "a backup is half-written"
    assert not events
    return tables


def test_many_threads_and_a_few_hours(app: Flask, clock: FakeClock) -> None:
    """Nothing is lost, nothing is seen half-written, exactly the old ones go, and the counts are the threads' own."""
    presence: Presence = app.extensions["presence"]
    app.test_client().get(f"/{SHOP}/")
    router: Router = app.extensions["tenants"]
    shop = router.tenant(SHOP)
    copies: list[tuple[int, int]] = []
    gone: list[tuple[int, list[str]]] = []
    save, see_off = presence.save, presence.see_off

    def save_and_look(tenant: Tenant) -> Path:
        path = save(tenant)
        copies.append((clock.now(), len(saved(path)["session"])))
        return path

    def see_off_and_note(tenant: Tenant) -> list[str]:
        gone.append((clock.now(), see_off(tenant)))
        return gone[-1][1]

    presence.save, presence.see_off = save_and_look, see_off_and_note  # type: ignore[method-assign]
    presence.start()
    clock.settle(2)
    tallies, wrong = [Tally() for _ in range(THREADS)], []
    minute = threading.Barrier(THREADS + 1, timeout=60)

    def browse(n: int) -> None:
        chosen, mine = random.Random(n), []
        try:
            for _ in range(MINUTES):
                minute.wait()
                for _ in range(REQUESTS):
                    visit(app, clock, chosen, tallies[n], mine)
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            wrong.append(error)
            minute.abort()

    threads = [threading.Thread(target=browse, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(MINUTES):
            minute.wait()  # from here on they browse, while the clock moves and what is due is done
            clock.move(MINUTE)
            clock.settle(2)
    finally:
        for thread in threads:
            thread.join()
        presence.stopped.set()
        clock.wake()
        presence.stop()
    assert wrong == []
    require_all_there(router, shop, tallies, gone)
    assert [at for at, _ in copies[:-1]] == [BEGIN + MINUTE * n for n in range(1, MINUTES + 1)]


def require_all_there(
    router: Router, shop: Tenant, tallies: list[Tally], gone: list[tuple[int, list[str]]]
) -> None:
    """Compare what there is with what the threads were told."""
    came = {token: at for tally in tallies for token, at in tally.came.items()}
    done: dict[str, list[Answer]] = {token: [] for token in came}
    for tally in tallies:
        for answer in tally.done:
            done[answer.token].append(answer)
    last = {token: max([came[token], *(a.at for a in done[token])]) for token in came}
    with router.using(shop):
        there = {s.token: (s.seen_at, s.hits) for s in Session.select()}
        over = {v.token: (v.seen_at, v.hits) for v in Visit.select()}
        events = sorted(
            (e.session.token, e.what, e.at) for e in Event.select(Event, Session).join(Session)
        )
    assert there.keys() | over.keys() == came.keys()
    assert not there.keys() & over.keys()
    # Somebody who came may have been told so a minute after; what he did has its time in the answer.
    for token, (seen_at, hits) in (there | over).items():
        assert hits == len(done[token])
        assert seen_at == last[token] or (
            not hits and seen_at in (last[token], last[token] - MINUTE)
        )
    assert events == sorted((a.token, a.what, a.at) for token in there for a in done[token])
    assert [at for at, _ in gone] == [
        BEGIN + HOUR * n for n in range(1, MINUTES * MINUTE // HOUR + 1)
    ]
    assert [token for _, tokens in gone for token in tokens]
    assert len(over) == sum(len(tokens) for _, tokens in gone)
    for at, tokens in gone:
        assert all(over[token][0] <= at - HOUR for token in tokens)
    assert all(seen_at > gone[-1][0] - HOUR for seen_at, _ in there.values())
    assert {token for tally in tallies for token in tally.late} <= over.keys()


def test_a_restart_begins_with_the_last_minute(tmp_path: Path, clock: FakeClock) -> None:
    """A process that begins anew has what was written out last, and no less than that."""
    first = create_app(str(tmp_path / "data"), clock)
    client = first.test_client()
    token = client.post(f"/{SHOP}/").json["token"]
    client.post(f"/{SHOP}/{token}", data="looked")
    first.extensions["presence"].stop()
    client.post(f"/{SHOP}/{token}", data="too late to be kept")
    first.extensions["tenants"].close()
    second = create_app(str(tmp_path / "data"), clock)
    assert second.test_client().get(f"/{SHOP}/").json == [{"token": token, "hits": 1, "events": 1}]
    second.extensions["tenants"].close()
