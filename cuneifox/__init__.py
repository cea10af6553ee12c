"""Knows who asks and how they are answered: pages, JSON, reports, command line; no rule of the books.

`create_app(config)` is the composition root. It is imported when it is first asked for, because most commands of the
shell need neither Flask nor the pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cuneifox.app import create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> Any:
    if name == "create_app":
        from cuneifox.app import create_app

        return create_app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
