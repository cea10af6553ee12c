"""What a server does besides answering: backups every so often, and at night a drill of restoring them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextvars import Context
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from cuneifox.services import Services
from models.backing_up import differences
from tenants import TenantError

log = logging.getLogger("cuneifox")


class Background:
    """The server's own work, from its start to its end.

    `now` gives UTC seconds, `wait` is told how many seconds to wait, and returns True where it is to stop;
    both are replaced in tests.
    """

    def __init__(
        self,
        services: Services,
        now: Callable[[], float] | None = None,
        wait: Callable[[float], bool] | None = None,
    ) -> None:
        self.services = services
        self.now = now or services.now
        self._stopping = threading.Event()
        self.wait = wait or self._stopping.wait
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        manager = self.services.backups
        if manager is None:
            log.warning("No backups are made: folder in [backups] is empty.")
            return
        manager.start()
        if self.services.config.backups.drill_hour >= 0:
            work = Context().run
            self._thread = threading.Thread(
                target=work, args=(self._drill_nightly,), name="drill", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """End it, and what is under way; returns when all is done."""
        self._stopping.set()
        if self.services.backups is not None:
            self.services.backups.stop()
        if self._thread is not None:
            self._thread.join()

    def _drill_nightly(self) -> None:
        settings, router = self.services.config.backups, self.services.router
        zone = ZoneInfo(self.services.config.time_zone)
        try:
            while not self.wait(seconds_until(settings.drill_hour, self.now(), zone)):
                self._drill(settings.drill_companies)
        finally:
            router.universal.release(wholly=True)

    def _drill(self, companies: int) -> None:
        manager = self.services.backups
        assert manager is not None
        try:
            report = manager.drill(companies, differences)
        except (TenantError, OSError) as error:
            log.error("The drill of restoring backups couldn't be made: %s", error)
            return
        # The manager has logged what was wrong.
        log.info(
            "%d backups were restored aside and compared; %d weren't as they should be.",
            len(report.drills), len(report.failed),
        )  # fmt: skip


def seconds_until(hour: int, now: float, zone: ZoneInfo) -> float:
    """Seconds from `now`, in UTC seconds, until clocks of the zone next show that hour."""
    here = datetime.fromtimestamp(now, zone)
    then = here.replace(hour=hour, minute=0, second=0, microsecond=0)
    if then.timestamp() <= now:  # by the day, as days may have 23 hours
        then = (then + timedelta(days=1)).replace(fold=0)
    return max(then.timestamp() - now, 1.0)
