"""What is done with rows, and with what is carried from one company into another."""

from __future__ import annotations

from routed_models import Customer, Item

from . import changes, moves
from .table import OPERATIONS, Operation, operation
from .things import KINDS, Thing, content
from .turn import Turn
from .world import World

__all__ = ["OPERATIONS", "Operation", "changes", "moves"]

MOST_THINGS, MOST_ROWS = 12, 12


@operation(20)
def read(world: World) -> None:
    role = world.any(["books", "books", "registers"])
    turn = Turn(world, world.hand(), role)
    model = Item if role == "books" else Customer
    turn.reads(
        lambda: {row._pk: content(row) for row in model.select()}, dict(turn.rows()), stale=True
    )


@operation(10)
def create(world: World) -> None:
    turn = Turn(world, world.hand(), "books")
    if len(turn.rows()) >= MOST_ROWS:
        return
    number, text, journal = turn.next_id(), turn.fresh_text(), 1 + world.choose(2)
    if turn.writes(lambda: Item.create(journal=journal, text=text).id, number):
        turn.put(number, (journal, text, 0))


@operation(4)
def create_several(world: World) -> None:
    turn = Turn(world, world.hand(), "books")
    if len(turn.rows()) >= MOST_ROWS:
        return
    number, texts = turn.next_id(), [turn.fresh_text(), turn.fresh_text()]
    if turn.writes(lambda: Item.bulk_create([Item(journal=1, text=t) for t in texts]), None):
        for offset, text in enumerate(texts):
            turn.put(number + offset, (1, text, 0))


@operation(4)
def create_a_customer(world: World) -> None:
    turn = Turn(world, world.hand(), "registers")
    if len(turn.rows()) >= MOST_ROWS:
        return
    number, text = turn.next_id(), turn.fresh_text()
    if turn.writes(lambda: Customer.insert(stid=number, name=text).execute(), number):
        turn.put(number, (0, text))


@operation(8)
def update(world: World) -> None:
    turn = Turn(world, world.hand(), "books")
    number, text = turn.any_id(), turn.fresh_text()
    row = turn.rows().get(number)
    query = lambda: Item.update(text=text).where(Item.id == number).execute()  # noqa: E731
    if turn.writes(query, int(row is not None)) and row is not None:
        turn.put(number, (row[0], text, row[2]))


@operation(5)
def delete(world: World) -> None:
    turn = Turn(world, world.hand(), world.any(["books", "books", "registers"]))
    model = Item if turn.shelf is None or turn.shelf.label.endswith("books") else Customer
    number = turn.any_id()
    if turn.writes(lambda: model.delete_by_id(number), int(number in turn.rows())):
        turn.rows().pop(number, None)


# Things that are carried


@operation(14)
def take_a_thing(world: World) -> None:
    kind, hand = world.any(KINDS), world.hand()
    turn = Turn(world, hand, kind.role)
    thing = Thing(kind, turn.seat, turn.shelf)
    kind.take(turn, thing)
    if thing.it is None:
        return
    if len(world.things) >= MOST_THINGS:
        world.drop(world.any(world.things))
    world.things.append(thing)


@operation(40)
def use_a_thing(world: World) -> None:
    if world.things:
        thing = world.any(world.things)
        hand = world.hand(thing.shelf)
        name = world.any(list(thing.kind.uses))
        world.note("  use", thing.kind.name, name, thing.shelf and thing.shelf.label)
        thing.kind.uses[name](Turn(world, hand, thing.kind.role, thing), thing)


@operation(3)
def drop_a_thing(world: World) -> None:
    if world.things:
        world.drop(world.any(world.things))
