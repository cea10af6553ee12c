"""Ready-made stores: what new tenants of a kind begin with is made once, and copied for each of them.

A template is a folder under `templates/`, named after what is in it: files of stores that were closed before they came
there, and that nobody ever opens. A file that is closed may be copied byte by byte; one that is open mustn't be.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from peewee import Model, SqliteDatabase

from ..engines import FILES
from ..errors import TenantError
from ..places import flush_folder, make_own_folder, relative_template, remove_folder
from ..tenant import new_id
from .marks import Mark
from .new_homes import NewHome
from .steps import step

if TYPE_CHECKING:
    from ..router import Router

Models = Mapping[str, list[type[Model]]]

#: Raised when what is written into new stores changes, whatever the models say.
_FORMAT = 1
_NOTES = "template.json"
_PATTERN = SqliteDatabase(None)


class Blank(NamedTuple):
    """A ready-made store.

    Attributes:
        content: the bytes of its file.
        at: where in them its id and that of its owner stand, one after the other.
        path: the file.
    """

    content: bytes
    at: int
    path: str

    def of(self, store_id: str, owner: str) -> bytes:
        """Return the file of a store of that identity."""
        identity = f"{store_id}{owner}".encode()
        return self.content[: self.at] + identity + self.content[self.at + len(identity) :]


class Templates:
    """The templates of a data folder.

    Args:
        router: the data folder.
    """

    def __init__(self, router: Router) -> None:
        self.router = router
        self._keys: dict[tuple[Any, ...], str] = {}

    def blanks(
        self, name: str, models: Models, prepare: Callable[[], object] | None
    ) -> dict[str, Blank]:
        """Return a ready-made store for each role of the models. They are made where there are none yet.

        Args:
            name: the caller's, for what `prepare` writes: other rows need another name.
            models: models by role.
            prepare: called in an entry of the template, once its tables are made.
        """
        key = self._key(name, models)
        folder = f"{self.router.path}/{relative_template(key)}"
        make_own_folder(self.router.path, "templates")
        for _ in range(3):  # others may remove it at any time, or a disk may have spoiled it
            try:
                return _read(folder, models)
            except FileNotFoundError:
                self._make(name, folder, models, prepare)
            except (ValueError, KeyError):
                _remove(folder)
            except OSError as error:
                if error.errno not in (errno.ELOOP, errno.ENOTDIR):  # a link, or no folder
                    raise
                _remove(folder)
        raise TenantError(
            f"The template {name!r} in {folder} can't be read although it was just made: see to the disk; nothing was "
            f"left of the new tenant."
        )

    def _key(self, name: str, models: Models) -> str:
        # Working out the tables' SQL costs as much as half a creation, so it is remembered as long as it can't differ.
        shape = tuple(
            (role, self.router.fingerprint(role), *map(_shape, of_role))
            for role, of_role in sorted(models.items())
        )
        known = self._keys.get((name, shape))
        if known is None:
            parts = [str(_FORMAT), name]
            for role, of_role in sorted(models.items()):
                parts += [role, self.router.fingerprint(role)]
                parts += [repr(query) for model in of_role for query in table_queries(model)]
            digest = hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()[
                :32
            ]
            known = f"{_prefix(name)}-{digest}"
            self._keys = {(name, shape): known} if len(self._keys) > 50 else self._keys
            self._keys[name, shape] = known
        return known

    def _make(
        self, name: str, folder: str, models: Models, prepare: Callable[[], object] | None
    ) -> None:
        home = NewHome(self.router, f"template {name}")
        with Mark(self.router, home.tenant.id, "make a template", home.tenant.slug) as mark:
            home.make_folder()
            home.make_stores(models, FILES)  # from which any engine's are made
            if prepare is not None:
                home.enter(prepare)
            home.finish()
            _note(home, models)
            step("template noted")
            try:
                os.rename(home.folder, folder)
            except OSError:
                if not os.path.isdir(folder):
                    raise
                return  # another process was faster; the mark sees to ours
            step("template in place")
            self._remove_others(name, folder)
            flush_folder(os.path.dirname(folder))
            mark.done()

    def _remove_others(self, name: str, folder: str) -> None:
        """Remove the templates of that name that were made of other models."""
        where, own = os.path.split(folder)
        for other in os.listdir(where):
            if other != own and other.startswith(f"{_prefix(name)}-"):
                _remove(f"{where}/{other}")


def _remove(folder: str) -> None:
    # Out of the way first, so that nobody finds a half of it; what is then left goes at the next start.
    aside = f"{folder}.{new_id()}"
    with suppress(FileNotFoundError):
        os.rename(folder, aside)
        remove_folder(aside)


def remove_asides(data_folder: str) -> None:
    """Remove the templates that somebody had put out of the way to remove them, and died."""
    above = f"{data_folder}/templates"
    with suppress(OSError):  # what can't be removed yet is in nobody's way
        for name in os.listdir(above):
            if "." in name:
                remove_folder(f"{above}/{name}")


def _prefix(name: str) -> str:
    return hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:16]


def _shape(model: type[Model]) -> tuple[Any, ...]:
    meta: Any = model._meta
    return (model, meta.table_name, tuple(meta.sorted_field_names), len(meta.indexes))


def table_queries(model: type[Model]) -> list[tuple[str, Any]]:
    """Return the statements, with their parameters, by which a model's table and its indexes are made."""
    # By a database of no tenant's: the model's own is there in an entry alone.
    schema = type(model._schema)(model, _PATTERN)
    statements = [schema._create_table(safe=False), *schema._create_indexes(safe=False)]
    return [statement.query() for statement in statements]


# The files


def _note(home: NewHome, models: Models) -> None:
    """Write down where each file says whose it is, and its digest."""
    notes = {}
    for role in models:
        store = home.own[role]
        with open(store.path, "rb") as file:  # closed by `finish`
            content = file.read()
        identity = f"{store.id}{store.owner}{role}".encode()
        places = [found.start() for found in re.finditer(re.escape(identity), content)]
        if len(places) != 1:
            raise TenantError(
                f"{store.label} says {len(places)} times whose it is, and can't be made a template of: don't change "
                f"`store_identity` in `prepare`."
            )
        digest = hashlib.sha256(content).hexdigest()
        notes[role] = {"at": places[0], "identity": identity.decode(), "sha256": digest}
        os.rename(store.path, f"{home.folder}/{role}.db")
    with open(f"{home.folder}/{_NOTES}", "x", encoding="ascii") as file:
        json.dump(notes, file)
        file.flush()
        os.fsync(file.fileno())
    for leftover in ("lock", "maintenance"):
        with suppress(FileNotFoundError):
            os.unlink(f"{home.folder}/{leftover}")
    flush_folder(home.folder)


def _read(folder: str, models: Models) -> dict[str, Blank]:
    """Read a template. Raises `FileNotFoundError` where there is none, `ValueError` where it isn't what it was."""
    where = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        notes = json.loads(_content(where, _NOTES))
        blanks = {}
        for role in models:
            note, content = notes[role], _content(where, f"{role}.db")
            if hashlib.sha256(content).hexdigest() != note["sha256"]:
                raise ValueError(f"{role} of {folder} isn't what it was")
            if not content.startswith(note["identity"].encode(), note["at"]):
                raise ValueError(f"{role} of {folder} says otherwise whose it is")
            blanks[role] = Blank(content, note["at"], f"{folder}/{role}.db")
        return blanks
    except FileNotFoundError as error:
        raise ValueError(f"{folder} lacks a file") from error
    finally:
        os.close(where)


def _content(folder: int, name: str) -> bytes:
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder)
    with open(descriptor, "rb") as file:
        return file.read()
