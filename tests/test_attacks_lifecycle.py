"""What becomes of a company is no way into another: suspended, archived, renamed, purged, cloned, shared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from attacks.arena import Arena, arena_in
from attacks.companies import ACME, INITECH, VICTIM
from attacks.marks import mark_of
from attacks.people import Identity
from attacks.probes import Probe
from models.companies import create_company
from models.company_life import archive_company, purge_company, rename_company, suspend_company
from models.registers import Customer
from models.sharing import unshare_registers

FRESH = "zyxwzyxwzyxw"
"""A text that was in no books before."""


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Arena]:
    with arena_in(tmp_path) as arena:
        yield arena


def look(arena: Arena, name: str, path: str, **query: str) -> Any:
    return arena.ask(Probe("", "", "GET", path, arena.people[name], query=query))


def send(arena: Arena, name: str, path: str, **form: str) -> Any:
    return arena.ask(Probe("", "", "POST", path, arena.people[name], form=form))


def attack(arena: Arena, who: Identity, slug: str = ACME) -> None:
    """Everything that somebody can ask for finds nothing that it mustn't."""
    arena.log.taken()
    found = arena.fire_all(arena.quiver.everything(who, slug))
    assert not found, "\n".join(map(str, found[:10]))


def test_a_suspended_company_shows_and_takes_nothing(arena: Arena) -> None:
    """Its members are told so, and read none of its texts."""
    with arena.site.app.app_context():
        suspend_company(arena.site.router, ACME, "An audit")
    assert look(arena, "anna", f"/c/{ACME}/journal").status_code == 403
    attack(arena, arena.people["anna"]._replace(name="lena"))
    assert arena.answered[403] > 30


def test_an_archived_company_takes_nothing(arena: Arena) -> None:
    """Its members read it; no form of any page changes a byte."""
    with arena.site.app.app_context():
        archive_company(arena.site.router, ACME)
    assert look(arena, "anna", f"/c/{ACME}/journal").status_code == 200
    attack(arena, arena.people["anna"]._replace(name="rita"))
    assert arena.answered[409] > 10


def test_a_short_name_that_is_given_again_opens_only_the_new_company(arena: Arena) -> None:
    """Members of the one that had it are nobody there; they find theirs under its new name alone."""
    anna = arena.people["anna"]
    with arena.site.app.app_context():
        rename_company(arena.site.router, ACME, "clay")
        create_company(arena.site.router, slug=ACME, name=FRESH)
    attack(arena, anna._replace(homes=frozenset(["clay"])))
    assert look(arena, "anna", f"/c/{ACME}/").status_code == 404
    assert FRESH not in look(arena, "anna", f"/c/{ACME}/").text
    there = look(arena, "anna", "/c/clay/accounts")
    assert there.status_code == 200
    assert mark_of(f"{ACME}/books") in there.text


def test_a_purged_company_is_gone_for_its_members(arena: Arena) -> None:
    """Also where another company gets its short name; its backup can't be asked for."""
    anna = arena.people["anna"]._replace(homes=frozenset(), name="lena")
    with arena.site.app.app_context():
        archive_company(arena.site.router, ACME)
        purge_company(arena.site.router, ACME, confirmed=ACME)
    attack(arena, anna)
    with arena.site.app.app_context():
        create_company(arena.site.router, slug=ACME, name=FRESH)
    attack(arena, anna)
    assert FRESH not in look(arena, "anna", "/companies").text
    for path in ("/static/../purged", "/purged/", "/tenants/", "/universal.db"):
        assert look(arena, "anna", path).status_code == 404


def test_registers_outlive_who_shared_them_for_the_affiliate_alone(arena: Arena) -> None:
    """When acme is purged, initech goes on with the customers that it shared, and sees no more of acme than before."""
    with arena.site.app.app_context():
        archive_company(arena.site.router, ACME)
        purge_company(arena.site.router, ACME, confirmed=ACME)
    page = look(arena, "cleo", f"/c/{INITECH}/registers/customers")
    assert page.status_code == 200
    assert mark_of(f"{ACME}/registers") in page.text
    attack(arena, arena.people["cleo"], INITECH)


def test_registers_that_are_no_more_shared_are_two(arena: Arena) -> None:
    """What either writes from then on, the other doesn't read."""
    with arena.site.app.app_context():
        unshare_registers(arena.site.router, INITECH)
        with arena.site.router.using(ACME):
            Customer.add(code="N1", name=f"{FRESH}a")
        with arena.site.router.using(INITECH):
            Customer.add(code="N1", name=f"{FRESH}i")
    pages = {slug: f"/c/{slug}/registers/customers" for slug in (ACME, INITECH)}
    ours = look(arena, "anna", pages[ACME], text=FRESH[:5]).text
    theirs = look(arena, "cleo", pages[INITECH], text=FRESH[:5]).text
    assert f"{FRESH}a" in ours
    assert f"{FRESH}i" not in ours
    assert f"{FRESH}i" in theirs
    assert f"{FRESH}a" not in theirs


STEPS = ("rename", "clone", "suspend", "archive", "resume", "share", "unshare", "purge")


@pytest.mark.parametrize("step", STEPS)
def test_members_can_do_nothing_to_a_company_as_a_whole(arena: Arena, step: str) -> None:
    """Neither to their own nor to another's, whatever they confirm; nobody learns that one exists."""
    ids = arena.quiver.own.names["tenant"] + arena.quiver.other.names["tenant"]
    form = {
        "slug": "taken", "clone_slug": "taken", "clone_name": "Taken", "suspend_reason": "x",
        "owner": VICTIM, "confirmed": VICTIM, "with_documents": "1",
    }  # fmt: skip
    for one in (*ids, "nobody"):
        for name in ("anna", "lena", "remo", "cleo"):
            who = arena.people[name]
            probe = Probe("", "", "POST", f"/companies/{one}/{step}", who, form=form)
            assert not arena.fire(probe)
            assert arena.ask(probe).status_code == 403
    assert not arena.verdict()


def test_an_administrator_copies_no_books_without_being_a_member(arena: Arena) -> None:
    """They may not clone another's company, nor share its registers: both would show what is in it."""
    own, other = arena.quiver.own.names["tenant"][0], arena.quiver.other.names["tenant"][0]
    seen = look(arena, "root", f"/companies/{other}")
    assert seen.status_code == 200
    own_seen = look(arena, "root", f"/companies/{own}")
    arena.watch.touched()  # these pages say which files can't be opened, and so have tried
    form = {"clone_slug": "taken", "clone_name": "Taken", "with_documents": "1"}
    form["seen"] = _seen(seen.text)
    assert send(arena, "root", f"/companies/{other}/clone", **form).status_code == 403
    form = {"owner": VICTIM, "seen": _seen(own_seen.text)}
    assert send(arena, "root", f"/companies/{own}/share", **form).status_code == 422
    assert look(arena, "root", f"/c/{VICTIM}/").status_code == 404
    assert look(arena, "root", "/c/taken/").status_code == 404
    assert not arena.watch.touched()
    assert not arena.verdict()


def _seen(page: str) -> str:
    return page.partition('name="seen" value="')[2].partition('"')[0]
