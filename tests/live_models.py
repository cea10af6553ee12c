"""Sessions and events: small hot tables with indexes, as an application keeps them in memory. No other test has these.

`Visit` and `Event` lock each other, as an event refers to a visit and goes with it; `Tally` stands by itself.
"""

from __future__ import annotations

from peewee import SQL, CharField, ForeignKeyField, IntegerField, TextField

from tenants import RoutedModel


class Visit(RoutedModel):
    """Somebody who is there."""

    token = CharField(unique=True)
    seen_at = IntegerField(index=True)
    hits = IntegerField(default=0, constraints=[SQL("CHECK (hits >= 0)")])

    class Meta:
        store = "live"


class Event(RoutedModel):
    """What somebody did."""

    visit = ForeignKeyField(Visit, backref="events", on_delete="CASCADE")
    at = IntegerField(index=True)
    what = TextField()

    class Meta:
        store = "live"


class Tally(RoutedModel):
    """A sum that nothing refers to."""

    name = CharField(unique=True)
    count = IntegerField(default=0)

    class Meta:
        store = "live"


LIVE = [Visit, Event, Tally]
