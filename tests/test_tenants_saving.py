"""Stores that are written out: whole, as of one instant, in each format, and without blocking an event loop."""

from __future__ import annotations

import asyncio
import csv
import json
from contextlib import closing
from pathlib import Path

import pytest

from live_models import LIVE, Event, Tally, Visit
from notes import Note
from tenants import Router, Store, TenantError, saving, sqlite

pytestmark = pytest.mark.each_engine


@pytest.fixture
def live(router: Router) -> Store:
    """The live store of `acme`, with rows."""

    def fill() -> None:
        visit = Visit.create(token="ก, ข", seen_at=1)
        Event.create(visit=visit, at=1, what='came "in"')
        Tally.create(name="visits", count=1)

    return router.create("acme", models=[Note, *LIVE], setup=fill).store("live")


def test_json(live: Store, tmp_path: Path) -> None:
    """All tables with all rows, by the names of their columns; bytes in base64."""
    live.create_db(
        schema(tmp_path, "CREATE TABLE scans (page BLOB); INSERT INTO scans VALUES (x'00FF');")
    )
    found = json.loads(live.save(tmp_path / "live.json").read_text(encoding="utf-8"))
    assert found == {
        "store": "acme/live",
        "tables": {
            "event": [{"id": 1, "visit_id": 1, "at": 1, "what": 'came "in"'}],
            "scans": [{"page": {"base64": "AP8="}}],
            "tally": [{"id": 1, "name": "visits", "count": 1}],
            "visit": [{"id": 1, "token": "ก, ข", "seen_at": 1, "hits": 0}],
        },
    }
    some = json.loads(live.save(tmp_path / "live.json", "json", Tally).read_text(encoding="utf-8"))
    assert list(some["tables"]) == ["tally"]


def schema(folder: Path, sql: str) -> Path:
    """Write a schema file."""
    path = folder / "schema.sql"
    path.write_text(sql)
    return path


def test_csv(live: Store, tmp_path: Path) -> None:
    """One model's rows under the names of its columns."""
    live.save(tmp_path / "visits.csv", "csv", Visit)
    with open(tmp_path / "visits.csv", encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [
            ["id", "token", "seen_at", "hits"],
            ["1", "ก, ข", "1", "0"],
        ]


def test_sqlite(live: Store, tmp_path: Path) -> None:
    """A database that stands by itself, with its indexes."""
    path = live.save(tmp_path / "live.db", "sqlite")
    assert sorted(file.name for file in tmp_path.glob("live*")) == ["live.db"]
    with closing(sqlite.driver.connect(sqlite.uri(str(path)), uri=True)) as copy:
        assert copy.execute("SELECT what FROM event").fetchall() == [('came "in"',)]
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        indexes = "SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'event'"
        assert copy.execute(indexes).fetchone() == (2,)


def test_what_cant_be_saved(live: Store, tmp_path: Path) -> None:
    """An unknown format, one that can't hold what was asked for, a model of elsewhere: told, and nothing is left."""
    for wrong, message in (
        ((tmp_path / "x", "xml"), "can't be saved as 'xml': choose one of json, csv, sqlite"),
        ((tmp_path / "x", "csv"), "'csv', which holds one table"),
        ((tmp_path / "x", "csv", Visit, Tally), "'csv', which holds one table"),
        ((tmp_path / "x", "sqlite", Visit), "'sqlite' as a whole only"),
        ((tmp_path / "x", "json", Note), "Note isn't in acme/live"),
        ((tmp_path / "nowhere" / "x",), "can't be saved to .*nowhere"),
    ):
        with pytest.raises(TenantError, match=message):
            live.save(*wrong)  # type: ignore[arg-type]
    assert not list(tmp_path.glob("*x*"))


def test_whole_or_not_at_all(live: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails half-way leaves the file that was there, and nothing beside it."""
    path = live.save(tmp_path / "live.json")
    before = path.read_bytes()

    def fail(store: Store, connection: object, part: str, tables: tuple[str, ...]) -> None:
        Path(part).write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(saving.FORMATS, "json", fail)
    with pytest.raises(TenantError, match="No space left"):
        live.save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.glob("*live*")] == ["live.json"]


def test_as_of_one_instant(
    router: Router, live: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others go on writing while it is written, and what they write isn't in it, in whichever table."""
    chosen = saving._chosen

    def slowly(store: Store, connection: object, tables: tuple[str, ...]) -> tuple[str, ...]:
        router.start_thread(lambda: Visit.delete().execute(), tenant="acme").join()
        return chosen(store, connection, tables)

    monkeypatch.setattr(saving, "_chosen", slowly)
    found = json.loads(live.save(tmp_path / "live.json").read_text(encoding="utf-8"))
    assert [len(rows) for rows in found["tables"].values()] == [1, 1, 1]
    with router.using("acme"):
        assert Event.select().count() == 0


def test_an_event_loop_goes_on(
    router: Router, live: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While `async_save` is at it other tasks of the loop run: one of them lets it go on."""
    write = saving.FORMATS["json"]

    async def main() -> Path:
        loop, begun, go = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

        def slowly(*args: object) -> None:
            loop.call_soon_threadsafe(begun.set)
            asyncio.run_coroutine_threadsafe(go.wait(), loop).result(30)
            write(*args)  # type: ignore[arg-type]

        monkeypatch.setitem(saving.FORMATS, "json", slowly)
        saved = asyncio.create_task(live.async_save(tmp_path / "live.json"))
        await begun.wait()
        go.set()
        return await saved

    with router.using("acme"):
        path = asyncio.run(main())
    assert len(json.loads(path.read_text(encoding="utf-8"))["tables"]) == 3
