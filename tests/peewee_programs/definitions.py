"""Model classes: options, inheritance, fields added and taken away, and what the metadata says of them."""

import datetime

from peewee import (
    SQL,
    BlobField,
    BooleanField,
    Check,
    CompositeKey,
    DateTimeField,
    DeferredForeignKey,
    FloatField,
    ForeignKeyField,
    IntegerField,
    Model,
    SqliteDatabase,
    TextField,
    UUIDField,
)

db = SqliteDatabase(":memory:", pragmas={"foreign_keys": 1})


class Base(Model):
    created = DateTimeField(default=datetime.datetime(2026, 1, 2, 3, 4, 5))

    class Meta:
        database = db
        legacy_table_names = False


class Person(Base):
    name = TextField(unique=True)
    photo = BlobField(null=True)
    born = IntegerField(constraints=[Check("born > 1800")], index=True)


class TwoWordName(Base):
    person = ForeignKeyField(Person, backref="names", on_delete="CASCADE")
    word = TextField(column_name="the_word")

    class Meta:
        indexes = ((("person", "word"), True),)
        table_settings = ()


class Pair(Base):
    left = IntegerField()
    right = IntegerField()

    class Meta:
        primary_key = CompositeKey("left", "right")
        without_rowid = True
        table_name = "pairs"


class Keyless(Base):
    value = FloatField(default=lambda: 1.5)

    class Meta:
        primary_key = False


class Later(Base):
    other = DeferredForeignKey("Sooner", null=True, backref="laters")


class Sooner(Base):
    token = UUIDField(primary_key=True)


class Special(Person):
    flag = BooleanField(default=False)

    class Meta:
        def table_function(model):
            return f"x_{model.__name__}"

        strict_tables = True
        extra = "kept"


class Loose(Model):
    text = TextField(default="none")


MODELS = [Person, TwoWordName, Pair, Keyless, Sooner, Later]


def describe(model):
    meta = model._meta
    print(model.__name__, meta.name, meta.table_name, meta.database is db, meta.schema)
    print(" fields", meta.sorted_field_names, sorted(meta.columns), sorted(meta.combined))
    print(" key", meta.primary_key, meta.composite_key, meta.auto_increment)
    print(" defaults", meta.get_default_dict(), sorted(f.name for f in meta.defaults))
    print(" refs", [(f.name, m.__name__) for f, m in meta.refs.items()])
    print(" backrefs", [(f.name, m.__name__) for f, m in meta.backrefs.items()])
    print(" graph", [(f and f.name, m.__name__, d) for f, m, d in meta.model_graph()])
    print(" table", meta.table.__name__ if hasattr(meta.table, "__name__") else meta.table_name)
    print(" same table", meta.table is meta.table, meta.entity.__class__.__name__)
    print(" indexes", [i.__class__.__name__ for i in meta.fields_to_index()])
    print(" settings", meta.without_rowid, meta.strict_tables, meta.temporary, meta.options)


for each in [*MODELS, Special, Loose]:
    describe(each)
print("extra option", Special._meta.extra, sorted(Special._meta._additional_keys))
print("no database", Loose._meta.database, Loose.select().sql())

db.connect()
db.create_tables(MODELS)
for name, sql in db.execute_sql("SELECT name, sql FROM sqlite_master ORDER BY name"):
    print(name, sql)
for each in MODELS:
    print([q.query() for q in each._schema.create_all.__self__._create_indexes()])

ann = Person.create(name="Ann", born=1990, photo=b"\x00\x01")
TwoWordName.create(person=ann, word="first")
print(bytes(Person.get(name="Ann").photo), ann.names.count(), [n.word for n in ann.names])

Person._meta.add_field("nick", TextField(null=True))
db.execute_sql('ALTER TABLE "person" ADD COLUMN "nick" TEXT')
print(Person._meta.sorted_field_names, Person._meta.table.nick.name)
Person.update(nick="A").where(Person.id == ann.id).execute()
print(Person.get_by_id(ann.id).nick, Person.select(Person.nick).sql())
Person._meta.remove_field("nick")
print(Person._meta.sorted_field_names, Person.select().sql())

Pair._meta.set_table_name("couples")
print(Pair._meta.table_name, Pair.select().sql())
Pair._meta.schema = "side"
print(Pair._meta.schema, Pair.select().sql(), Pair._meta.entity._path)
try:
    Pair._meta.table = None
except AttributeError as error:
    print(type(error).__name__, error)

Made = type("Made", (Base,), {"number": IntegerField(constraints=[SQL("DEFAULT 7")])})
Made.create_table()
Made.insert({}).execute()
print(Made.select(Made.number).scalar(), Made._meta.database is db, Made.table_exists())
db.close()
