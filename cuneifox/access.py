"""Who may call a view: marks that stand on the view and are checked before it runs.

A view without a mark is for whoever is signed in; one of a company is for its members.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])


def public(view: View) -> View:
    """Also for whoever isn't signed in."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def administrators(view: View) -> View:
    """For administrators of the installation alone."""
    view.for_administrators = True  # type: ignore[attr-defined]
    return view


def shows_again(view: View) -> View:
    """A form that is long to type: sent with a token that is over (of a session before, say), it is
    shown again under a new one instead of being lost. The view asks `request.stale`, and does nothing
    else then.
    """
    view.shows_again = True  # type: ignore[attr-defined]
    return view


def only_reads(view: View) -> View:
    """Sent by POST, and yet nothing of the company is changed: also where that can only be read."""
    view.only_reads = True  # type: ignore[attr-defined]
    return view


def needs(module: str, level: str) -> Callable[[View], View]:
    """For members whose rights in a module reach a level: @needs("ledger", "add")."""

    def mark(view: View) -> View:
        view.needed_rights = (module, level)  # type: ignore[attr-defined]
        return view

    return mark
