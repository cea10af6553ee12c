"""The actions that must be refused in another company, by what is taken there."""

from . import cursors, fetched, parts, queries, relations, rows, values
from .table import ACTIONS, Action

__all__ = [
    "ACTIONS",
    "Action",
    "cursors",
    "fetched",
    "parts",
    "queries",
    "relations",
    "rows",
    "values",
]
