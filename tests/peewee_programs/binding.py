"""Databases given to models late, changed, bound for a while, and seen from other threads."""

import threading

from peewee import (
    BlobField,
    DatabaseProxy,
    ForeignKeyField,
    InterfaceError,
    Model,
    Proxy,
    SqliteDatabase,
    TextField,
)
from playhouse.shortcuts import ThreadSafeDatabaseMetadata

one, two = SqliteDatabase(":memory:"), SqliteDatabase(":memory:")
names = {id(one): "one", id(two): "two"}
proxy, old_proxy = DatabaseProxy(), Proxy()


def name(database):
    return names.get(id(database), repr(database) if database is None else type(database).__name__)


class Note(Model):
    text = TextField()
    blob = BlobField(null=True)


class Reply(Model):
    note = ForeignKeyField(Note, backref="replies")


class Fixed(Model):
    text = TextField()

    class Meta:
        database = one


class Heir(Fixed):
    more = TextField(default="")


class Moved(Fixed):
    class Meta:
        database = two


class Proxied(Model):
    text = TextField()

    class Meta:
        database = proxy


class OldProxied(Model):
    text = TextField()

    class Meta:
        database = old_proxy


class Threaded(Model):
    text = TextField()

    class Meta:
        model_metadata_class = ThreadSafeDatabaseMetadata
        database = one


ALL = [Note, Reply, Fixed, Heir, Moved, Proxied, OldProxied, Threaded]


def show(title):
    print(title, [(m.__name__, name(m._meta.database)) for m in ALL])


def attempt(function):
    try:
        return function()
    except Exception as error:
        return f"{type(error).__name__}: {error}"


show("at first")
for action in (Note.select().execute, Note.create_table, lambda: Note.create(text="x")):
    print(attempt(action))
print(attempt(lambda: list(Proxied.select())))
print(attempt(lambda: list(OldProxied.select())))
proxy.initialize(one)
old_proxy.initialize(two)
show("proxies set")

one.create_tables([Fixed, Heir, Proxied, Threaded])
two.create_tables([Moved])
Fixed.create(text="in one")
Moved.create(text="in two")
print(one.get_tables(), two.get_tables())

Note.bind(one)
show("bound one by one")
print(name(Reply._meta.database), attempt(lambda: Reply.create_table()))
one.bind([Note, Reply])
one.create_tables([Note, Reply])
note = Note.create(text="hello", blob=b"b")
Reply.create(note=note)
with two.bind_ctx([Note, Reply]):
    show("within bind_ctx")
    two.create_tables([Note, Reply])
    Note.create(text="other")
    with one.bind_ctx([Note], bind_refs=False, bind_backrefs=False):
        show("nested, this one alone")
        print([n.text for n in Note.select()])
    print([n.text for n in Note.select()], Reply.select().count())
show("after bind_ctx")
print([n.text for n in Note.select()], [r.note.text for r in Reply.select()])

try:
    with two.bind_ctx([Note]):
        raise LookupError("leaves the block")
except LookupError as error:
    print(error, name(Note._meta.database))

with Note.bind_ctx(two):
    query = Note.select()
print([n.text for n in query], name(query._database), name(Note._meta.database))
print([n.text for n in Note.select().bind(two)], Note.select().count(two), Note.select().count())

Note._meta.set_database(two)
show("set_database")
Note._meta.database = one
show("assigned")
hooked = []
Note._meta._db_hooks.append(lambda database: hooked.append(name(database)))
Note._meta.set_database(two)
Note.bind(None)
print(hooked, name(Note._meta.database), attempt(lambda: Note._schema.database))
Note.bind(one)
print(hooked, name(Note._meta.database), name(Note._schema.database))


def in_thread(function):
    result = []
    thread = threading.Thread(target=lambda: result.append(attempt(function)))
    thread.start()
    thread.join()
    return result[0]


print("a thread sees", in_thread(lambda: [(m.__name__, name(m._meta.database)) for m in ALL]))
print("a thread binds", in_thread(lambda: Note.bind(two)), name(Note._meta.database))
print("a thread binds", in_thread(lambda: Threaded.bind(two)), name(Threaded._meta.database))
with one.bind_ctx([Note]):
    print("a thread within", in_thread(lambda: name(Note._meta.database)))
print("table", Note._meta.table is Note._meta.table, name(Note._meta.table._database))
one.close()
two.close()
print(attempt(lambda: one.cursor() and InterfaceError), one.is_closed(), two.is_closed())
