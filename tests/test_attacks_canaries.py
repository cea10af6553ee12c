"""What the attacks rest on: every text of a company carries a mark that is seen wherever it turns up."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from zlib import compress

import pytest
from peewee import BlobField, CharField, FixedCharField, TextField

from attacks.arena import Arena, arena_in
from attacks.companies import ALL_OWNERS, SLUGS, VICTIM, Attacked, furnish, own_stores
from attacks.marks import Needles, mark_of
from attacks.people import USERS
from attacks.planting import SHAPED, Column, text_columns, unmarked
from attacks.universal import OF_NOBODY, concerned
from tenants import RoutedModel

TEXTS = (CharField, TextField, FixedCharField, BlobField)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    folder = tmp_path_factory.mktemp("marked") / "data"
    with closing(Attacked(folder)) as site:
        furnish(site)
    with closing(Attacked(folder)) as site:
        yield site


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    with arena_in(tmp_path_factory.mktemp("seen")) as arena:
        yield arena


def stores_of(site: Attacked, slug: str) -> Iterator[tuple[str, Any]]:
    with site.app.app_context(), site.router.using(slug) as entry:
        yield from own_stores(entry.tenant)


def models(kind: type = RoutedModel) -> Iterator[Any]:
    for model in kind.__subclasses__():
        if model.__module__.startswith(("models.", "cuneifox.", "tenants.")):
            yield model
        yield from models(model)


@pytest.mark.parametrize("slug", SLUGS)
def test_every_text_column_of_a_company_carries_its_mark(site: Attacked, slug: str) -> None:
    """A table or column that is added gets one by itself, or is named here for lacking it."""
    lacking = {
        role: unmarked(store.execute_sql, f"{slug}/{role}") for role, store in stores_of(site, slug)
    }
    assert not any(lacking.values()), (
        f"{lacking} carry no mark: give their tables a row in attacks/companies.py, or say in "
        f"attacks/planting.py, SHAPED, why they can't carry one"
    )


def test_every_text_field_of_every_model_is_looked_at(site: Attacked) -> None:
    """The tables are walked by what the database says of them; here is the same by what the models say."""
    known: set[tuple[str, str]] = set()
    for _role, store in stores_of(site, VICTIM):
        known |= {(c.table, c.name) for c in text_columns(store.execute_sql)}
    with site.app.app_context():
        known |= {(c.table, c.name) for c in text_columns(site.router.universal.execute_sql)}
    tables = {table for table, _name in known}
    fields = [
        (model._meta.table_name, field.column_name)
        for model in models()
        if model._meta.table_name in tables
        for field in model._meta.sorted_fields
        if isinstance(field, TEXTS)
    ]
    assert len(fields) > 70
    assert set(fields) <= known


def test_what_the_shared_database_holds_of_a_company_carries_its_mark(site: Attacked) -> None:
    """Names, people, sessions, what they did, what the catalogue says of its stores."""
    owner = f"people of {VICTIM}"
    with site.app.app_context():
        rows = concerned(site, owner)
        lacking = rows.unmarked(owner)
        tables = {column.table for column in text_columns(site.router.universal.execute_sql)}
    assert lacking == [], (
        f"{lacking} carry no mark of {VICTIM}: write them in attacks/companies.py, _leave_traces"
    )
    assert tables - rows.columns.keys() == OF_NOBODY.keys()


def test_no_reason_is_left_over(site: Attacked) -> None:
    """A column that says why it carries no mark is there, and has none."""
    found: set[tuple[str, str]] = set()
    for _role, store in stores_of(site, VICTIM):
        found |= {(c.table, c.name) for c in text_columns(store.execute_sql)}
    with site.app.app_context():
        found |= {(c.table, c.name) for c in text_columns(site.router.universal.execute_sql)}
    assert SHAPED.keys() <= found


def test_a_column_without_a_mark_is_named(site: Attacked) -> None:
    """A field that somebody adds and nobody fills doesn't go unnoticed."""
    with site.app.app_context(), site.router.using(VICTIM) as entry:
        store = entry.tenant.store("registers")
        with store.writing():
            store.execute_sql("CREATE TABLE leaflet (id INTEGER PRIMARY KEY, wording TEXT)")
            store.execute_sql("INSERT INTO leaflet (wording) VALUES ('nobody''s')")
            assert unmarked(store.execute_sql, f"{VICTIM}/registers") == ["leaflet.wording"]
            assert Column("leaflet", "wording", False, True) in text_columns(store.execute_sql)
            store.execute_sql("DROP TABLE leaflet")


def test_members_see_their_own_marks(arena: Arena) -> None:
    """Who may see a company's texts sees hundreds of them, so that those who mayn't would too."""
    seen = {owner: sum(one.owner == owner for one in arena.seen) for owner in ALL_OWNERS}
    assert seen["acme/books"] > 200
    assert seen["acme/registers"] > 30
    assert seen["people of acme"] > 30


def test_marks_are_found_however_they_are_written() -> None:
    """As they are, in capitals, as entities, in percent signs, in JSON's escapes, and packed in a cookie."""
    mark, owner = mark_of("globex/books"), "globex/books"
    needles = Needles([owner], {owner: {"h4shh4shh4shh4shh4sh"}})
    everyone = frozenset([owner])
    texts = (
        f"<b>{mark}n7</b>",
        mark.upper(),
        "".join(f"&#{ord(c)};" for c in mark),
        "".join(f"%{ord(c):02X}" for c in mark),
        "".join(f"\\u{ord(c):04x}" for c in mark),
        "H4SHh4shh4shh4shh4sh",
    )
    for text in texts:
        assert needles.in_text(text, everyone, ""), text
        assert not needles.in_text(text, frozenset(), "")
    assert not needles.in_text(f"{mark}n7", everyone, f"text={mark}n7")
    for packed in (mark.encode(), compress(b"some words before " + mark.encode())):
        cookie = urlsafe_b64encode(packed).rstrip(b"=").decode()
        assert needles.in_cookie(f"Set-Cookie: notices={cookie}.x.y", everyone, "")


def test_everybody_is_somebody(arena: Arena) -> None:
    """There are people of all kinds, and sessions that are over in every way."""
    assert arena.people.keys() > USERS.keys()
    over = {name for name, who in arena.people.items() if not who.signed_in}
    assert over >= {"nobody", "expired", "idle", "ended", "rotated", "dirk"}


def test_a_folder_is_furnished_in_no_time(tmp_path: Path) -> None:
    """Nothing of it is left open."""
    with closing(Attacked(tmp_path / "data")) as site:
        furnish(site)
