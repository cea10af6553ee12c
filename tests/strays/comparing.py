"""Rows compared with those of where they are used: equality and hash. Another company's row 1 is another row."""

from __future__ import annotations

from collections.abc import Callable
from operator import ne
from typing import Any

from .table import item, use


def compare(name: str, how: Callable[..., Any]) -> None:
    """Enter a comparison, which gives something true in the row's own company."""
    use(name, "equality", item, how, compares=True)


compare("equality with a row", lambda m, x: x == m.Item.get_by_id(1))
compare("equality with a row, the other way round", lambda m, x: m.Item.get_by_id(1) == x)
compare("inequality with a row", lambda m, x: not ne(x, m.Item.get_by_id(1)))
compare("equality: find in a list", lambda m, x: m.Item.get_by_id(1) in [x])
compare("equality: count in a list", lambda m, x: [x].count(m.Item.get_by_id(1)))
compare("hash: find in a set", lambda m, x: m.Item.get_by_id(1) in {x})
compare("hash: find in a dict", lambda m, x: {x: "found"}.get(m.Item.get_by_id(1)))
compare("hash: intersect sets", lambda m, x: len({x} & {m.Item.get_by_id(1)}))
compare("hash: unite sets", lambda m, x: len({x} | {m.Item.get_by_id(1)}) == 1)
