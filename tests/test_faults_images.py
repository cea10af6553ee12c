"""What a power cut may leave: all that was flushed, any subset of the rest, and nothing that nobody wrote."""

from __future__ import annotations

import random
from pathlib import Path

from faults.files import watching
from faults.images import Image, Replay, Stage
from faults.recording import Event, Recorder
from tenants.places import flush_file, flush_folder

MANY = 300


def images(log: list[Event], cut: int | None = None) -> list[Image]:
    """Many images at one point."""
    replay = Replay(log)
    assert list(replay.play_to(len(log) if cut is None else cut)) == []
    return [replay.image(random.Random(n)) for n in range(MANY)]


def test_what_was_flushed_stays(tmp_path: Path) -> None:
    """A file whose content and whose folder were flushed is in every image, as it was then."""
    recorder = Recorder(str(tmp_path))
    with watching(recorder):
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / "one").write_bytes(b"kept")
        flush_file(f"{tmp_path}/a/one")
        flush_folder(f"{tmp_path}/a")
        flush_folder(str(tmp_path))
    assert images(recorder.log) == [{"a": None, "a/one": b"kept"}] * MANY


def test_what_was_not_flushed_may_be_there_or_not(tmp_path: Path) -> None:
    """Content without its name, a name without content, content in part, and all of it."""
    recorder = Recorder(str(tmp_path))
    with watching(recorder):
        (tmp_path / "one").write_bytes(b"x" * 1024)
    found = {image.get("one") for image in images(recorder.log)}
    assert {None, b"", b"x" * 1024, bytes(512) + b"x" * 512, b"x" * 512} <= found


def test_a_name_is_its_folders(tmp_path: Path) -> None:
    """Flushing a file alone doesn't keep its name."""
    recorder = Recorder(str(tmp_path))
    with watching(recorder):
        (tmp_path / "one").write_bytes(b"kept")
        flush_file(f"{tmp_path}/one")
    assert {image.get("one") for image in images(recorder.log)} == {None, b"kept"}


def test_a_rename_happens_or_does_not(tmp_path: Path) -> None:
    """The file is under its old name, or under the new one, and never under both or neither."""
    recorder = Recorder(str(tmp_path))
    with watching(recorder):
        (tmp_path / "one").write_bytes(b"")
        flush_folder(str(tmp_path))
        (tmp_path / "one").rename(tmp_path / "two")
    assert {tuple(image) for image in images(recorder.log)} == {("one",), ("two",)}


def test_what_was_removed_may_come_back(tmp_path: Path) -> None:
    """… until the folder is flushed."""
    recorder = Recorder(str(tmp_path))
    with watching(recorder):
        (tmp_path / "one").write_bytes(b"")
        flush_folder(str(tmp_path))
        (tmp_path / "one").unlink()
        cut = len(recorder.log)
        flush_folder(str(tmp_path))
    assert {"one" in image for image in images(recorder.log, cut)} == {True, False}
    assert not any(images(recorder.log))


def test_a_write_keeps_to_its_bytes(tmp_path: Path) -> None:
    """Sectors are old or new, in any mixture, and what is beside the write is as it was."""
    recorder = Recorder(str(tmp_path))
    with watching(recorder):
        with open(tmp_path / "one", "wb") as file:
            file.write(b"o" * 4096)
        flush_file(f"{tmp_path}/one")
        flush_folder(str(tmp_path))
        with open(tmp_path / "one", "r+b") as file:
            file.seek(100)
            file.write(b"n" * 2000)
    found = {image["one"] for image in images(recorder.log)}
    assert len(found) > 5
    assert all(one and one[:100] == b"o" * 100 and one[2100:] == b"o" * 1996 for one in found)


def test_one_image_after_another_is_laid_out(tmp_path: Path) -> None:
    """What was there before goes, also where somebody has changed it."""
    stage = Stage(str(tmp_path / "stage"))
    same = b"same"
    stage.lay({"a": None, "a/one": same, "two": b"2"})
    (tmp_path / "stage" / "a" / "one").write_bytes(b"changed by whoever worked on it")
    (tmp_path / "stage" / "three").write_bytes(b"3")
    stage.lay({"a": None, "a/one": same})
    left = {str(p.relative_to(stage.folder)) for p in Path(stage.folder).rglob("*")}
    assert left == {"a", "a/one"}
    assert (tmp_path / "stage" / "a" / "one").read_bytes() == same
