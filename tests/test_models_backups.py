"""Backups of books under load: a short form of the long run; and that it finds what it is to find."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.long_backups import Load, Moment, one_round


@pytest.mark.parametrize(("number", "backups"), [(0, 3), (1, 2)])
def test_backups_under_load(number: int, backups: int) -> None:
    """While threads post, each backup holds all that was acknowledged before it, and is sound, plain or encrypted."""
    taken = one_round(seed=1, number=number, backups=backups)
    assert taken.findings == []
    assert taken.increments >= 1
    assert taken.vouchers >= 16


def test_the_comparison_finds_what_differs(tmp_path: Path) -> None:
    """A voucher too few, one that nobody acknowledged, and another amount are all told."""
    load = Load(tmp_path, "2026", encrypted=False)
    try:
        with load.posting():
            load.tally.wait_for(12)
            backup, moment = load.back_up()
        assert list(load.faults(backup, moment)) == []
        assert any("not in it" in fault for fault in load.faults(backup, Moment({10**6}, 10**6)))
        assert any(
            "vouchers, acknowledged were" in fault
            for fault in load.faults(backup, Moment(set(), 0))
        )
        stid, amount = load.tally.lines[1][0]
        load.tally.lines[1][0] = (stid, amount + 1)
        assert any("trial balance" in fault for fault in load.faults(backup, moment))
    finally:
        load.close()
