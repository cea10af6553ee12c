"""What a data folder remembers of its backups: which were made here, and what the files looked like as they were made.

A tenant's stand in the catalogue. The catalogue's own can't, as noting them would change it, so that it would have to
be backed up again: they stand in a file beside it.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ..places import flush_folder, open_own
from .backup import UNIVERSAL, Backup
from .manifest import Manifest

if TYPE_CHECKING:
    from ..router import Router

NAME = "universal.backups"


class Standing(NamedTuple):
    """How one tenant stands with its backups.

    Attributes:
        tenant: the tenant's id, or `universal`.
        signature: what the files looked like as the last backup was made; empty where they have to be looked into.
        failures: how many attempts in a row have failed.
        error: what the last one failed with; empty where it didn't.
        looked_at: when somebody last looked into the files, in UTC.
        latest: the stamp of the last backup; empty where there is none.
        bytes, stored_bytes: of its databases, and of what is stored of them.
    """

    tenant: str
    signature: str = ""
    failures: int = 0
    error: str = ""
    looked_at: str = ""
    latest: str = ""
    bytes: int = 0
    stored_bytes: int = 0


_STANDINGS = (
    "SELECT s.tenant, s.signature, s.failures, s.error, s.looked_at, coalesce(b.stamp, ''), coalesce(b.bytes, 0), "
    "coalesce(b.stored_bytes, 0) FROM backup_state s LEFT JOIN backup b ON b.tenant = s.tenant AND b.stamp = "
    "(SELECT max(stamp) FROM backup WHERE tenant = s.tenant AND place = ?)"
)
_MADE = (
    "INSERT INTO backup_state (tenant, signature, failures, error, looked_at) VALUES (?, ?, 0, '', ?) "
    "ON CONFLICT (tenant) DO UPDATE SET signature = excluded.signature, failures = 0, error = '', "
    "looked_at = excluded.looked_at"
)
_FAILED = (
    "INSERT INTO backup_state (tenant, signature, failures, error, looked_at) VALUES (?, '', 1, ?, ?) "
    "ON CONFLICT (tenant) DO UPDATE SET signature = '', failures = failures + 1, error = excluded.error, "
    "looked_at = excluded.looked_at RETURNING failures"
)
_ANNOUNCE = "INSERT INTO backup (tenant, stamp, digest, facts, place, bytes, stored_bytes) VALUES (?, ?, ?, ?, ?, ?, ?)"


class Records:
    """The records of one data folder's backups at one place.

    Args:
        router: the data folder.
        place: the place's name.
    """

    def __init__(self, router: Router, place: str) -> None:
        self.router = router
        self.place = place
        self._beside = f"{router.path}/{NAME}"

    # Whether anything is to be done

    def signatures(self) -> dict[str, str]:
        """Return all tenants' signatures."""
        found = dict(self._run("SELECT tenant, signature FROM backup_state").fetchall())
        found[UNIVERSAL] = self._read().get("signature", "")
        return found

    def signature(self, tenant: str) -> str:
        """Return one tenant's signature."""
        if tenant == UNIVERSAL:
            return str(self._read().get("signature", ""))
        row = self._run("SELECT signature FROM backup_state WHERE tenant = ?", tenant).fetchone()
        return row[0] if row else ""

    def made(self, tenant: str, signature: str) -> None:
        """Note that the last backup holds what the files held when they looked like that.

        It doesn't wait for the disk: after a power failure they are looked into once more.
        """
        if tenant == UNIVERSAL:
            self._update(signature=signature, failures=0, error="", looked_at=_now())
        else:
            self._run_unhurried(_MADE, tenant, signature, _now())

    def failed(self, tenant: str, error: str) -> int:
        """Note that no backup could be made. Returns how many times in a row that is."""
        if tenant == UNIVERSAL:
            failures = int(self._read().get("failures", 0)) + 1
            self._update(signature="", failures=failures, error=error, looked_at=_now())
            return failures
        row = self._run_unhurried(_FAILED, tenant, error, _now()).fetchone()
        return int(row[0])

    def standings(self) -> list[Standing]:
        """Return how all tenants stand, the shared database last."""
        found = [Standing(*row) for row in self._run(_STANDINGS, self.place)]
        return [*found, self._of_universal()]

    def standing(self, tenant: str) -> Standing | None:
        """Return how one tenant stands; None where no backup of it was tried yet."""
        if tenant == UNIVERSAL:
            return self._of_universal()
        row = self._run(f"{_STANDINGS} WHERE s.tenant = ?", self.place, tenant).fetchone()
        return Standing(*row) if row else None

    def _of_universal(self) -> Standing:
        noted = self._read()
        own = {
            stamp: note for stamp, note in noted["backups"].items() if note["place"] == self.place
        }
        latest = max(own, default="")
        names = ("signature", "failures", "error", "looked_at")
        fields: dict[str, Any] = {name: noted[name] for name in names if name in noted}
        if latest:
            fields |= {name: own[latest][name] for name in ("bytes", "stored_bytes")}
        return Standing(UNIVERSAL, latest=latest, **fields)

    # Which backups were made here

    def announce(self, manifest: Manifest, digest: str) -> None:
        """Note a backup that is about to appear at its place."""
        if manifest.tenant == UNIVERSAL:
            note = {
                "digest": digest,
                "place": self.place,
                "bytes": manifest.bytes,
                "stored_bytes": manifest.stored_bytes,
            }
            self._update(backups=self._read()["backups"] | {manifest.stamp: note})
            return
        row = (
            manifest.tenant, manifest.stamp, digest, json.dumps(manifest.facts), self.place, manifest.bytes,
            manifest.stored_bytes,
        )  # fmt: skip
        self.router.universal_store.execute_write_with_retry(_ANNOUNCE, row)

    def forget(self, backup: Backup) -> None:
        """Forget a backup that is gone."""
        if backup.tenant == UNIVERSAL:
            noted = self._read()["backups"]
            if noted.pop(backup.stamp, None) is not None:
                self._update(backups=noted)
            return
        self._run_unhurried("DELETE FROM backup WHERE tenant = ? AND stamp = ?", *backup)

    def digest(self, backup: Backup) -> str:
        """Return the SHA-256 of a backup's manifest; empty where it wasn't made here."""
        if backup.tenant == UNIVERSAL:
            note = self._read()["backups"].get(backup.stamp, {})
            return str(note.get("digest", ""))
        row = self._run(
            "SELECT digest FROM backup WHERE tenant = ? AND stamp = ?", *backup
        ).fetchone()
        return row[0] if row else ""

    def has_backups(self) -> bool:
        """True where backups were made at the place, as far as is known."""
        if any(note["place"] == self.place for note in self._read()["backups"].values()):
            return True
        found = self._run("SELECT EXISTS (SELECT 1 FROM backup WHERE place = ?)", self.place)
        return bool(found.fetchone()[0])

    # How

    def _run(self, query: str, *params: Any) -> Any:
        return self.router.universal_store.execute_sql(query, params)

    def _run_unhurried(self, query: str, *params: Any) -> Any:
        return self.router.universal.execute_unhurried(query, params)

    def _read(self) -> dict[str, Any]:
        """Return what stands beside the catalogue. What can't be read is as if it weren't there."""
        with suppress(OSError, ValueError):
            with open(open_own(self._beside, make=False), "rb") as file:
                found = json.load(file)
            if isinstance(found, dict) and isinstance(found.get("backups"), dict):
                return found
        return {"backups": {}}

    def _update(self, **changes: Any) -> None:
        aside = f"{self._beside}.new"
        noted = self._read() | changes
        with suppress(FileNotFoundError):
            os.unlink(aside)  # of a process that died
        with open(open_own(aside), "w", encoding="utf-8") as file:
            json.dump(noted, file)
            file.flush()
            os.fsync(file.fileno())
        os.rename(aside, self._beside)
        flush_folder(self.router.path)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
