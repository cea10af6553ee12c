"""Errors of the books say what happened, to which company, and can be translated."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import models.errors
from models.errors import BadInput, BooksError, PeriodClosed
from tenants import Router

SOURCES = sorted(Path(models.errors.__file__).parent.rglob("*.py"))
KINDS = {
    name: kind
    for name, kind in vars(models.errors).items()
    if isinstance(kind, type) and issubclass(kind, BooksError)
}


def test_an_error_names_the_company_it_happened_to(router: Router) -> None:
    """Within an entry the text begins with its slug; the message alone doesn't."""
    router.create("acme")
    with router.using("acme"):
        error = PeriodClosed("The month %(month)s is closed.", month="2026-02")
    assert str(error) == "acme: The month 2026-02 is closed."
    assert error.message == "The month 2026-02 is closed."
    assert str(BadInput("%(field)s is bad.", field="date")) == "date is bad."


def test_codes_are_unique_and_the_docstring_draws_the_tree() -> None:
    """Programs tell errors apart by code; readers by the drawing."""
    codes = [kind.code for kind in KINDS.values()]
    assert len(set(codes)) == len(codes)
    drawn = re.findall(r"^[│├└─ ]*([A-Z][A-Za-z]+)", models.errors.__doc__ or "", re.MULTILINE)
    assert set(KINDS) <= set(drawn)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_message_can_be_translated_and_formatted(path: Path) -> None:
    """A message is one literal, and each of its placeholders is given where it is raised."""
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
            continue
        if call.func.id not in KINDS or not call.args:
            continue
        message = call.args[0]
        if isinstance(message, ast.Name):
            continue  # handed on by a function that was given the literal
        assert isinstance(message, ast.Constant), f"{path.name}:{call.lineno}"
        wanted = set(re.findall(r"%\((\w+)\)", str(message.value)))
        given = {keyword.arg for keyword in call.keywords}
        assert None in given or wanted <= given, f"{path.name}:{call.lineno}"
