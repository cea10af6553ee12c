"""Whether the server can do its work, in words that tell nothing about whose books it keeps, nor where."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from typing import TYPE_CHECKING

from flask import Flask
from peewee import PeeweeException

from cuneifox.jobs.queue_length import QueueLength
from cuneifox.services import Services
from tenants import LockTimeout, TenantError
from tenants.schemas.pending import behind
from tenants.writing import Writing

if TYPE_CHECKING:
    from cuneifox.background import Background

log = logging.getLogger("cuneifox")

LEAST_FREE = 64 * 1024 * 1024
"""Bytes that must be free on the data folder's disk."""

PATIENCE = 2.0
"""Seconds to wait for the catalogue's lock, which writers have for milliseconds."""

KEPT_FOR = 1.0
"""Seconds for which an answer holds: whoever asks more often, and anybody may, gets the last one."""

OK = "ok"

NEEDED = ("catalogue", "disk", "migrations", "background")
"""What must be well for the server to be ready; the rest is told and changes nothing."""

Found = dict[str, str]
"""Each check with OK, or a word for what is wrong."""


class Readiness:
    """Looks whether all is there that requests need.

    Args:
        services: the application's.

    Attributes:
        background: what the server does besides answering; None where an application serves without `cuneifox serve`.
        kept_for: seconds for which an answer holds.
    """

    def __init__(self, services: Services) -> None:
        self.services = services
        self.background: Background | None = None
        self.kept_for = KEPT_FOR
        self._queue = QueueLength(services.queue)
        self._looking = threading.Lock()
        self._last: tuple[float, Found] | None = None

    def look(self) -> Found:
        """Return what was found, now or a moment ago. One look is made at a time; who asks meanwhile gets the last."""
        if not self._looking.acquire(blocking=self._last is None):
            assert self._last is not None
            return self._last[1]
        try:
            if self._last is None or time.monotonic() - self._last[0] >= self.kept_for:
                found = self._look()
                self._last = (time.monotonic(), found)
            return self._last[1]
        finally:
            self._looking.release()

    def _look(self) -> Found:
        found = {
            "catalogue": self._catalogue(),
            "disk": self._disk(),
            "migrations": self._migrations(),
            "background": self._background(),
            "queue": OK if self._queue.ask() is not None else "unreachable",
        }
        ill = {name: word for name, word in found.items() if word != OK}
        if ill != (self._ill(self._last[1]) if self._last else {}):
            log.warning("Readiness: %s", ill or "all is well again")
        return found

    @staticmethod
    def _ill(found: Found) -> Found:
        return {name: word for name, word in found.items() if word != OK}

    def _catalogue(self) -> str:
        """Read a row, and begin to write: what a write would come to on the disk is the disk's check."""
        store = self.services.router.universal_store
        if store.read_only is not None or store.trouble is not None:
            return "read-only"
        try:
            with Writing(store, PATIENCE) as database:
                database.execute_sql("SELECT count(*) FROM tenant").fetchone()
        except LockTimeout:
            return "busy"
        except (PeeweeException, TenantError, OSError) as error:
            log.debug("the catalogue can't be used", exc_info=error)
            return "unusable"
        finally:
            self.services.router.universal.release()
        return OK

    def _disk(self) -> str:
        try:
            free = shutil.disk_usage(self.services.config.data_path).free
        except OSError:
            return "missing"
        return OK if free >= LEAST_FREE else "full"

    def _migrations(self) -> str:
        """Databases that have failed to migrate stand in quarantine; they are their companies' matter alone."""
        router = self.services.router
        if router.migrate_on_open:
            return OK
        try:
            return "pending" if behind(router) else OK
        except (PeeweeException, TenantError, OSError):
            return "unknown"
        finally:
            router.universal.release()

    def _background(self) -> str:
        return OK if self.background is None or self.background.is_running else "stopped"


def is_ready(found: Found) -> bool:
    """Tell whether what was found lets the server work."""
    return all(found[name] == OK for name in NEEDED)


def init_app(app: Flask, services: Services) -> None:
    """Make the application's own; the server tells it of what it does besides."""
    app.extensions["readiness"] = Readiness(services)
