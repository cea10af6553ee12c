"""Links in the data folder: whichever of its files one takes the place of, nothing outside is written or read, and no
company gets another's.

The files are found by looking what there is after some work, so that a new one is tried without being added here.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from attacks.companies import ACME, ALL_OWNERS, VICTIM, Attacked, owners_of
from attacks.furnished import lay_out, needles
from attacks.marks import Needles
from attacks.people import identities
from attacks.watching import Watch
from cuneifox.config import ConfigError
from models.accounts import Account
from models.attachments import Attachment
from models.companies import create_company
from models.registers import Product
from tenants import Router, TenantError, notices, sqlite
from tenants import places as places_of_tenants
from tenants.leasing import folder_locks

Link = Callable[["Folder", Path], None]
REFUSED = (TenantError, ConfigError)
BESIDE = ("-wal", "-shm")


class Folder:
    """A data folder, and what lies outside of it."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.outside = folder / "outside"
        self.outside.mkdir()
        lay_out(self.data)
        self.homes = {slug: self.data / "tenants" / home for slug, home in _homes().items()}

    def place(self, name: str) -> Path:
        """A file of the data folder by the name that `places` gave it."""
        return self.data / name.replace("<acme>", f"tenants/{self.homes[ACME].name}")

    def of_victim(self, place: Path) -> Path:
        """What of the victim's stands where `place` does of acme's."""
        if self.homes[ACME] in (place, place.parent):
            return self.homes[VICTIM] / place.relative_to(self.homes[ACME])
        return self.homes[VICTIM] / "books.1.db"

    def forbidden(self) -> list[Path]:
        """The folders in which nothing may be opened."""
        inner = [path for path in self.outside.rglob("*") if path.is_dir()]
        return [each for each in (self.outside, *inner, self.homes[VICTIM]) if each.is_dir()]

    def contents(self) -> dict[str, bytes | None]:
        """All that lies outside, and all that is the victim's."""
        found = [*self.outside.rglob("*"), *self.homes[VICTIM].rglob("*")]
        return {str(f): f.read_bytes() if f.is_file() else None for f in found if _counts(f)}


@cache
def _homes() -> dict[str, str]:
    """The folders' names, the same in every copy."""
    with TemporaryDirectory() as name:
        lay_out(Path(name))
        with closing(Router(name)) as router:
            stores = {slug: router.tenant(slug).store("books") for slug in (ACME, VICTIM)}
            return {slug: Path(store.path).parent.name for slug, store in stores.items()}


def _counts(file: Path) -> bool:
    return not file.name.endswith(BESIDE)


@cache
def places() -> tuple[str, ...]:
    """Every file and folder of a data folder that was worked in, but those of other companies."""
    with TemporaryDirectory() as name:
        folder = Folder(Path(name))
        work(folder)
        acme = f"tenants/{folder.homes[ACME].name}"
        found = [str(path.relative_to(folder.data)) for path in folder.data.rglob("*")]
        ours = [one for one in found if not one.startswith("tenants/") or one.startswith(acme)]
        beside = [one + ending for one in ours if one.endswith(".db") for ending in BESIDE]
        return tuple(sorted(one.replace(acme, "<acme>") for one in {*ours, *beside, "making"}))


def work(folder: Folder, serve: bool = True) -> list[str]:
    """Read in acme, write a row, make a company, after serving a few pages if asked; return what was told."""
    told: list[str] = []
    try:
        told += _serve(folder) if serve else []
        with closing(Router(folder.data)) as router:
            for act in (_read, _write, _make):
                try:
                    told += act(router) or []
                except REFUSED as error:
                    told.append(str(error))
    except REFUSED as error:
        told.append(str(error))
    return told


def _serve(folder: Folder) -> list[str]:
    told = []
    with closing(Attacked(folder.data)) as site:
        cookie = {"Cookie": f"cuneifox_session={identities(site)['anna'].token}"}
        for path in ("journal.json", "registers/customers"):
            client = site.app.test_client(use_cookies=False)
            answer = client.get(f"/c/{ACME}/{path}", headers=cookie)
            assert answer.status_code in (200, 404, 503), (path, answer.status_code)
            told.append(answer.text)
    return told


def _read(router: Router) -> list[str]:
    with router.using(ACME):
        return [row.name for model in (Account, Product, Attachment) for row in _rows(model)]


def _rows(model: Any) -> list[Any]:
    name = model.file_name if model is Attachment else model.name
    return list(model.select(name.alias("name")))


def _write(router: Router) -> None:
    with router.using(ACME):
        Product.add(code="X1", name="Kiln", unit="1")


def _make(router: Router) -> None:
    create_company(router, slug="fresh", name="Fresh")


def to_outside(folder: Folder, place: Path) -> None:
    """A link to a copy elsewhere, which would do as well."""
    target = folder.outside / place.name
    if place.exists():
        shutil.move(place, target)
    place.symlink_to(target)


def to_nothing(folder: Folder, place: Path) -> None:
    """A link to where there is nothing yet, which opening for writing would make."""
    remove(place)
    place.symlink_to(folder.outside / "made")


def to_victim(folder: Folder, place: Path) -> None:
    """A link to what is the victim's."""
    remove(place)
    place.symlink_to(folder.of_victim(place))


def hard_to_victim(folder: Folder, place: Path) -> None:
    """Another name for the victim's file."""
    target = folder.of_victim(place)
    remove(place)
    if not target.exists():
        target = folder.homes[VICTIM] / "books.1.db"
    os.link(target, place)


def fits(folder: Folder, place: Path, kind: Link) -> bool:
    """Whether there can be such a link: folders have one name, and what holds the victim's can't lead to it."""
    if kind in (to_victim, hard_to_victim) and folder.homes[VICTIM].is_relative_to(place):
        return False
    return kind is not hard_to_victim or not folder.of_victim(place).is_dir()


def remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


KINDS = (to_outside, to_nothing, to_victim, hard_to_victim)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_no_link_leads_out_or_across(tmp_path: Path, kind: Link) -> None:
    """Every file and folder there is, one at a time, replaced by a link of that kind."""
    wrong = [
        told for n, name in enumerate(places()) for told in tried(tmp_path / str(n), name, kind)
    ]
    assert not wrong, "\n".join(wrong)


def tried(where: Path, name: str, kind: Link) -> list[str]:
    """Put a link in place of one file of a folder, work there, and return what went wrong."""
    where.mkdir()
    folder = Folder(where)
    place = folder.place(name)
    if not fits(folder, place, kind):
        return []
    place.parent.mkdir(parents=True, exist_ok=True)
    kind(folder, place)
    before = folder.contents()
    watch = Watch(folder.forbidden())
    try:
        told = "\n".join(work(folder, serve=place.parent == folder.data))
    except Exception as error:  # noqa: BLE001 - one place mustn't hide the others
        return [f"{name}: {error!r}"]
    finally:
        touched = watch.touched()
        watch.close()
    wrong = [f"{name}: opened through the link: {sorted(map(str, touched))}"] if touched else []
    if folder.contents() != before:
        wrong.append(f"{name}: written through the link: {_differs(folder, before)}")
    if seen := looked_for().in_text(told, ALL_OWNERS - owners_of(ACME), ""):
        wrong.append(f"{name}: {sorted(seen)[:3]}")
    return wrong


def stores_are_opened_as_they_are(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks whether a store's file, or what lies beside it, is a link."""

    def which(path: str, label: str) -> tuple[int, int]:
        found = os.lstat(path)
        return found.st_dev, found.st_ino

    patch.setattr(sqlite, "require_plain_file", which)


def locks_are_opened_as_they_are(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks whether a lock, or the folder that it is in, is a link."""

    def open_any(path: str, make: bool = True) -> int:
        return os.open(path, os.O_RDWR | (os.O_CREAT if make else 0), 0o600)

    for module in (folder_locks, notices, places_of_tenants):
        patch.setattr(module, "open_own", open_any)
    patch.setattr(os.path, "islink", lambda path: False)


CONTROLS = (
    (stores_are_opened_as_they_are, "<acme>/books.1.db", to_victim),
    (stores_are_opened_as_they_are, "<acme>/books.1.db", to_outside),
    (stores_are_opened_as_they_are, "<acme>/registers.1.db-wal", hard_to_victim),
    (locks_are_opened_as_they_are, "<acme>/lock", to_nothing),
    (locks_are_opened_as_they_are, "<acme>/lock", to_victim),
    (locks_are_opened_as_they_are, "<acme>", to_victim),
)


@pytest.mark.parametrize(("take_off", "name", "kind"), CONTROLS)
def test_a_link_that_is_followed_is_found(
    tmp_path: Path,
    take_off: Callable[[pytest.MonkeyPatch], None],
    name: str,
    kind: Link,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same finds something at once where what refuses links is gone."""
    assert tried(tmp_path / "kept", name, kind) == []
    take_off(monkeypatch)
    assert tried(tmp_path / "open", name, kind)


def _differs(folder: Folder, before: dict[str, bytes | None]) -> list[str]:
    now = folder.contents()
    return [name for name in {*now, *before} if now.get(name, b"?") != before.get(name, b"?")]


@cache
def looked_for() -> Needles:
    """What a text of a company is known by: the same in every copy of the folder."""
    with TemporaryDirectory() as name:
        lay_out(Path(name))
        with closing(Attacked(Path(name))) as site:
            return needles(site, set())
