"""When a company's stores were set back to a backup, which moves what the catalogue knows of them back too.

The chain of vouchers only ever grows, and whatever knew more of it than there is now tells of a tail that was cut
off; but after a restore that is as it should be. So it is with the changes of what is under seal. Therefore each
restore is on record, for good, with what was lost by it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from peewee import AutoField, BigIntegerField, CharField

from tenants import RoutedModel


class Restoration(RoutedModel):
    """One time that stores of a company were replaced by earlier ones.

    Attributes:
        roles: of the stores, joined by commas.
        at: when, as backups' stamps are written: year first, UTC.
        source: the stamp of the backup that they are now; empty where they came from elsewhere.
        count: how many vouchers the books have since; ``head`` the last one's hash.
        lost_count: how many the catalogue knew of before; ``lost_head`` the last one's hash.
        by: whose doing it was, by name.
    """

    id = AutoField()
    tenant_id = CharField(26, index=True)
    at = CharField()
    roles = CharField()
    source = CharField(default="")
    count = BigIntegerField()
    head = CharField()
    lost_count = BigIntegerField()
    lost_head = CharField()
    by = CharField()

    class Meta:
        table_name = "restorations"


def is_of_this_history(stamp: str, restored: Sequence[tuple[str, str]]) -> bool:
    """Tell whether what was copied at ``stamp`` is an earlier state of what there is now.

    ``restored`` are a company's restores, as (at, source), in the order of time. After each, the books' past is that
    of its source: what happened between the source's copying and the restore is another history, which was left.
    """
    made, until = moment(stamp), ""
    for at, source in reversed(restored):
        began = moment(at)
        if until and began > until:
            continue  # it is of a history that a later restore left
        if made > began:
            return not until or made <= until
        if not source:
            return False
        until = moment(source)
    return not until or made <= until


def moment(stamp: str) -> str:
    """Return the digits of a stamp to the microsecond, which compare as the times do."""
    return re.sub(r"[^0-9]", "", stamp)[:20].ljust(20, "0")
