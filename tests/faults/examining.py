"""What is to be found in an image: everything that was acknowledged, and nothing half."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

from peewee import PeeweeException

from models.check import check_company
from tenants import Router, Tenant, TenantError, sqlite

from .images import Image, Stage
from .recording import Event
from .standing import Standing, left_over, look

Row = tuple[str, int, str]
"""A voucher's number, its place in the chain, its hash."""


class Promised:
    """What a run was told until the power went.

    Attributes:
        acked: the vouchers by company and id.
        flying: who is in the middle of posting, and in which company; 3 vouchers at most at once.
        standing: how companies stood after the latest step, where the run takes steps of their lives.
        coming: how they stand after the step that is under way.
    """

    def __init__(self, log: list[Event]) -> None:
        self.acked: dict[str, dict[int, Row]] = {}
        self.flying: dict[str, str] = {}
        self.standing: Standing | None = None
        self.coming: list[Standing] = [event[1] for event in log if event[0] == "is"]

    def hear(self, event: Event) -> None:
        """Take in what the run had to say."""
        match event:
            case ("begun", company, who):
                self.acked.setdefault(company, {})
                self.flying[who] = company
            case ("acked", company, who, posted):
                del self.flying[who]
                self.acked[company].update(
                    {one.id: (one.number, one.chain_no, one.chain_hash) for one in posted}
                )
            case ("is", _):
                self.standing = self.coming.pop(0)


class Verdict(NamedTuple):
    """What was found.

    Attributes:
        lost: how many acknowledged vouchers aren't there.
        wrong: what else is wrong, in words.
    """

    lost: int
    wrong: list[str]


class Examiner:
    """Looks at images of one recording.

    SQLite recovers the databases of each image. What is then, byte for byte, as it was in an image before isn't looked
    at again: neither a catalogue nor a company's stores together with what the catalogue knows of them. For whatever is
    new a server is started on the image as it is, and the books are checked.

    Args:
        folder: where images are laid out.
        lives: the run takes steps of companies' lives: it is to be seen how they stand.
        forgiving: the run accepted that the latest postings may be lost, so that a check that tells of just that, as
            the catalogue knows of them, finds nothing wrong.
    """

    def __init__(self, folder: Path, lives: bool = False, forgiving: bool = False) -> None:
        self.lives = lives
        self.forgiving = forgiving
        self.stage = Stage(str(folder / "image"))
        self.recovery = Recovery(folder / "recovered")
        self._catalogues: dict[Key, _Catalogue] = {}
        self._companies: dict[Key, _Company] = {}

    def examine(self, image: Image, promised: Promised) -> Verdict:
        """Compare what an image holds with what was promised."""
        parts = self.recovery.parts(image)
        catalogue, companies = self._sight(parts) or self._start(image, parts)
        lost, wrong = 0, list(catalogue.wrong)
        for company, vouchers in promised.acked.items():
            there = companies[company].vouchers if company in companies else {}
            lost += sum(there.get(id) != row for id, row in vouchers.items())
            most = 3 * sum(where == company for where in promised.flying.values())
            if len(there.keys() - vouchers.keys()) > most:
                wrong.append(f"{company} has vouchers that nobody posted")
        for company in companies.values():
            wrong += company.wrong
        if self.lives and catalogue.standing not in (promised.standing, *promised.coming[:1]):
            lost += 1
            wrong.append(f"companies stand as {catalogue.standing}, not as {promised.standing}")
        return Verdict(lost, wrong)

    def _sight(self, parts: Parts) -> _Sight | None:
        """What an image holds, if all of it was seen before."""
        catalogue = self._catalogues.get(self._key(parts))
        if catalogue is None:
            return None
        keys = {id: _key_of(parts, *known) for id, *known in catalogue.tenants}
        if any(key not in self._companies for key in keys.values()):
            return None
        return catalogue, {id: self._companies[key] for id, key in keys.items()}

    def _key(self, parts: Parts) -> Key:
        if self.lives:
            return tuple(parts.items())
        return tuple((path, what) for path, what in parts.items() if path[:8] != "tenants/")

    def _start(self, image: Image, parts: Parts) -> _Sight:
        self.stage.lay(image)
        try:
            router = Router(self.stage.folder)
            try:
                return self._look(router, parts)
            finally:
                router.universal.release(wholly=True)
                router.close()
        except (TenantError, PeeweeException, sqlite.driver.Error) as error:
            return _Catalogue([], None, [f"it doesn't start: {type(error).__name__}: {error}"]), {}

    def _look(self, router: Router, parts: Parts) -> _Sight:
        router.recover()
        standing, wrong = None, list(_damage(router))
        if self.lives:
            standing = look(router)
            wrong += left_over(router)
        tenants, companies = [], {}
        for tenant in router.tenants():
            anchor = router.universal.execute_sql(_ANCHOR, (tenant.id,)).fetchone()
            paths = [store.path[len(router.path) + 1 :] for store in tenant.stores.values()]
            tenants.append((tenant.id, anchor, paths))
            key = _key_of(parts, anchor, paths)
            if key not in self._companies:
                self._companies[key] = self._check(router, tenant)
            companies[tenant.id] = self._companies[key]
        catalogue = self._catalogues[self._key(parts)] = _Catalogue(tenants, standing, wrong)
        return catalogue, companies

    def _check(self, router: Router, tenant: Tenant) -> _Company:
        if tenant.state == "suspended":  # whose books nobody may enter, to check them
            router.resume(tenant)
        found = [str(finding) for finding in check_company(router, tenant)]
        wrong = [one for one in found if not (self.forgiving and _TELLS_OF_LOSS in one)]
        try:
            return _Company(_vouchers(tenant), wrong)
        except (TenantError, sqlite.driver.Error) as error:
            return _Company({}, [*wrong, f"the vouchers of {tenant.slug} can't be read: {error}"])


Parts = dict[str, bytes]
"""Digests of what an image holds, its databases recovered, by path."""

Key = tuple[Any, ...]


class _Catalogue(NamedTuple):
    """What a server finds in the catalogue: companies with what it knows of their chains and where their stores lie."""

    tenants: list[tuple[str, Any, list[str]]]
    standing: Standing | None
    wrong: list[str]


class _Company(NamedTuple):
    """What is found in a company's stores."""

    vouchers: dict[int, Row]
    wrong: list[str]


_Sight = tuple[_Catalogue, dict[str, _Company]]

_ANCHOR = "SELECT chain_count, chain_head FROM companies WHERE tenant_id = ?"


def _key_of(parts: Parts, anchor: Any, paths: list[str]) -> Key:
    return (anchor, *((path, parts.get(path)) for path in paths))


class Recovery:
    """What SQLite makes of databases and their logs: each pair once.

    Args:
        folder: to work in.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.path = str(folder / "one.db")
        self._recovered: dict[tuple[bytes, bytes], bytes] = {}
        self._digests: dict[int, tuple[bytes, bytes]] = {}

    def parts(self, image: Image) -> Parts:
        """Return what tells an image from others once its databases are recovered."""
        parts = {}
        for path, content in sorted(image.items()):
            log = image.get(f"{path}-wal")
            if content is None:
                parts[path] = b""
            elif log:
                parts[path] = self._recover(content, log)
            elif not path.endswith("-wal") or path.removesuffix("-wal") not in image:
                parts[path] = self._digest(content)
        return parts

    def _digest(self, content: bytes) -> bytes:
        known = self._digests.get(id(content))
        if known is None or known[0] is not content:
            if len(self._digests) > 200:
                self._digests.clear()
            known = self._digests[id(content)] = (content, hashlib.blake2b(content).digest())
        return known[1]

    def _recover(self, content: bytes, log: bytes) -> bytes:
        pair = (self._digest(content), self._digest(log))
        if pair not in self._recovered:
            for suffix, what in (("", content), ("-wal", log)):
                with open(f"{self.path}{suffix}", "wb") as file:
                    file.write(what)
            try:
                with closing(sqlite.driver.connect(self.path)) as connection:
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                with open(self.path, "rb") as file:  # which is closed, and without a log
                    self._recovered[pair] = hashlib.blake2b(file.read()).digest()
            except sqlite.driver.Error:  # whoever starts on it sees what is wrong
                self._recovered[pair] = b"".join(pair)
            for suffix in ("", "-wal", "-shm"):
                with suppress(FileNotFoundError):
                    os.unlink(f"{self.path}{suffix}")
        return self._recovered[pair]


def _damage(router: Router) -> Iterator[str]:
    with router.universal_store.get_connection() as connection:
        for (said,) in connection.execute("PRAGMA integrity_check"):
            if said != "ok":
                yield f"catalogue: {said}"


_TELLS_OF_LOSS = "and the catalogue knows"
"""In what a check says of vouchers that the books lack."""


def _vouchers(tenant: Tenant) -> dict[int, Row]:
    with closing(tenant.store("books").open()) as connection:
        rows: Any = connection.execute("SELECT id, number, chain_no, chain_hash FROM vouchers")
        return {id: (number, place, digest) for id, number, place, digest in rows}
