"""Patients can be called."""

from peewee import TextField


def up(migrator, db):
    migrator.migrate(migrator.add_column("patient", "phone", TextField(default="")))
