"""Writes docs/routes.md from the application's own addresses: `make routes` runs it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from flask import Flask

from cuneifox import create_app
from cuneifox.config import Config

PAGE = Path(__file__).parent.parent / "docs" / "routes.md"
HEAD = """# Routes

Every address of the server, written by `make routes`. What begins with `/c/<slug>/` works on the company of that slug,
and asks on each request whether who is signed in may; everything else concerns the installation. Pages of
administrators answer others with 403, a company that somebody isn't a member of with 404. Reports take `?first=` and
`?last=`, as dates; errors come as JSON (RFC 9457) where JSON is asked for. What changes anything is sent by POST and
needs the form's token.
"""
REGISTERS = {
    "index": "All {}s, those of affiliates that share the register among them.",
    "new": "The form of one more of the {}s.",
    "edit": "The form of one of the {}s.",
}
"""One set of views serves all four registers, so that no docstring names the one."""
TABLE = "\n| methods | address | what |\n|---|---|---|\n"


def page_of(app: Flask) -> str:
    """Return the page: for each address its methods, and what its view says of itself."""
    routes: dict[str, tuple[set[str], str]] = {}
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        methods, told = routes.get(rule.rule, (set(), ""))
        methods |= (rule.methods or set()) - {"HEAD", "OPTIONS"}
        routes[rule.rule] = methods, told or _what(app, rule.endpoint)
    ours = {rule: told for rule, told in routes.items() if rule.startswith("/c/")}
    rest = {rule: told for rule, told in routes.items() if rule not in ours}
    return f"{HEAD}\n## The installation\n{_table(rest)}\n## A company\n{_table(ours)}"


def _what(app: Flask, endpoint: str) -> str:
    if endpoint == "static":
        return "Style sheets, scripts and pictures."
    if endpoint.startswith("registers."):
        kind, _, view = endpoint.removeprefix("registers.").partition("_")
        return REGISTERS[view].format(kind)
    told = (app.view_functions[endpoint].__doc__ or "").strip().partition("\n\n")[0]
    assert told, f"the view {endpoint} has no docstring that says what it answers"
    return " ".join(told.split()).replace("|", "or")


def _table(routes: dict[str, tuple[set[str], str]]) -> str:
    rows = (
        f"| {', '.join(sorted(m))} | `{rule}` | {told} |\n" for rule, (m, told) in routes.items()
    )
    return TABLE + "".join(rows)


def main() -> None:
    """Write the page."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Config(data_folder=folder))
        PAGE.write_text(page_of(app), encoding="utf-8")
        router = app.extensions["tenants"]
        router.universal.release()
        router.close()


if __name__ == "__main__":
    main()
