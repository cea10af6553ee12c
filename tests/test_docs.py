"""What the documents say is so: their code runs, and every setting, route, target and bench is in them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from flask import Flask

from bench.__main__ import MODULES
from cuneifox import create_app
from cuneifox.config import Config
from routes_page import page_of
from tenants import routers

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def code_of(page: Path) -> str:
    """Return a page's Python blocks as one program, each line where it stands in the page."""
    text = page.read_text(encoding="utf-8")
    lines = [""] * text.count("\n")
    for block in BLOCK.finditer(text):
        first = text.count("\n", 0, block.start(1))
        for offset, line in enumerate(block[1].splitlines()):
            lines[first + offset] = line
    return "\n".join(lines)


WITH_CODE = [page for page in PAGES if code_of(page).strip()]


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: page.name)
def test_code_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page's Python runs from top to bottom, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    before = set(routers._open)
    names: dict[str, Any] = {"__name__": page.stem}
    try:
        exec(compile(code_of(page), str(page), "exec"), names)
    finally:
        for router in set(routers._open) - before:
            router.universal.release()
            router.close()


def test_pages_with_code_are_found() -> None:
    """The pages that have Python are among those whose code is run."""
    assert {"README.md", "tenancy.md"} <= {page.name for page in WITH_CODE}


def settings_of(kind: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted name and default of each setting."""
    for field in msgspec.structs.fields(kind):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from settings_of(field.type, f"{field.name}.")
        else:
            yield f"{prefix}{field.encode_name}", field.default


def test_every_setting_is_documented() -> None:
    """config.toml states each setting with its default, below a comment that says what it does."""
    text = (ROOT / "config.toml").read_text(encoding="utf-8")
    stated = {}
    for name, value in tomllib.loads(text).items():
        inner = value.items() if isinstance(value, dict) else ()
        stated |= {f"{name}.{key}": one for key, one in inner} or {name: value}
    assert stated == dict(settings_of(Config))
    for part in re.split(r"\n\s*\n", text):
        if re.search(r"^\w+ = ", part, re.MULTILINE):
            assert re.search(r"^#", part, re.MULTILINE), f"no comment in: {part}"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """The application on an empty data folder."""
    app = create_app(Config(data_folder=str(tmp_path)))
    yield app
    router = app.extensions["tenants"]
    router.universal.release()
    router.close()


def test_every_route_is_documented(app: Flask) -> None:
    """docs/routes.md is what the application's addresses say of themselves; `make routes` writes it."""
    assert (ROOT / "docs" / "routes.md").read_text(encoding="utf-8") == page_of(app)


def test_commands_are_there() -> None:
    """Each `make` target and each bench that a page names exists."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        named = set(re.findall(r"(?:`|^)(?:\w+=\S+ )?make ([\w-]+)", text, re.MULTILINE))
        assert named <= targets, page
        for module in re.findall(r"python -m bench\.([a-z_]+)", text):
            assert (ROOT / "bench" / f"{module}.py").is_file(), page


def test_every_bench_is_on_the_page() -> None:
    """`make bench` runs each module that measures, and docs/benchmarks.md shows its figures."""
    measuring = {
        path.stem
        for path in (ROOT / "bench").glob("*.py")
        if "def measure(" in path.read_text(encoding="utf-8")
    }
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert set(MODULES) == measuring == set(re.findall(r"python -m bench\.(\w+)", page))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link, picture and mentioned test file of a page is there."""
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (page.parent / target).exists(), target
    for name in re.findall(r"`tests/(\w+\.py)", text):
        assert (ROOT / "tests" / name).is_file(), name


def test_the_code_map_is_right() -> None:
    """Each file in ARCHITECTURE.md's code map is in its room."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`(?:tenants|models|cuneifox)/.+?) \|", text, re.MULTILINE)
    assert len(rows) > 10
    for row in rows:
        first, *others = re.findall(r"`([^`]+)`", row)
        room = first.partition("/")[0]
        for name in (first, *(f"{room}/{other}" for other in others)):
            assert (ROOT / name).exists(), name
