"""Sign-ins that fail have to wait: a leaky bucket per account and address, in a bounded table.

Each bucket lets `failures` through at once, and after that one by one, evenly over `seconds`:
nobody is locked out for good, and a guesser is slowed to that pace. One number per bucket is kept
(the generic cell rate algorithm's theoretical arrival time), and names only as digests, because
what people type there by mistake is at times their password.
"""

from __future__ import annotations

import hashlib
import ipaddress
from typing import NamedTuple

from peewee import CharField, FloatField

from models.people.users import name_key
from tenants import RoutedModel


class Bucket(NamedTuple):
    """One pace: `failures` in `seconds` for whoever `key` names."""

    key: str
    failures: int
    seconds: float

    @property
    def interval(self) -> float:
        """Seconds until one more is let through."""
        return self.seconds / self.failures


class SignInPace(RoutedModel):
    """How far a bucket is filled: `full_until` is when it will be empty again (UTC seconds)."""

    key = CharField(max_length=64, primary_key=True)
    full_until = FloatField(index=True)

    @classmethod
    def take(cls, buckets: list[Bucket], now: float, rows: int = 10_000) -> float:
        """Count one attempt in every bucket, or in none if one is full.

        Returns 0, or the seconds after which the next attempt is let through. The attempt is
        counted before the password is looked at, so that many at once get no further than one by
        one.
        """
        with cls._meta.database.atomic():
            kept = cls._kept(buckets)
            wait = max(_wait(bucket, kept.get(bucket.key, now), now) for bucket in buckets)
            if wait > 0:
                return wait
            cls._make_room(len(buckets), now, rows)
            for bucket in buckets:
                cls._keep(bucket.key, max(kept.get(bucket.key, now), now) + bucket.interval)
        return 0.0

    @classmethod
    def give_back(cls, buckets: list[Bucket], now: float) -> None:
        """The attempt was right after all: it doesn't count."""
        with cls._meta.database.atomic():
            kept = cls._kept(buckets)
            for bucket in buckets:
                if bucket.key in kept:
                    cls._keep(bucket.key, max(kept[bucket.key] - bucket.interval, now))

    @classmethod
    def _kept(cls, buckets: list[Bucket]) -> dict[str, float]:
        rows = cls.select().where(cls.key.in_([bucket.key for bucket in buckets]))
        return {row.key: row.full_until for row in rows}

    @classmethod
    def _keep(cls, key: str, full_until: float) -> None:
        cls.insert(key=key, full_until=full_until).on_conflict_replace().execute()

    @classmethod
    def _make_room(cls, wanted: int, now: float, rows: int) -> None:
        """Forget empty buckets, and past the bound those that come next to being empty."""
        if cls.select().count() + wanted <= rows:
            return
        cls.delete().where(cls.full_until <= now).execute()
        excess = cls.select().count() + wanted - rows
        if excess > 0:
            oldest = cls.select(cls.key).order_by(cls.full_until).limit(excess)
            cls.delete().where(cls.key.in_(oldest)).execute()


def _wait(bucket: Bucket, full_until: float, now: float) -> float:
    return max(full_until, now) + bucket.interval - bucket.seconds - now


def account_key(name: str) -> str:
    """The bucket of an account, by what was typed as its name."""
    return _digest("account", name_key(name))


def device_key(user_id: str, device: str) -> str:
    """The bucket of an account on a device that has signed in to it before."""
    return _digest("device", user_id + " " + device)


def address_key(address: str) -> str:
    """The bucket of an address; IPv6 by its /64, which is what one customer gets."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return _digest("address", "unknown")
    if parsed.version == 6:
        return _digest("address", str(ipaddress.ip_network((parsed, 64), strict=False)))
    return _digest("address", str(parsed))


def _digest(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind}:{value}".encode("utf-8", "replace")).hexdigest()
