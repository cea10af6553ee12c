"""What a server does besides answering: it makes backups every so often."""

from __future__ import annotations

import logging

from cuneifox.services import Services

log = logging.getLogger("cuneifox")


class Background:
    """The server's own work, from its start to its end."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def start(self) -> None:
        """Begin."""
        manager = self.services.backups
        if manager is None:
            log.warning("No backups are made: folder in [backups] is empty.")
        else:
            manager.start()

    def stop(self) -> None:
        """End it, and what is under way; returns when all is done."""
        if self.services.backups is not None:
            self.services.backups.stop()
