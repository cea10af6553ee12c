"""Reading several companies for one report: what fails is shown, in its place, and stops nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from company_group import BOOKS, Group, address, broken, cells, table
from cuneifox import consolidation
from cuneifox_site import Browser
from ledger_site import CASH
from models.company_life import purge_company
from tenants import UNIVERSAL, LockTimeout, SnapshotTooOld, TenantSuspended


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Group]:
    group = Group(tmp_path / "data")
    yield group
    group.site.close()


@pytest.fixture
def malee(group: Group) -> Browser:
    return group.site.signed_in("malee")


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("file", "Its file is missing or damaged"),
        ("quarantined", "In quarantine"),
        ("suspended", "Suspended"),
    ],
)
def test_who_cannot_be_read_is_shown_in_its_place(
    group: Group, malee: Browser, how: str, says: str
) -> None:
    """The reason stands in the column, the sums are marked, and the others are there."""
    broken(group, "south", how)
    page = malee.get(address("north", "south", "east"))
    assert page.status_code == 200
    baht, dollars = page.text.split("Amounts in USD")
    assert cells(baht, CASH) == ["100.00", "?", "100.00"]
    assert f'South Co<br><span class="badge bad">{says}</span>' in baht
    assert f"<strong>South Co</strong>: {says}" in baht
    assert "incomplete</span>" in baht
    assert "incomplete" not in dollars
    made = malee.get(address("north", "south", "east", ending=".json")).json
    assert [block["complete"] for block in made["blocks"]] == [False, True]
    assert made["blocks"][0]["columns"][1]["failure"] == how
    assert made["complete"] is False
    heading, *rows = table(malee, address("north", "south", "east", ending=".csv"))
    assert heading[5] == f"South Co (south): {says}"
    [cash] = [row for row in rows if row[:2] == ["THB", CASH]]
    assert cash[4:] == ["100.00", "", "", "100.00", f"South Co (south): {says}"]
    assert {company for _, company, _ in group.log()} == {"North Co", "East Co"}


def test_nothing_about_the_server_is_told(group: Group, malee: Browser) -> None:
    """No path, no reason of the operator's: those are in the log."""
    broken(group, "south", "file")
    broken(group, "east", "quarantined")
    for ending in ("", ".json", ".csv"):
        text = malee.get(address("north", "south", "east", ending=ending)).text
        assert str(group.site.config.data_path) not in text
        assert "it failed" not in text


def test_a_right_that_is_taken_away_meanwhile_counts(
    group: Group, malee: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each company is asked about again right before it is entered: the first is read, the second not."""
    built = consolidation.trial_balance

    def build(*given: Any, **named: Any) -> Any:
        group.grant("south", wages="delete")
        return built(*given, **named)

    monkeypatch.setattr(consolidation, "trial_balance", build)
    (block,) = malee.get(address("north", "south", ending=".json")).json["blocks"]
    assert [column["failure"] for column in block["columns"]] == ["", "revoked"]
    assert [company for _, company, _ in group.log()] == ["North Co"]


def test_a_membership_that_is_taken_away_as_it_is_entered_counts(
    group: Group, malee: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The router asks by itself, after the page did."""
    enter = type(group.site.router).enter_here

    def late(router: Any, tenant: Any) -> Any:
        group.revoke("south")
        return enter(router, tenant)

    monkeypatch.setattr(type(group.site.router), "enter_here", late)
    (block,) = malee.get(address("south", ending=".json")).json["blocks"]
    assert [column["failure"] for column in block["columns"]] == ["revoked"]


def test_past_the_deadline_nobody_is_begun(
    group: Group, malee: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock runs for all of them together; who isn't reached keeps the column and says so."""
    at = [0.0]
    built = consolidation.trial_balance

    def build(*given: Any, **named: Any) -> Any:
        at[0] += 29.0 if at[0] == 0.0 else 1.0
        return built(*given, **named)

    monkeypatch.setattr(consolidation, "trial_balance", build)
    monkeypatch.setattr(consolidation.time, "monotonic", lambda: at[0])
    made = malee.get(address("east", "north", "south", ending=".json")).json
    failures = [column["failure"] for block in made["blocks"] for column in block["columns"]]
    assert failures == ["", "", "late"]


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (LockTimeout("maintained"), "busy"),
        (TenantSuspended("closed"), "suspended"),
        (SnapshotTooOld("ended"), "late"),
    ],
)
def test_what_is_raised_has_a_word(error: Exception, word: str) -> None:
    """And each word a text."""
    assert consolidation.failure_of(error) == word
    assert word in consolidation.FAILURES


def test_nothing_is_written_and_no_entry_is_left(group: Group, malee: Browser) -> None:
    """The companies' files are as before, and db_dict holds the universal entry alone."""
    router = group.site.router
    router.pool.close()
    paths = [Path(router.tenant(slug).store("books").path) for slug in BOOKS]
    before = [path.read_bytes() for path in paths]
    assert malee.get(address(*BOOKS)).status_code == 200
    assert list(group.site.app.db_dict) == [UNIVERSAL]  # type: ignore[attr-defined]
    router.pool.close()
    assert [path.read_bytes() for path in paths] == before


def test_an_archived_company_is_read_like_any_other(group: Group, malee: Browser) -> None:
    """Its members may look at everything and print it."""
    group.site.router.archive("south")
    made = malee.get(address("north", "south", ending=".json")).json
    assert made["complete"]
    assert made["blocks"][0]["closing"]["debit"] == 12500


def test_a_company_that_is_purged_meanwhile_keeps_its_place(
    group: Group, malee: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen while it was there, gone as it was to be read; once it is gone it is unknown."""
    built = consolidation.trial_balance
    router = group.site.router

    def purge() -> None:
        with group.site.app.app_context():
            router.suspend("south", "it moves out")
            purge_company(router, "south", confirmed="south")

    def build(*given: Any, **named: Any) -> Any:
        made = built(*given, **named)
        monkeypatch.setattr(consolidation, "trial_balance", built)
        thread = Thread(target=purge)
        thread.start()
        thread.join()
        return made

    monkeypatch.setattr(consolidation, "trial_balance", build)
    (block,) = malee.get(address("north", "south", ending=".json")).json["blocks"]
    assert [column["failure"] for column in block["columns"]] == ["", "revoked"]
    assert malee.get(address("north", "south")).status_code == 422


def test_nobody_is_waited_for_past_the_deadline(
    group: Group, malee: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A company that is being maintained is waited for no longer than the whole may take, then is busy."""
    router = group.site.router
    at = [0.0]
    waited: list[float] = []
    home = type(router.tenant("south").store("books").home)
    lease = home.lease

    def watched(self: Any, patience: float, *more: Any) -> None:
        waited.append(patience)
        if "south" in self.label:
            raise LockTimeout("maintained for too long")
        lease(self, patience, *more)
        at[0] += 26.0

    monkeypatch.setattr(home, "lease", watched)
    monkeypatch.setattr(consolidation.time, "monotonic", lambda: at[0])
    made = malee.get(address("north", "south", ending=".json")).json
    assert [column["failure"] for column in made["blocks"][0]["columns"]] == ["", "busy"]
    assert waited[0] == pytest.approx(router.pool.patience, abs=1)
    assert waited[1] == pytest.approx(30.0 - 26.0, abs=1)
