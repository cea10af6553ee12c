"""What msgspec knows of a type is made as modules are imported, by one thread.

It is made at the type's first use otherwise, and two threads that come to that at once end the process: a server's
first two visitors who made a company at the same moment did.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("tenants", "models", "cuneifox")
ALONE = {"cuneifox/config.py"}
"""Where settings are read: at the start, by the only thread there is."""


def late(source: str) -> Iterator[int]:
    """Yield the lines in which a type is decoded, or a decoder made, within a function."""
    functions = (n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef))
    for node in (node for function in functions for node in ast.walk(function)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("msgspec."):
            name = ast.unparse(node.func).rpartition(".")[2]
            typed = name == "decode" and any(keyword.arg == "type" for keyword in node.keywords)
            if typed or name in ("convert", "Decoder"):
                yield node.lineno


def test_types_are_decoded_by_what_was_made_at_import() -> None:
    """No function of the program decodes a type by its name; it uses a decoder that its module has made."""
    found = [
        f"{file.relative_to(ROOT)}:{line}"
        for room in ROOMS
        for file in sorted((ROOT / room).rglob("*.py"))
        if file.relative_to(ROOT).as_posix() not in ALONE
        for line in late(file.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "call",
    ["msgspec.json.decode(it, type=T)", "msgspec.convert(it, T)", "msgspec.json.Decoder(T)"],
)
def test_a_late_one_is_seen(call: str) -> None:
    """Each way in which a function could be the first to use a type."""
    assert list(late(f"def read(it):\n    return {call}")) == [2]
    assert list(late(f"READ = {call}")) == []
