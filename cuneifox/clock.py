"""What day and what time it is where the installation's people are."""

from __future__ import annotations

from datetime import date as Date

from cuneifox import formats
from cuneifox.services import services


def today() -> Date:
    """Return the day of the application's clock, in its time zone."""
    here = services()
    return here.local(here.now()).date()


def now_shown() -> str:
    """Return the moment of the application's clock, in its time zone, as the reader writes it."""
    here = services()
    return formats.moment(here.local(here.now()))
