"""A furnished installation as files, and what is known of it: homes, and what to look for."""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import closing
from functools import cache
from pathlib import Path

from peewee import sqlite3

from attacks.companies import ALL_OWNERS, AMOUNTS, SLUGS, Attacked, furnish, own_stores
from attacks.marks import LONG, TOKENS, Needles
from attacks.planting import telling
from attacks.universal import concerned, ids_of


def lay_out(folder: Path) -> None:
    """Write a furnished data folder."""
    for name, content in _furnished().items():
        (folder / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


@cache
def _furnished() -> dict[str, bytes]:
    """The files of a furnished installation; making them takes longer than writing them again."""
    with tempfile.TemporaryDirectory() as folder:
        with closing(Attacked(Path(folder))) as site:
            furnish(site)
        files = [file for file in Path(folder).rglob("*") if file.is_file()]
        return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def homes(site: Attacked, slug: str) -> list[Path]:
    with site.app.app_context():
        tenant = site.router.tenant(slug)
        return sorted({Path(store.path).parent for _role, store in own_stores(tenant)})


def fingerprint(folders: list[Path]) -> dict[str, tuple[str, str]]:
    """SHA-256 of every file, and of what is in it if it is a database; none may be open in this process."""
    return {
        str(file): (hashlib.sha256(file.read_bytes()).hexdigest(), _content(file))
        for folder in folders
        for file in sorted(folder.iterdir())
    }


def _content(file: Path) -> str:
    if file.suffix != ".db":
        return ""
    with closing(sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)) as database:
        tables = database.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        found = hashlib.sha256(repr(tables).encode())
        for name in (name for name, sql in tables if sql and sql.startswith("CREATE TABLE")):
            rows = database.execute(f'SELECT * FROM "{name}"').fetchall()
            found.update(repr((name, sorted(map(repr, rows)))).encode())
        return found.hexdigest()


def needles(site: Attacked, tokens: set[str]) -> Needles:
    """Everything by which a text of one of the owners is known, and the tokens of sessions, which are nobody's."""
    values: dict[str, set[str]] = {owner: set() for owner in ALL_OWNERS}
    for slug in SLUGS:
        with site.app.app_context(), site.router.using(slug) as entry:
            for role, store in own_stores(entry.tenant):
                values[f"{slug}/{role}"] |= telling(store.execute_sql) - ids_of(
                    site, f"people of {slug}"
                )
            amount = AMOUNTS[slug]
            values[f"{slug}/books"] |= {str(amount), f"{amount / 100:,.2f}"}
    for owner in (one for one in ALL_OWNERS if one.startswith("people")):
        values[owner] |= concerned(site, owner).telling()
    shared = [
        v for v in set().union(*values.values()) if sum(v in held for held in values.values()) > 1
    ]
    told = {owner: held - set(shared) for owner, held in values.items()}
    return Needles(ALL_OWNERS, told | {TOKENS: {t for t in tokens if len(t) > LONG}})
