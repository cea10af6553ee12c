"""What becomes of companies while others work in them: their names, states, stores, copies, and their end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tenants import BadChange, LockTimeout, UnknownTenant

from .model import Company
from .table import operation
from .world import World

#: What companies are called, one after the other, so that one gets the name that another had.
NAMES = ("acme", "affil", "globex", "initech", "north", "south", "east", "west")

FEWEST, MOST = 2, 6


def _free_name(world: World) -> str:
    taken = {one.slug for one in world.companies}
    return str(world.any([name for name in NAMES if name not in taken]))


def _changed(world: World, do: Callable[[], Any], bad: bool, busy: bool) -> Any:
    """Let somebody change something; returns None where it was refused, which may be only for good reason.

    Args:
        bad: it isn't possible as things stand.
        busy: somebody may have in hand what nobody may for this.
    """
    try:
        done = world.any(world.workers).run(do)
    except LockTimeout as error:
        if not busy:
            world.fail(f"waited for nobody: {error!r}")
        world.done["waited"] += 1
        return None
    except BadChange as error:
        if not bad:
            world.fail(f"refused: {error!r}")
        world.done["refused"] += 1
        return None
    if bad:
        world.fail(f"did what isn't possible: {done!r}")
    world.done["moved"] += 1
    return done


def _may_be_in_hand(world: World, *owners: str) -> bool:
    """True where some entry is for a store of one of these tenants."""
    return any(shelf.owner in owners for seat in world.seats() for shelf in seat.shelves.values())


def _quiet(world: World) -> Company:
    """Choose a company, by preference one that nobody is in, nor in one that shares its stores."""
    quiet = [
        company
        for company in world.companies
        if not _may_be_in_hand(world, *(s.owner for s in company.shelves.values()), company.id)
    ]
    return world.any((quiet if world.choose(4) else []) or world.companies)


def _require_gone(world: World, slug_or_id: str) -> None:
    try:
        found = world.router.tenant(slug_or_id)
    except UnknownTenant:
        return
    world.fail(f"{slug_or_id} is still {found.slug}")


@operation(1)
def rename(world: World) -> None:
    company = world.any(world.companies)
    old, company.slug = company.slug, _free_name(world)
    world.any(world.workers).run(lambda: world.router.rename(old, company.slug))
    world.done["moved"] += 1
    _require_gone(world, old)


@operation(3)
def change_state(world: World) -> None:
    company, state = world.any(world.companies), world.any(["active", "suspended", "archived"])
    change = {
        "active": lambda: world.router.resume(company.slug),
        "suspended": lambda: world.router.suspend(company.slug, "for a while"),
        "archived": lambda: world.router.archive(company.slug),
    }[state]
    if _changed(world, change, bad=company.state == state, busy=False):
        company.state = state
        company.changes += 1


# Stores


@operation(3)
def share(world: World) -> None:
    company, other = _quiet(world), _quiet(world)
    if company is other:
        return
    shelf = other.shelves["registers"]
    done = _changed(
        world,
        lambda: world.router.share(company.slug, "registers", other.slug, patience=0),
        bad=(
            shelf.owner == company.id
            or company.shelves["registers"] is shelf
            or "archived" in (company.state, other.state)
        ),
        busy=_may_be_in_hand(world, company.id, shelf.owner),
    )
    if done:
        world.reshaped = True
        company.shelves["registers"] = shelf


@operation(3)
def unshare(world: World) -> None:
    company = _quiet(world)
    shelf = company.shelves["registers"]
    done = _changed(
        world,
        lambda: world.router.unshare(company.slug, "registers", patience=0),
        bad=shelf.owner == company.id or company.state == "archived",
        busy=_may_be_in_hand(world, company.id, shelf.owner),
    )
    if done:
        world.reshaped = True
        company.shelves["registers"] = shelf.copy(f"{company.name}/registers", company.id)


@operation(1)
def purge_a_store(world: World) -> None:
    for store in world.router.unused_stores():
        _changed(
            world,
            lambda store=store: world.router.purge_store(store, patience=0),
            bad=False,
            busy=_may_be_in_hand(world, store.owner),
        )


# Beginning and end


@operation(2)
def clone(world: World) -> None:
    source = world.any([one for one in world.companies if one.state != "suspended"] or [None])
    if source is None or len(world.companies) >= MOST:
        return
    slug = _free_name(world)
    own = {role: s for role, s in source.shelves.items() if s.owner == source.id}
    made = _changed(
        world,
        lambda: world.router.clone(source.slug, slug),
        bad=False,
        busy=any(shelf.writer for shelf in own.values()),
    )
    if made:
        world.reshaped = True
        copies = {role: shelf.copy(f"{slug}/{role}", made.id) for role, shelf in own.items()}
        world.companies.append(Company(made.id, slug, {**source.shelves, **copies}))


@operation(2)
def purge(world: World) -> None:
    company = _quiet(world)
    if len(world.companies) <= FEWEST:
        return
    done = _changed(
        world,
        lambda: world.router.purge(company.slug, patience=0),
        bad=company.state == "active",
        busy=_may_be_in_hand(world, company.id),
    )
    if done:
        world.reshaped = company.purged = True
        world.companies.remove(company)
        _require_gone(world, company.id)
