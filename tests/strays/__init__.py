"""The actions that must be refused in another company, by what is taken there."""

from . import comparing, cursors, fetched, parts, portable, queries, relations, rows, values
from .table import ACTIONS, Action
from .words import WORDS

GROUPS = sorted({action.group for action in ACTIONS})

__all__ = [
    "ACTIONS",
    "GROUPS",
    "WORDS",
    "Action",
    "comparing",
    "cursors",
    "fetched",
    "parts",
    "portable",
    "queries",
    "relations",
    "rows",
    "values",
]
