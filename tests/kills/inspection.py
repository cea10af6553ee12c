"""Looking with bare SQL, and at bare bytes, whether a data folder is what it must be; nobody works in it meanwhile.

Nothing of the program is used but its place for files and the SQLite library that the process has.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from kills.books_seen import unkept, unsound
from kills.ground import MARK, Ground
from kills.truth import Known, Truth
from tenants import sqlite

ROLES = {"books", "registers", "attachments"}


class File(NamedTuple):
    """A store as the catalogue names it."""

    id: str
    owner: str
    role: str
    generation: int
    kept: bool
    path: Path


class Inspection:
    """One look at a folder.

    Args:
        ground: the folder.
        truth: what must be so; steps that were cut short are settled in it as they are found.
        seen: what files looked like when they were last found to be sound; those that still do are passed over.
    """

    def __init__(self, ground: Ground, truth: Truth, seen: dict[Path, Any]) -> None:
        self.data = ground.data
        self.truth = truth
        self.seen = seen
        self.findings: list[str] = []

    def run(self) -> list[str]:
        """Return what is wrong."""
        with closing(sqlite.driver.connect(str(self.data / "universal.db"))) as catalogue:
            self._sound(catalogue, "the shared database")
            self.files = self._files(catalogue)
            self._companies(catalogue)
            self._catalogue(catalogue)
        for file in self.files:
            self._file(file)
        self._marks()
        self._folder()
        return self.findings

    @property
    def _is_unsettled(self) -> bool:
        return any(deed.kind in ("backup", "restore", "adopt") for deed in self.truth.open)

    def say(self, text: str) -> None:
        """Keep a finding."""
        self.findings.append(text)

    # The catalogue

    def _files(self, catalogue: Any) -> list[File]:
        found = []
        for table, kept, there in (
            ("store", False, ""),
            ("kept_store", True, " WHERE gone_at = ''"),
        ):
            for id, owner, role, generation in catalogue.execute(
                f"SELECT id, owner, role, generation FROM {table}{there}"
            ):
                path = self.data / "tenants" / owner / f"{role}.{generation}.db"
                found.append(File(id, owner, role, generation, kept, path))
        return found

    def _companies(self, catalogue: Any) -> None:
        """Compare who there is, called what, in which state, with which registers."""
        stores = {file.id: file for file in self.files if not file.kept}
        self.uses: dict[str, dict[str, File]] = {}
        for tenant, role, store in catalogue.execute(
            "SELECT tenant, role, store FROM tenant_store"
        ):
            self.uses.setdefault(tenant, {})[role] = stores[store]
        rows = catalogue.execute(
            "SELECT t.id, t.slug, t.state, c.name FROM tenant t LEFT JOIN companies c ON c.tenant_id = t.id"
        ).fetchall()
        for id, slug, state, name in rows:
            mark = MARK.search((name or "").encode())
            known = self.truth.companies.get(id)
            if known is None and mark is not None:
                known = self.truth.found(id, slug, mark[0].decode())
            if known is None:
                self.say(f"{slug} ({id}, {name}) is there, and nobody made it")
                continue
            if mark is None or mark[0].decode() != known.mark:
                self.say(f"{slug} is called {name}, and its mark is {known.mark}")
            self._settle(known, slug, state)
        for known in self.truth.companies.values():
            if known.id not in {row[0] for row in rows}:
                if False not in known.there:
                    self.say(f"{known.slugs} ({known.id}) is gone, and nobody purged it")
                known.there = {False}

    def _settle(self, known: Known, slug: str, state: str) -> None:
        uses = self.uses.get(known.id, {})
        if uses.keys() != ROLES:
            self.say(f"{slug} has stores {sorted(uses)}")
            return
        found: tuple[tuple[str, Any], ...] = (
            ("slugs", slug), ("states", state), ("owners", uses["registers"].owner), ("there", True)
        )  # fmt: skip
        for field, value in found:
            if value not in getattr(known, field):
                self.say(
                    f"{slug}: its {field} may be {getattr(known, field)}, and there is {value}"
                )
            setattr(known, field, {value})
        generation = uses["books"].generation
        if generation != known.generation:
            if known.coming is None:
                self.say(
                    f"{slug}: its books are of generation {generation}, not {known.generation}"
                )
            else:
                known.replaced(generation, known.coming)
        known.coming = None

    def _catalogue(self, catalogue: Any) -> None:
        """Look for rows that refer to nobody, and for the traces of whom was purged."""
        here = "SELECT id FROM tenant"
        for table, column in (
            ("companies", "tenant_id"),
            ("membership", "tenant_id"),
            ("tenant_store", "tenant"),
        ):
            for (id,) in catalogue.execute(
                f"SELECT {column} FROM {table} WHERE {column} NOT IN ({here})"
            ):
                self.say(f"{table} names {id}, who isn't there")
        tombs = dict(catalogue.execute("SELECT id, backup FROM tombstone"))
        for known in self.truth.companies.values():
            if known.there == {False} and known.id not in self.seen.setdefault(
                Path("purged"), set()
            ):
                self._last_backup(known, tombs.get(known.id))
                self.seen[Path("purged")].add(known.id)

    def _last_backup(self, known: Known, place: str | None) -> None:
        folder = self.data / (place or "nowhere")
        try:
            manifest = json.loads((folder / "manifest.json").read_text())
        except OSError as error:
            self.say(f"{known.slugs} was purged without a last backup ({error})")
            return
        for store in manifest["stores"]:
            file = folder / store["file"]
            if hashlib.sha256(file.read_bytes()).hexdigest() != store["sha256"]:
                self.say(f"{file} isn't what its manifest says")
            if store["role"] == "books":
                with closing(sqlite.driver.connect(f"file:{file}?immutable=1", uri=True)) as books:
                    label = f"the last backup of {known.slugs}"
                    self.findings += unkept(books, known, [], label)

    # A file

    def _file(self, file: File) -> None:
        looks = signature(file.path)
        if self.seen.get(file.path) == looks and looks is not None:
            return
        label = f"{file.role} of {file.owner}"
        if looks is None:
            self.say(f"{label}: the catalogue names {file.path.name}, which isn't there")
            return
        try:
            self._opened(file, label)
        except sqlite.driver.Error as error:
            self.say(f"{label} can't be read: {error}")
        self.seen[file.path] = signature(file.path)

    def _opened(self, file: File, label: str) -> None:
        known = self.truth.companies.get(file.owner)
        with closing(sqlite.driver.connect(f"file:{file.path}?mode=rw", uri=True)) as connection:
            self._sound(connection, label)
            whose = connection.execute(
                "SELECT store, owner, role, generation FROM store_identity"
            ).fetchall()
            if whose != [(file.id, file.owner, file.role, file.generation)]:
                self.say(f"{label} says it is {whose}")
            if file.role == "books":
                self.findings += unsound(connection, label)
                if known is not None:
                    self._books(connection, known, file, label)

    def _books(self, books: Any, known: Known, file: File, label: str) -> None:
        """Compare with what has to be in that file: what is in use, or what a replacement has kept."""
        if not file.kept:
            self.findings += unkept(books, known, self.truth.open, label)
        elif file.generation in known.shelved:
            before = msgspec.structs.replace(known).hold(known.shelved[file.generation])
            self.findings += unkept(books, before, [], f"{label}, kept")

    def _sound(self, connection: Any, label: str) -> None:
        for pragma in ("integrity_check", "foreign_key_check"):
            found = connection.execute(f"PRAGMA {pragma}").fetchall()
            if found not in ([("ok",)], []):
                self.say(f"{label}: {pragma} says {found[:3]}")

    # The bytes

    def _marks(self) -> None:
        """Look in each file for words of companies that have nothing to do with it."""
        for file in self.files:
            looks = signature(file.path)
            if looks is None or self.seen.get(file.path / "marks") == looks:
                continue
            self.seen[file.path / "marks"] = looks
            known = self.truth.companies.get(file.owner)
            if known is None:
                continue
            allowed = known.kin if file.role == "registers" else known.marks
            there = {mark.decode() for mark in MARK.findall(file.path.read_bytes())}
            if there - allowed:
                self.say(f"FOREIGN: {file.path.name} of {known.slugs} holds {there - allowed}")

    def _folder(self) -> None:
        """Look for files that nobody knows of."""
        named = {file.path for file in self.files}
        for path in sorted(walk(self.data)):
            relative = path.relative_to(self.data).as_posix()
            database = Path(str(path).removesuffix("-wal").removesuffix("-shm"))
            if self._is_unsettled and relative.startswith("backing_up/"):
                continue  # whoever makes the next backup removes it
            if not LAYOUT.fullmatch(relative) and database not in named:
                self.say(f"left over: {relative}")
        homes = {path.name for path in (self.data / "tenants").iterdir()}
        for home in homes - {file.owner for file in self.files}:
            self.say(f"left over: the home of {home}")


LAYOUT = re.compile(
    r"universal\.(db(-wal|-shm|\.lock)?|notice|backups)|backups\.lock|secret\.key|serve\.lock|tenants/[a-z2-7]{26}/(lock|maintenance)"
    r"|tenants/[a-z2-7]{26}/snapshots/[a-z]+\.\d+\.v\d+\.db"
    r"|templates/[0-9a-f]{16}-[0-9a-f]{32}/([a-z]+\.db|template\.json)"
    r"|backups/.*"  # the server's own, which are looked at elsewhere
    r"|purged/[a-z2-7]{26}/([a-z]+\.\d+\.db|manifest\.json)"
)
"""Files that may be there, beside those that the catalogue names."""


def signature(path: Path) -> Any:
    """Return what a file and its log look like from outside; None if it isn't there."""
    found = []
    for name in (str(path), f"{path}-wal"):
        try:
            state = os.stat(name)
        except FileNotFoundError:
            found.append(None)
        else:
            found.append((state.st_ino, state.st_size, state.st_mtime_ns))
    return tuple(found) if found[0] is not None else None


def walk(folder: Path) -> Iterator[Path]:
    """Yield all files below a folder."""
    for where, _, names in os.walk(folder):
        for name in names:
            yield Path(where) / name
