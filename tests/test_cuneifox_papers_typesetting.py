"""Parts are set several at a time, never more than have a turn, and joined without loss, one in memory at a time."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from cuneifox.papers import PaperFailed, joining, typesetting
from cuneifox.papers.typesetting import set_parts
from pdf_text import needs_poppler, pages_of


def nobody() -> None:
    """Nobody gives it up."""


LONG = "#for i in range(99999) { for j in range(99999) { let n = i * j } }"
"""What takes minutes to set."""


def lay_down(folder: Path, name: str, source: str) -> None:
    """Prepare a part of some source of our own."""
    part = folder / name
    part.mkdir()
    (part / "main.typ").write_text(source)
    (part / "data.json").write_text("{}")


class Running:
    """Notes how many processes run at the same time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.most = 0
        self.all: list[Any] = []
        popen = typesetting.subprocess.Popen

        def noted(*given: Any, **options: Any) -> Any:
            self.all.append(popen(*given, **options))
            alive = sum(process.poll() is None for process in self.all)
            self.most = max(self.most, alive)
            return self.all[-1]

        monkeypatch.setattr(typesetting.subprocess, "Popen", noted)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_as_many_at_a_time_as_have_a_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    """Each part is set once, and told of once; all turns are given back."""
    left = threading.BoundedSemaphore(turns)
    monkeypatch.setattr(typesetting, "_turns", left)
    running = Running(monkeypatch)
    for n in range(4):
        lay_down(tmp_path, f"p{n}", f"Part {n}")
    told: list[int] = []
    set_parts(tmp_path, [["p0"], ["p1"], ["p2", "p3"]], nobody, told.append)
    assert running.most == turns
    assert sorted(told) == [0, 1, 2]
    assert all((tmp_path / f"p{n}" / "out.pdf").exists() for n in range(4))
    assert [left.acquire(blocking=False) for _ in range(turns + 1)] == [True] * turns + [False]
    assert not list(tmp_path.glob("plan-*"))


def test_one_that_fails_ends_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is left, nor a turn taken."""
    left = threading.BoundedSemaphore(2)
    monkeypatch.setattr(typesetting, "_turns", left)
    running = Running(monkeypatch)
    lay_down(tmp_path, "bad", "#panic()")
    lay_down(tmp_path, "long", LONG)
    with pytest.raises(PaperFailed):
        set_parts(tmp_path, [["bad"], ["long"], ["bad"]], nobody)
    assert all(process.poll() is not None for process in running.all)
    assert [left.acquire(blocking=False) for _ in range(3)] == [True, True, False]


def pdf_of(path: Path, *texts: str) -> pikepdf.Pdf:
    """A PDF of a page each, whose resources hold strings that look like references."""
    with pikepdf.new() as pdf:
        font = pdf.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Font,
                Subtype=pikepdf.Name.Type1,
                BaseFont=pikepdf.Name.Helvetica,
                Note=pikepdf.String("(1 0 R) \\ 2 0 R )("),
                Hex=pikepdf.String(b"\xff\xfe\x003 0 R"),
            )
        )
        for text in texts:
            page = pdf.add_blank_page(page_size=(300, 300))
            page.obj.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
            page.obj.Contents = pdf.make_stream(f"BT /F1 20 Tf 20 100 Td ({text}) Tj ET".encode())
            page.obj.StructParents = 0
        pdf.save(path)
    return pikepdf.open(path)


@needs_poppler
def test_joined_pages_are_those_of_the_parts(tmp_path: Path) -> None:
    """In order, sound to a reader that isn't ours; strings are what they were, and what a part shares is there once."""
    with joining.joined(tmp_path / "whole.pdf", "สรุป (1 0 R)") as whole:
        for n, texts in enumerate((["one", "two"], ["three"], ["four", "five"])):
            with pdf_of(tmp_path / f"{n}.pdf", *texts) as part:
                whole.add(part)
    assert [page.strip() for page in pages_of(tmp_path / "whole.pdf")] == [
        "one", "two", "three", "four", "five",
    ]  # fmt: skip
    with pikepdf.open(tmp_path / "whole.pdf") as read:
        assert read.check_pdf_syntax() == []
        assert str(read.docinfo["/Title"]) == "สรุป (1 0 R)"
        fonts = {page.obj.Resources.Font.F1.objgen for page in read.pages}
        assert len(fonts) == 3
        font = read.pages[4].obj.Resources.Font.F1
        assert str(font.Note) == "(1 0 R) \\ 2 0 R )("
        assert bytes(font.Hex) == b"\xff\xfe\x003 0 R"
        assert all("/StructParents" not in page.obj for page in read.pages)
