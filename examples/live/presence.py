"""Who is in a shop and what they do: in memory, written out every minute, and who stays away is seen off every hour."""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path

from peewee import CharField, ForeignKeyField, IntegerField, TextField

from tenants import RoutedModel, Router, Store, Tenant

MINUTE, HOUR = 60, 3600


class Session(RoutedModel):
    token = CharField(unique=True)
    seen_at = IntegerField(index=True)
    hits = IntegerField(default=0)

    class Meta:
        store = "presence"


class Event(RoutedModel):
    session = ForeignKeyField(Session, backref="events", on_delete="CASCADE")
    at = IntegerField(index=True)
    what = TextField()

    class Meta:
        store = "presence"


class Visit(RoutedModel):
    """A session that is over: in a file, which survives."""

    token = CharField(unique=True)
    seen_at = IntegerField()
    hits = IntegerField()

    class Meta:
        store = "books"


SHOP = [Session, Event, Visit]


class TooLate(LookupError):
    """Raised when a session is over, or never was."""


class Clock:
    """Seconds since 1970, and waiting for a time to come."""

    def now(self) -> int:
        return int(time.time())

    def wait(self, until: int, stop: threading.Event) -> bool:
        """Wait for a time. Returns False where it is to stop instead."""
        return not stop.wait(max(0, until - self.now()))


class Presence:
    """The sessions of all shops.

    Args:
        router: whose `presence` stores are in memory.
        clock: what time it is.
        folder: where each minute is written out.
    """

    def __init__(self, router: Router, clock: Clock, folder: Path) -> None:
        self.router, self.clock, self.folder = router, clock, folder
        folder.mkdir(exist_ok=True)
        router.on_empty["presence"] = self.load
        self.stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    # What visitors do, each in an entry of the shop

    def come(self, store: Store) -> str:
        """Begin a session; return its token."""
        session = Session.create(token=secrets.token_hex(8), seen_at=self.clock.now())
        return str(session.token)

    def act(self, store: Store, token: str, what: str) -> int:
        """Note what somebody does; return when that was. Raises `TooLate` where the session is over."""
        with store.writing(Session, Event):
            session = Session.get_or_none(Session.token == token)
            if session is None:
                raise TooLate(token)
            at = self.clock.now()
            Event.create(session=session, at=at, what=what)
            Session.update(hits=Session.hits + 1, seen_at=at).where(Session.id == session).execute()
        return at

    def who(self, store: Store) -> list[tuple[str, int, int]]:
        """Return each session's token, its hits, and how many events there are of it."""
        query = "SELECT token, hits, (SELECT count(*) FROM event WHERE session_id = session.id) FROM session"
        return list(store.execute_sql(query).fetchall())

    # What is done by the clock

    def save(self, tenant: Tenant) -> Path:
        """Write a shop's sessions and events out, as of one instant."""
        path = self.folder / f"{tenant.id}.json"
        return asyncio.run(tenant.store("presence").async_save(path))

    def load(self, tenant: Tenant) -> None:
        """Begin with what was written out last, where this process begins with nothing."""
        path = self.folder / f"{tenant.id}.json"
        if path.exists():
            tables = json.loads(path.read_text(encoding="utf-8"))["tables"]
            with tenant.store("presence").writing():
                for model in (Session, Event):
                    rows = tables[model._meta.table_name]
                    columns = model._meta.columns
                    for row in rows:
                        model.insert(
                            {columns[name]: value for name, value in row.items()}
                        ).execute()

    def see_off(self, tenant: Tenant) -> list[str]:
        """End the sessions of whoever wasn't seen for an hour; return their tokens."""
        limit = self.clock.now() - HOUR
        with self.router.using(tenant), tenant.store("presence").writing(Session, Event):
            old = list(Session.select().where(Session.seen_at <= limit))
            Session.delete().where(Session.seen_at <= limit).execute()
            # Before they are gone for good; were this to fail, none of them would go.
            with tenant.store("books").writing():
                for one in old:
                    Visit.create(token=one.token, seen_at=one.seen_at, hits=one.hits)
        return [one.token for one in old]

    def start(self) -> None:
        """Write out every minute and see off every hour, from now on."""
        for seconds, work in ((MINUTE, self.save), (HOUR, self.see_off)):
            thread = threading.Thread(target=self._every, args=(seconds, work), name=work.__name__)
            thread.start()
            self._threads.append(thread)

    def _every(self, seconds: int, work: Callable[[Tenant], object]) -> None:
        due = self.clock.now() + seconds
        try:
            while self.clock.wait(due, self.stopped):
                for tenant in self.router.tenants():
                    work(tenant)
                due += seconds
        finally:
            self.router.universal.release(wholly=True)

    def stop(self) -> None:
        """Do neither any more, but write out once."""
        self.stopped.set()
        for thread in self._threads:
            thread.join()
        for tenant in self.router.tenants():
            self.save(tenant)
