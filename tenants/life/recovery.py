"""What a process that died in the middle of a change has left: finished, or removed."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from peewee import PeeweeException

from .. import sqlite
from ..errors import TenantError
from ..scratch import BACKING_UP, RESTORING, clear_dead
from ..tenant import is_id
from . import marks
from .templates import remove_asides

if TYPE_CHECKING:
    from ..router import Router

log = logging.getLogger("tenants")


def recover(router: Router) -> list[str]:
    """See to every mark that nobody is at any more. Returns a line on each.

    What stands in the way of one doesn't keep the others; it is told, and tried again the next time.
    """
    if router.notice.now() is None:
        # A process died in the middle of a change, and until the next one all would ask the catalogue each time.
        with suppress(TenantError), router.notice.changing():
            pass
    for name in (BACKING_UP, RESTORING):
        clear_dead(router.path, name)
    remove_asides(router.path)
    try:
        found = sorted(os.listdir(f"{router.path}/making"))
    except FileNotFoundError:
        return []
    told = []
    for owner in filter(is_id, found):
        try:
            descriptor = marks.lock_left(router, owner)
            if descriptor is not None:
                told.append(marks.settle(router, owner, descriptor))
        except (OSError, TenantError, PeeweeException, sqlite.driver.Error) as error:
            told.append(f"what is left of {owner} can't be removed yet: {error}")
        else:
            if descriptor is None:
                continue
        log.warning("A change was cut short; %s.", told[-1])
    return told
