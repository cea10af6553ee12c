"""Reading and writing through the query builder: joins, aggregates, windows, compound and raw queries."""

from peewee import (
    EXCLUDED,
    JOIN,
    SQL,
    Case,
    DoesNotExist,
    ForeignKeyField,
    IntegerField,
    IntegrityError,
    ManyToManyField,
    Model,
    SqliteDatabase,
    Table,
    TextField,
    Value,
    ValuesList,
    Window,
    fn,
    prefetch,
)

db = SqliteDatabase(":memory:", pragmas={"foreign_keys": 1})


class Base(Model):
    class Meta:
        database = db


class Person(Base):
    name = TextField(unique=True)
    boss = ForeignKeyField("self", null=True, backref="staff")


class Sale(Base):
    person = ForeignKeyField(Person, backref="sales", on_delete="CASCADE", object_id_name="who")
    amount = IntegerField()
    place = TextField(default="here")


class Tag(Base):
    text = TextField(primary_key=True)
    sales = ManyToManyField(Sale, backref="tags")


class Declared(Base):
    person = ForeignKeyField(Person)
    tag = ForeignKeyField(Tag)

    class Meta:
        primary_key = False
        indexes = ((("person", "tag"), True),)


Through = Tag.sales.get_through_model()
db.create_tables([Person, Sale, Tag, Through, Declared])

ann = Person.create(name="Ann")
ben = Person.create(name="Ben", boss=ann)
cid = Person(name="Cid", boss=ben)
print(cid.save(), cid.dirty_fields, cid.id, cid == Person.get_by_id(cid.id), hash(cid) == hash(cid))
rows = [(ann, 10), (ann, 20), (ben, 5), (ben, 7), (cid, 1)]
print(Sale.insert_many([{"person": p, "amount": a} for p, a in rows]).execute())
print(Sale.insert_many([(ann, 99)], fields=[Sale.person, Sale.amount]).execute())
Sale.bulk_create([Sale(person=ben, amount=n) for n in range(5)], batch_size=2)
some = list(Sale.select().where(Sale.amount < 3).order_by(Sale.id))
for sale in some:
    sale.place = "there"
print(Sale.bulk_update(some, fields=[Sale.place], batch_size=2))

query = (
    Person.select(Person, fn.SUM(Sale.amount).alias("total"), fn.COUNT(Sale.id).alias("n"))
    .join(Sale, JOIN.LEFT_OUTER)
    .group_by(Person)
    .having(fn.COUNT(Sale.id) > 0)
    .order_by(SQL("total").desc())
)
print(query.sql())
print([(p.name, p.total, p.n) for p in query])
for shape in ("dicts", "tuples", "namedtuples"):
    print(list(getattr(query, shape)()))
print(list(query.objects(lambda **kw: sorted(kw.items(), key=str))))
print([s.person.name for s in Sale.select(Sale, Person).join(Person).order_by(Sale.id).iterator()])

Boss = Person.alias("boss")
print(list(Person.select(Person.name, Boss.name).join(Boss, on=Person.boss).tuples()))
best = Sale.select(fn.MAX(Sale.amount)).where(Sale.person == Person.id)
print(list(Person.select(Person.name, best.alias("best")).tuples()))
print(list(Person.select(Person.name).where(Person.id.in_(Sale.select(Sale.person))).tuples()))
big = Sale.select(Sale.person, fn.SUM(Sale.amount).alias("s")).group_by(Sale.person).cte("big")
print(
    list(
        Person.select(Person.name, big.c.s)
        .join(big, on=(big.c.person_id == Person.id))
        .with_cte(big)
        .order_by(big.c.s)
        .tuples()
    )
)
top = Person.select(Person.id, Value(0).alias("depth")).where(Person.boss.is_null())
tree = top.cte("tree", recursive=True, columns=("id", "depth"))
down = Person.select(Person.id, tree.c.depth + 1).join(tree, on=(Person.boss == tree.c.id))
tree = tree.union_all(down)
print(list(tree.select_from(tree.c.id, tree.c.depth).tuples()))
low, high = Sale.select().where(Sale.amount < 5), Sale.select().where(Sale.amount > 10)
print(sorted(s.amount for s in low | high), (low & high).count(), (low - high).count())
window = Window(partition_by=[Sale.person], order_by=[Sale.amount])
print(
    list(
        Sale.select(Sale.person, fn.RANK().over(window), fn.SUM(Sale.amount).over(window))
        .window(window)
        .tuples()
    )
)
print(
    list(
        Sale.select(Case(None, [(Sale.amount > 9, "big")], "small"), fn.COUNT(1))
        .group_by(SQL("1"))
        .order_by(SQL("1"))
        .tuples()
    )
)
print(list(ValuesList([(1, "a"), (2, "b")]).select(SQL("*")).bind(db).tuples()))
print(list(Table("sale", ("id", "amount")).bind(db).select(SQL("COUNT(*)")).tuples()))

print(Person.get_or_create(name="Ann")[1], Person.get_or_create(name="Dan")[1])
print(Person.get_or_none(name="Nobody"), Person.filter(name__ilike="a%").count())
try:
    Person.get(name="Nobody")
except DoesNotExist as error:
    print(type(error).__mro__[1:3], str(error).split("SQL")[0])
try:
    Person.create(name="Ann")
except IntegrityError as error:
    print(error)
print(Person.insert(name="Ann").on_conflict_ignore().as_rowcount().execute())
conflict = Person.insert(name="Ann").on_conflict(
    conflict_target=[Person.name], update={Person.name: EXCLUDED.name.concat("!")}
)
print(conflict.execute(), Person.get_by_id(ann.id).name)
print([p.name for p in Person.raw("SELECT * FROM person WHERE id = ?", ben.id)])
print(Sale.update(amount=Sale.amount + 1).where(Sale.place == "there").execute())
print(list(Sale.update(amount=0).where(Sale.amount > 90).returning(Sale.who, Sale.amount).tuples()))
print(list(Sale.delete().where(Sale.amount == 0).returning(Sale).dicts()))
print(
    Sale.insert_from(
        Sale.select(Sale.person, Sale.amount, Value("copy")).limit(2),
        [Sale.person, Sale.amount, Sale.place],
    ).execute()
)

people = Person.select().order_by(Person.id)
print(
    [
        (p.name, [s.amount for s in p.sales], [s.name for s in p.staff])
        for p in prefetch(people, Sale.select().order_by(Sale.id))
    ]
)
tag = Tag.create(text="x")
tag.sales.add(list(Sale.select().limit(3).order_by(Sale.id)))
print(len(tag.sales), [t.text for t in Sale.get_by_id(1).tags])
tag.sales.remove(Sale.get_by_id(1))
print(tag.sales.count(), Through.select().count(), Through._meta.database is db)
tag.sales.clear()
Declared.create(person=ann, tag=tag)
print(Declared.select().where(Declared.person == ann).exists(), Declared.get(tag="x").person.name)
print(Sale.get_by_id(2).who, Sale[2].amount, 2 in Sale, len(Sale), [s.id for s in Sale][:2])
Sale[2] = {"amount": 41}
print(Sale[2].amount, Sale.select().where(Sale.amount == 41).get().person == ann)
print(
    [field.name for _, field in ben.dependencies()],
    ben.delete_instance(recursive=True, delete_nullable=True),
)
print(
    Person.select().count(),
    Sale.select().count(),
    Sale.delete_by_id(2),
    Sale.set_by_id(1, {"amount": 3}),
)
cached = Person.select().order_by(Person.id)
first = list(cached)
Person.create(name="New")
print(len(first), len(cached), len(cached.clone()), cached[0] is first[0], cached.first().name)
Sale.truncate_table()
print(
    Sale.select().count(),
    Sale.select().peek(),
    Sale.select().scalar(),
    Person.select().paginate(1, 2).count(),
)
db.drop_tables([Person, Sale, Tag, Through, Declared])
print(db.get_tables())
db.close()
