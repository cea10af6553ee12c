"""Finds the messages of errors for the translators; `pybabel` calls this, as babel.cfg says.

The models know nothing of gettext: an error carries its English message as `msgid`. So the first text
with a space in it that is passed to an error's class counts as a message, and likewise what is passed
to a function that says it returns an error (`def _bad(…) -> BadInput`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import IO, Any

from babel.messages.extract import extract_python

Message = tuple[Any, ...]
"""Line, function, message and comments, as Babel wants them."""


def errors(source: IO[bytes], keywords: Any, comment_tags: Any, options: Any) -> Iterator[Message]:
    """Yield the messages of one Python file's errors. The arguments are those of Babel's interface."""
    tree = ast.parse(source.read())
    makers = _error_makers(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in makers:
            for text in _texts(node.args):
                yield node.lineno, "", text, []


def texts(source: IO[bytes], keywords: Any, comment_tags: Any, options: Any) -> Iterator[Message]:
    """Yield what Babel finds in a Python file by gettext's names, and the messages of its errors."""
    yield from extract_python(source, keywords, comment_tags, options)
    source.seek(0)
    yield from errors(source, keywords, comment_tags, options)


def _error_makers(tree: ast.Module) -> set[str]:
    """Return the names in a module that make errors: imported and own classes, and functions."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and _is_ours(node.module or ""):
            names |= {alias.asname or alias.name for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and names & {_name(base) for base in node.bases}:
            names.add(node.name)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and _name(node.returns) in names:
            names.add(node.name)
    return names


def _is_ours(module: str) -> bool:
    return module.startswith("models.") and module.endswith("errors")


def _name(node: ast.AST | None) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _texts(args: list[ast.expr]) -> list[str]:
    """Return the texts of the first argument that has any: one, or both arms of a condition."""
    for arg in args:
        arms = [arg.body, arg.orelse] if isinstance(arg, ast.IfExp) else [arg]
        found = [a.value for a in arms if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        if found := [text for text in found if " " in text]:
            return found
    return []
