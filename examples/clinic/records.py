"""What a clinic stores, in a database of its own, and who works there, which is one table for all."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path

from peewee import CharField, DateField, ForeignKeyField, TextField

from tenants import RoutedModel, Router, Tenant

MIGRATIONS = {"records": Path(__file__).parent / "migrations" / "records"}


class Patient(RoutedModel):
    name = TextField()
    phone = TextField(default="")

    class Meta:
        store = "records"


class Visit(RoutedModel):
    patient = ForeignKeyField(Patient, backref="visits")
    day = DateField()
    finding = TextField(default="")

    class Meta:
        store = "records"


class Member(RoutedModel):  # no store: universal
    """Somebody who works in a clinic. `key` is a digest: what the database knows signs nobody in."""

    key = CharField(64, primary_key=True)
    clinic = CharField(26, index=True)  # the tenant's id, as its slug may change


CLINIC = [Patient, Visit]


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def open_router(
    folder: str, descriptors: int | None = None, migrate_on_open: bool = False
) -> Router:
    """Open the data folder; the databases may take so many file descriptors, a share of `ulimit -n` unless given."""
    router = Router(folder, descriptors, migrations=MIGRATIONS, migrate_on_open=migrate_on_open)
    router.universal.create_tables([Member])
    router.recover()  # finishes or removes what a process that died left half-done
    return router


def open_clinic(router: Router, slug: str, like: str | None = None) -> str:
    """Make a clinic, with the records of another one if that is named, and return its first member's token."""
    token = secrets.token_urlsafe()

    def register(clinic: Tenant) -> None:  # in the transaction that makes the clinic visible
        Member.create(key=digest_of(token), clinic=clinic.id)

    if like is not None:
        router.clone(like, slug, register=register)
    else:
        router.create(slug, CLINIC, register=register, template="clinic")
    return token


def close_clinic(router: Router, slug: str) -> Path:
    """Remove a suspended or archived clinic and its members for good; return the folder of its last backup."""

    def unregister(clinic: Tenant) -> None:
        Member.delete().where(Member.clinic == clinic.id).execute()

    return router.purge(slug, unregister)
