"""What comes with Peewee in its playhouse: reflection, migrations, signals, dictionaries, full-text search, pools."""

import pickle
import tempfile
from pathlib import Path

from peewee import (
    Field,
    ForeignKeyField,
    IntegerField,
    Model,
    SqliteDatabase,
    TextField,
)
from playhouse import dataset, hybrid, kv, migrate, pool, reflection, shortcuts, signals
from playhouse.sqlite_ext import FTS5Model, RowIDField, SearchField
from playhouse.test_utils import count_queries

folder = tempfile.TemporaryDirectory()
db = pool.PooledSqliteDatabase(Path(folder.name) / "tools.db", max_connections=3)


class Base(Model):
    class Meta:
        database = db


class Author(Base):
    first, last = TextField(), TextField()

    @hybrid.hybrid_property
    def full(self):
        return self.first + " " + self.last


class Book(Base):
    author = ForeignKeyField(Author, backref="books")
    title = TextField(index=True)
    pages = IntegerField(default=100)


class Signalled(signals.Model):
    text = TextField()

    class Meta:
        database = db


class Search(FTS5Model):
    rowid = RowIDField()
    text = SearchField()

    class Meta:
        database = db
        options = {"tokenize": "porter"}


class UpperField(Field):
    field_type = "TEXT"

    def db_value(self, value):
        return value and value.upper()

    def python_value(self, value):
        return value and value.lower()


class Custom(Base):
    text = UpperField()


heard = []


@signals.pre_save(sender=Signalled)
def before(model, instance, created):
    heard.append(("pre", model.__name__, instance.text, created))


@signals.post_delete(sender=Signalled)
def after(model, instance):
    heard.append(("gone", instance.text))


db.connect()
db.create_tables([Author, Book, Signalled, Search, Custom])
ann = Author.create(first="Ann", last="Lee")
book = Book.create(author=ann, title="One")
print(Author.select().where(Author.full == "Ann Lee").count(), ann.full)
data = shortcuts.model_to_dict(book, recurse=True)
print(data, shortcuts.model_to_dict(ann, backrefs=True))
again = shortcuts.dict_to_model(Book, data)
print(again.author.first, again == book, shortcuts.update_model_from_dict(book, {"pages": 7}).pages)
lazy = pickle.loads(pickle.dumps(Book.get()))
print(lazy.title, lazy.author_id, lazy.author.full, lazy == book)
with count_queries() as counter:
    list(Book.select())
    print(Book.get().author.first)
print(counter.count)

note = Signalled.create(text="a")
note.delete_instance()
print(heard)
Search.insert_many([{"text": t} for t in ("running fast", "a runner", "walking")]).execute()
print([s.text for s in Search.search_bm25("run").order_by(Search.rowid)])
Custom.create(text="MiXed")
print(Custom.get().text, db.execute_sql("SELECT text FROM custom").fetchone())

migrator = migrate.SqliteMigrator(db)
migrate.migrate(
    migrator.add_column("book", "isbn", TextField(default="")),
    migrator.rename_column("book", "pages", "leaves"),
    migrator.add_index("book", ("title", "leaves"), True),
    migrator.drop_not_null("author", "last"),
)
found = reflection.generate_models(db)
print(sorted(found), sorted(found["book"]._meta.fields), found["book"]._meta.database is db)
print([(c.name, c.null) for c in db.get_columns("author")], db.get_foreign_keys("book"))
print([(i.name, i.unique) for i in db.get_indexes("book")])
print([(b.title, b.leaves, b.author.first) for b in found["book"].select()])
reflection.print_model(found["book"])
reflection.print_table_sql(Book)

store = kv.KeyValue(database=db, table_name="kv")
store.update(a=1, b=[2, 3])
print(sorted(store.items()), store[store.key < "b"], "a" in store, len(store))
side = dataset.DataSet("sqlite:///:memory:")
side["people"].insert(name="Ann", age=3)
side["people"].insert(name="Ben", colour="red")
print(sorted(side["people"].columns), list(side["people"].find(name="Ben")), side.tables)
side.close()
plain = SqliteDatabase(":memory:")
with plain.bind_ctx([Author, Book]):
    plain.create_tables([Author, Book])
    print(Author.select().count(), Author._meta.database is plain)
plain.close()
print(Author.select().count(), len(db._in_use))
db.close()
print(len(db._in_use), len(db._connections))
db.close_all()
folder.cleanup()
