"""What is carried from one company into another, and how it is used there: a table of kinds."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from routed_models import Customer, Item, Journal

from .model import Seat, Shelf

if TYPE_CHECKING:
    from .turn import Turn

for _model in (Item, Customer):  # made in a function, and named by their module
    _model.__qualname__ = _model.__name__


class Thing:
    """Something that was taken somewhere.

    Attributes:
        kind: what it is.
        it: the thing itself.
        seat: where it was taken; None where there was no company.
        shelf: which store it belongs to; None for what was built without an entry, and so is dead.
        row: the id and content of the row that it is, as it was.
        rows: what it has fetched.
    """

    def __init__(self, kind: Kind, seat: Seat | None, shelf: Shelf | None) -> None:
        self.kind = kind
        self.it: Any = None
        self.seat = seat
        self.shelf = shelf
        self.row: Any = None
        self.rows: Any = None


@dataclass(frozen=True)
class Kind:
    """A kind of thing.

    Attributes:
        name: what it is.
        role: in which store.
        take: gets one, or None where there is none.
        uses: what can be done with it, by name. Each tells the turn what it expects.
        anywhere: it can be made without an entry too, and is then dead.
    """

    name: str
    role: str
    take: Callable[[Turn, Thing], None]
    uses: dict[str, Callable[[Turn, Thing], None]] = field(default_factory=dict)
    anywhere: bool = False


KINDS: list[Kind] = []


def _kind(name: str, role: str, take: Any, anywhere: bool = False, **uses: Any) -> None:
    KINDS.append(Kind(name, role, take, uses, anywhere))


def content(row: Any) -> tuple[Any, ...]:
    """Return a row as the model has it."""
    if isinstance(row, Item):
        return row.journal_id, row.text, row.amount
    return 0, row.name


# Rows


def _take_row(turn: Turn, thing: Thing) -> None:
    model = Item if thing.kind.role == "books" else Customer
    number = turn.any_id()
    found = turn.reads(lambda: model.get_or_none(model._meta.primary_key == number), compare=False)
    if found is not None:
        thing.it, thing.row = found, (number, content(found))
        turn.require((number, content(found)) in turn.shelf.history, f"row {number}: {found}")


def _save(turn: Turn, thing: Thing, load: Callable[[Any], Any] = lambda it: it) -> None:
    number, row = thing.row
    text = turn.fresh_text()

    def save() -> int:
        row = load(thing.it)
        setattr(row, "text" if thing.kind.role == "books" else "name", text)
        return row.save()

    changed = (row[0], text, *row[2:])
    if turn.writes(save, int(number in turn.rows()), thing) and number in turn.rows():
        turn.put(number, changed)
    if load is not pickle.loads:
        thing.row = (number, changed)


def _delete(turn: Turn, thing: Thing) -> None:
    if turn.writes(thing.it.delete_instance, int(thing.row[0] in turn.rows()), thing):
        turn.rows().pop(thing.row[0], None)


def _follow(turn: Turn, thing: Thing, load: Callable[[Any], Any] = lambda it: it) -> None:
    title = f"{turn.shelf.titles} {thing.row[1][0]}"
    # Followed once, it needs no connection any more.
    turn.reads(lambda: load(thing.it).journal.title, title, thing, threads=False)


def _reload(turn: Turn, thing: Thing) -> None:
    row = turn.rows().get(thing.row[0])
    turn.reads(
        lambda: [item.text for item in Item.select().where(Item.id == thing.it)],
        [row[1]] if row else [],
        thing,
        stale=True,
    )


def _equal(turn: Turn, thing: Thing) -> None:
    equal = turn.compares(lambda: thing.it == Item.get_or_none(Item.id == thing.row[0]))
    turn.require(not equal or turn.seat.holds(turn.shelf), "LEAK: equal to another company's row")


_kind(
    "row",
    "books",
    _take_row,
    save=_save,
    delete=_delete,
    follow=_follow,
    reload=_reload,
    equal=_equal,
)
_kind("customer", "registers", _take_row, save=_save, delete=_delete)


def _take_pickled(turn: Turn, thing: Thing) -> None:
    _take_row(turn, thing)
    thing.it = pickle.dumps(thing.it) if thing.it is not None else None


_kind(
    "pickled row",
    "books",
    _take_pickled,
    save=lambda turn, thing: _save(turn, thing, pickle.loads),
    follow=lambda turn, thing: _follow(turn, thing, pickle.loads),
)


# Journals, which have items and never change


def _take_journal(turn: Turn, thing: Thing) -> None:
    number = 1 + turn.choose(2)
    thing.row = (number, None)
    thing.it = turn.reads(lambda: Journal.get_by_id(number), compare=False)


def _items_of(turn: Turn, thing: Thing) -> list[int]:
    return sorted(n for n, row in turn.rows().items() if row[0] == thing.row[0])


def _create_in(turn: Turn, thing: Thing) -> None:
    number, text = turn.next_id(), turn.fresh_text()
    if turn.writes(lambda: Item.create(journal=thing.it, text=text).id, number, thing):
        turn.put(number, (thing.row[0], text, 0))


_kind(
    "journal",
    "books",
    _take_journal,
    list=lambda turn, thing: turn.reads(
        lambda: sorted(item.id for item in thing.it.items),
        _items_of(turn, thing),
        thing,
        stale=True,
    ),
    compare=lambda turn, thing: turn.reads(
        lambda: sorted(item.id for item in Item.select().where(Item.journal == thing.it)),
        _items_of(turn, thing),
        thing,
        stale=True,
    ),
    create=_create_in,
)


# Queries, what they fetched, and databases


def _take_query(turn: Turn, thing: Thing) -> None:
    thing.it = turn.builds(lambda: Item.select().order_by(Item.id))


_kind(
    "query",
    "books",
    _take_query,
    anywhere=True,
    run=lambda turn, thing: turn.reads(
        lambda: {item.id: content(item) for item in thing.it.clone()},
        dict(turn.rows()),
        thing,
        stale=True,
    ),
    nest=lambda turn, thing: turn.reads(
        lambda: Item.select().where(Item.id.in_(thing.it.clone())).count(),
        len(turn.rows()),
        thing,
        stale=True,
    ),
    count=lambda turn, thing: turn.reads(
        lambda: thing.it.count(), len(turn.rows()), thing, stale=True
    ),
)


def _take_fetched(turn: Turn, thing: Thing) -> None:
    def fetch() -> Any:
        query = Item.select().order_by(Item.id)
        query = query.dicts() if thing.kind.name.endswith("dicts") else query
        thing.rows = len(query)
        return query

    thing.it = turn.reads(fetch, compare=False)


def _read_again(turn: Turn, thing: Thing) -> None:
    turn.reads(lambda: len(list(thing.it)), thing.rows, thing, threads=False)


_kind("fetched rows", "books", _take_fetched, again=_read_again)
_kind("fetched dicts", "books", _take_fetched, again=_read_again)


def _take_iterator(turn: Turn, thing: Thing) -> None:
    thing.it = turn.reads(lambda: Item.select().iterator(), compare=False)
    if thing.it is not None:
        turn.half_reads(thing)


def _go_on(turn: Turn, thing: Thing) -> None:
    def step() -> Any:
        item = next(thing.it, None)
        return item and (item.id, content(item))

    found = turn.reads(step, compare=False, thing=thing, cursor=True)
    if found is None:
        turn.world.drop(thing)  # a generator that has raised, or has ended, never goes on
    elif found not in turn.shelf.history:
        turn.require(False, f"an iterator gave {found}, which was never on {turn.shelf.label}")


_kind("iterator", "books", _take_iterator, next=_go_on)
_kind(
    "database",
    "books",
    lambda turn, thing: setattr(thing, "it", turn.builds(lambda: Item._meta.database)),
    anywhere=True,
    read=lambda turn, thing: turn.reads(
        lambda: thing.it.execute_sql("SELECT count(*) FROM item").fetchone()[0],
        len(turn.rows()),
        thing,
        stale=True,
    ),
)
