"""The room's front page names what others may use, and they use nothing else."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import models

ROOT = Path(models.__file__).parent.parent


def imported(room: str) -> Iterator[tuple[str, str]]:
    """Yield (file, module directly in models) for every import of models in a room."""
    for path in sorted((ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                inner = [f"{node.module}.{alias.name}" for alias in node.names]
                names = inner if node.module == "models" else [node.module]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                if name.startswith("models."):
                    yield path.name, name.split(".")[1]


@pytest.mark.parametrize("name", models.__all__)
def test_what_is_named_is_there_and_says_what_it_is_for(name: str) -> None:
    """Every public module imports by itself and has a docstring."""
    assert (importlib.import_module(f"models.{name}").__doc__ or "").strip()


def test_the_web_room_uses_public_modules_alone() -> None:
    """What isn't on the front page may change without asking there."""
    used = list(imported("cuneifox"))
    assert used
    assert [(file, name) for file, name in used if name not in models.__all__] == []
