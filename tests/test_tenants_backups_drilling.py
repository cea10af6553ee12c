"""Whether backups can be restored is tried every so often, on everybody in turn, and what is wrong is loud."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from backed_up import Site, site
from notes import Note
from tenants import BackupFailed
from tenants.backups.drilling import DrillReport

__all__ = ["site"]


def compare(copied: dict[str, Any]) -> Iterator[str]:
    """The tenant has as many notes as were copied, at least."""
    here = Note.select().count()
    if here < copied["notes"]:
        yield f"copied were {copied['notes']} notes, and there are {here}"


def slugs(report: DrillReport) -> list[str]:
    """Who was drilled."""
    return [drill.slug for drill in report.drills]


def test_everybody_gets_a_turn(site: Site) -> None:
    """First who never had one, then whose last is longest ago; each result is kept."""
    manager = site.manager()
    manager.backup_now().require_good()
    first = [slugs(manager.drill(1, compare).require_good())[0] for _ in range(3)]
    assert sorted(first) == ["acme", "globex", "universal"]
    assert slugs(manager.drill(2, compare).require_good()) == first[:2]
    kept = manager.drills()
    assert [drill.slug for drill in kept] == [first[1], first[0], first[2]]
    acme = next(drill for drill in kept if drill.slug == "acme")
    assert (acme.stamp, acme.faults) == (manager.latest("acme").stamp, [])
    assert not list(site.folder.glob("data/restoring/*"))


def test_what_is_wrong_is_loud(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """A damaged backup, one that the tenant differs from, one that isn't there: logged, told, kept; others go on."""
    told: list[tuple[str, str, int]] = []
    manager = site.manager(on_backup_failure=lambda *given: told.append(given))
    manager.backup_now().require_good()
    with site.router.using("acme"):
        Note.delete().where(Note.id <= 10).execute()
    place = site.folder / "backups" / site.router.tenant("globex").id
    file = next(place.glob("*/books.*.zst"))
    file.write_bytes(file.read_bytes()[:-1])
    with caplog.at_level(logging.ERROR, "tenants"):
        report = manager.drill(3, compare)
    wrong = {drill.slug: drill.faults for drill in report.failed}
    assert wrong.keys() == {"acme", "globex"}
    assert wrong["acme"] == ["the tenant now: copied were 400 notes, and there are 390"]
    assert {slug for slug, _, _ in told} == {"acme", "globex"}
    assert "The drill of acme's backup" in caplog.text
    assert {drill.slug for drill in manager.drills() if drill.faults} == {"acme", "globex"}
    with pytest.raises(BackupFailed, match="there are 390"):
        report.require_good()


def test_who_has_no_backup(site: Site) -> None:
    """Is a fault, unless the tenant was only just made."""
    manager = site.manager()
    manager.backup_now("acme").require_good()
    assert "globex" not in slugs(manager.drill(9))
    site.router.universal_store.execute_write_with_retry(
        "UPDATE tenant SET created_at = '2020-01-01 00:00:00'"
    )
    report = manager.drill(9)
    wrong = {drill.slug: drill.faults for drill in report.failed}
    assert "There is no backup of" in wrong["globex"][0]
    assert "acme" not in wrong


def test_facts_that_differ(site: Site) -> None:
    """What the restored copy says of itself has to be what the backup's manifest says."""
    manager = site.manager()
    manager.backup_now().require_good()
    manager.describe = "test_tenants_backups_drilling:other_facts"
    report = manager.drill(9)
    assert {drill.slug for drill in report.failed} == {"acme", "globex"}
    assert all("and what is restored {'notes': -1}" in drill.faults[0] for drill in report.failed)


def other_facts() -> dict[str, Any]:
    """What an application says that counts otherwise."""
    return {"notes": -1}


def test_a_tenant_with_another_history_isnt_compared(site: Site) -> None:
    """Nothing is wrong with a backup of what was before a restore; nor is a tenant asked that is suspended."""
    manager = site.manager()
    manager.backup_now().require_good()
    first = manager.latest("acme")
    site.write("acme", "since")
    manager.backup_now("acme").require_good()
    manager.restore("acme", first)
    manager.drill(9, compare).require_good()
    manager.backup_now().require_good()
    with site.router.using("acme"):
        Note.delete().execute()
    site.router.suspend("acme", "x")
    manager.drill(9, compare).require_good()
    site.router.resume("acme")
    assert [drill.slug for drill in manager.drill(9, compare).failed] == ["acme"]
