"""What a server does besides answering: it makes backups every so often, and has a process beside it do jobs."""

from __future__ import annotations

import logging

from cuneifox.jobs.beside import WorkersBeside
from cuneifox.services import Services

log = logging.getLogger("cuneifox")


class Background:
    """The server's own work, from its start to its end."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._workers = WorkersBeside(services.config) if services.config.jobs.threads else None

    def start(self) -> None:
        """Begin."""
        if self.services.backups is None:
            log.warning("No backups are made: folder in [backups] is empty.")
        else:
            self.services.backups.start()
        if self._workers is not None:
            self._workers.start()

    @property
    def is_running(self) -> bool:
        """Whether all of it goes on that the settings ask for."""
        backups, workers = self.services.backups, self._workers
        return (backups is None or backups.is_running) and (workers is None or workers.is_running)

    def stop(self) -> None:
        """End it, and what is under way; returns when all is done."""
        if self.services.backups is not None:
            self.services.backups.stop()
        if self._workers is not None:
            self._workers.stop()
