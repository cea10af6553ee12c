"""Connections and transactions, by blocks, decorators and hand, in one thread and in several."""

import tempfile
import threading
from pathlib import Path

from peewee import IntegerField, Model, OperationalError, SqliteDatabase

folder = tempfile.TemporaryDirectory()
db = SqliteDatabase(Path(folder.name) / "t.db", pragmas={"journal_mode": "wal"}, timeout=5)


class Counter(Model):
    value = IntegerField(default=0)

    class Meta:
        database = db


def values():
    return [c.value for c in Counter.select().order_by(Counter.id)]


with db.connection_context():
    db.create_tables([Counter])
print(db.is_closed())

with db:
    Counter.create(value=1)
    print(db.in_transaction(), db.transaction_depth())
print(db.is_closed(), db.is_connection_usable())

db.connect()
print(db.connect(reuse_if_open=True))
try:
    db.connect()
except OperationalError as error:
    print(error)

with db.atomic() as outer:
    Counter.create(value=2)
    try:
        with db.atomic():
            Counter.create(value=3)
            raise KeyError("inner")
    except KeyError as error:
        print("rolled back to the savepoint:", error, values())
    with db.savepoint() as savepoint:
        Counter.create(value=4)
        savepoint.rollback()
    outer.commit()
    Counter.create(value=5)
    outer.rollback()
print(values())


@db.atomic("IMMEDIATE")
def add(value):
    print(db.transaction_depth(), db.in_transaction())
    return Counter.create(value=value).value


print(add(6), values())
with db.transaction("EXCLUSIVE") as txn:
    Counter.delete().execute()
    txn.rollback()
print(values())
with db.manual_commit():
    db.begin()
    Counter.create(value=7)
    db.rollback()
    db.begin()
    Counter.create(value=8)
    db.commit()
print(values())


@db.connection_context()
def in_own_connection():
    with db.atomic():
        Counter.update(value=Counter.value + 1).execute()
    return db.is_closed()


def many():
    with db.connection_context():
        for _ in range(25):
            with db.atomic("IMMEDIATE"):
                Counter.update(value=Counter.value + 1).where(Counter.id == 1).execute()


db.close()
threads = [threading.Thread(target=many) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
with db:
    print(values(), in_own_connection.__name__)
print(in_own_connection(), db.is_closed())
with db:
    print(values())
print(db.close(), db.is_closed())
folder.cleanup()
