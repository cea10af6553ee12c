"""Accounts in the order of the chart, each with what was posted to it and to everything below."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from models.accounts import AccountNode
from models.reports.figures import NOTHING, AccountRow, Figures, Section


def account_rows(
    nodes: list[AccountNode],
    sums: Mapping[int, Figures],
    *,
    keep: Callable[[AccountNode], bool] = lambda _: True,
    counts: Callable[[Figures], object] = bool,
    empty: bool = False,
) -> list[AccountRow]:
    """Return a row for each account of ``nodes`` that ``keep`` accepts, groups with subtotals.

    Args:
        nodes: the whole chart as ``account_tree`` gives it, each group before what is below it.
        sums: figures by stid; accounts that it lacks have none.
        counts: which figures an account is shown for, its own or those of one below.
        empty: whether accounts without such figures are shown too.
    """
    totals: dict[int, Figures] = {}
    busy: set[int] = set()
    for node in reversed(nodes):
        own = sums.get(node.stid, NOTHING)
        totals[node.stid] = own + totals.get(node.stid, NOTHING)
        if counts(own):
            busy.add(node.stid)
        if node.parent_stid is not None:
            above = totals.get(node.parent_stid, NOTHING)
            totals[node.parent_stid] = above + totals[node.stid]
            if node.stid in busy:
                busy.add(node.parent_stid)
    shown = [node for node in nodes if keep(node) and (empty or node.stid in busy)]
    parents = {node.parent_stid for node in shown}
    return [
        AccountRow(
            stid=node.stid,
            code=node.code,
            name=node.name,
            local_name=node.local_name,
            kind=node.type,
            parent=node.parent_stid,
            depth=node.depth,
            branches=node.stid in parents,
            own=sums.get(node.stid, NOTHING),
            total=totals[node.stid],
        )
        for node in shown
    ]


def below(nodes: list[AccountNode], stid: int) -> list[AccountNode]:
    """Return the account of that stid and everything below it; nothing if there is none."""
    found: set[int] = set()
    for node in nodes:
        if node.stid == stid or node.parent_stid in found:
            found.add(node.stid)
    return [node for node in nodes if node.stid in found]


def grand_total(rows: list[AccountRow]) -> Figures:
    """Return the sum of what was posted to each of the rows' accounts itself."""
    return sum((row.own for row in rows), NOTHING)


def section(
    nodes: list[AccountNode],
    sums: Mapping[int, Figures],
    kind: str,
    *,
    counts: Callable[[Figures], object] = bool,
    empty: bool = False,
) -> Section:
    """Return the accounts of one kind with their sums, as a statement shows them."""
    rows = account_rows(
        nodes, sums, keep=lambda node: node.type == kind, counts=counts, empty=empty
    )
    total = grand_total(rows)
    sign = 1 if kind in ("asset", "expense") else -1
    return Section(kind, sign, rows, sign * total.closing, sign * total.moved)
