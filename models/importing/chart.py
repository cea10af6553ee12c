"""The accounts that an import needs: found in the chart by code or by name, or added to it.

An account's code is its full name in the source, "Assets:Bank:Checking", so that it is found again
however it is renamed; an account whose names from the top down read like that is found too. What
stands above it in its name becomes its groups. An account that takes postings is no group: what the
source has below such a one stands beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from models.accounts import Account, AccountNode, account_tree
from models.errors import BadInput
from models.importing.entries import ImportAccount, Problem
from models.seals import added
from models.texts import clean_line
from tenants import current_store

LONGEST_CODE = 40
DIRECT = "(itself)"
"""Ends the code and is the name of the account that takes what the source posts to a group."""

ADD_ACCOUNT = """
INSERT INTO accounts (code, name, local_name, type, parent_stid, is_group, active)
VALUES (?, ?, '', ?, ?, ?, ?)
RETURNING stid
"""


def account_code(name: str) -> str:
    """Return the code of an account by its full name; overlong ones end in a digest of the rest."""
    if len(name) <= LONGEST_CODE:
        return name
    return name[: LONGEST_CODE - 9] + "~" + hashlib.sha256(name.encode()).hexdigest()[:8]


class ImportChart:
    """The chart of accounts while an import finds its way in it; within one transaction."""

    def __init__(self, declared: list[ImportAccount], used: Mapping[str, int]) -> None:
        """``used`` are the names that are posted to, with the line of the first such posting."""
        self.added: list[str] = []
        self.problems: list[Problem] = []
        self._declared = {account.name: account for account in declared}
        self._used = used
        self._nodes: dict[str, AccountNode] = {}
        self._groups: dict[str, tuple[int, str]] = {}
        self._read()

    def prepare(self) -> dict[str, int]:
        """Find or add every account; return the stid by name. What can't be is in ``problems``."""
        stids: dict[str, int] = {}
        above = {prefix for name in {*self._declared, *self._used} for prefix in _prefixes(name)}
        for name, line in self._used.items():
            if name not in self._declared:
                self.problems.append((line, f"account {name} is used and declared nowhere"))
        for name, account in self._declared.items():
            if name not in self._used and name in above:
                continue
            stid = self._leaf(account)
            if stid is not None:
                stids[name] = stid
        return stids

    def _read(self) -> None:
        paths: dict[int, str] = {}
        by_code: dict[str, AccountNode] = {}
        for node in account_tree():
            over = paths.get(node.parent_stid or 0)
            paths[node.stid] = f"{over}:{node.name}" if over else node.name
            self._nodes.setdefault(paths[node.stid], node)
            by_code[node.code] = node
        self._nodes |= by_code

    def _leaf(self, account: ImportAccount) -> int | None:
        name, used = account.name, account.name in self._used
        node = self._known(name)
        if node is None:
            return self._add(account)
        if node.is_group and used:
            inner = self._known(f"{name}:{DIRECT}")
            if inner is None:
                return self._add(account, within=name)
            node = inner
        if node.type != account.kind:
            self._refuse(account, f"is of type {node.type} in these books, here {account.kind}")
        elif used and not node.active:
            self._refuse(account, "is inactive in these books; make it active first")
        return node.stid

    def _known(self, name: str) -> AccountNode | None:
        return self._nodes.get(account_code(name)) or self._nodes.get(name)

    def _add(self, account: ImportAccount, within: str = "") -> int | None:
        """Add an account below its groups, adding those too."""
        full = f"{within}:{DIRECT}" if within else account.name
        parent, named = None, 0
        try:
            for prefix in _prefixes(full):
                found = self._group(prefix, prefix[named:], account.kind, parent)
                if found is not None:
                    parent, named = found, len(prefix) + 1
            stid = self._insert(full, full[named:], account.kind, parent, group=False)
        except BadInput as error:
            self._refuse(account, f"can't be added: {error.message}")
            return None
        self.added.append(full)
        return stid

    def _group(self, full: str, name: str, kind: str, parent: int | None) -> int | None:
        """Return the group of that full name, added if need be; None where there can be none."""
        known = self._groups.get(full)
        if known is None and (node := self._known(full)) is not None and node.is_group:
            known = node.stid, node.type
        if known is not None:
            return known[0] if known[1] == kind else None
        if full in self._used or self._known(full) is not None:
            return None
        stid = self._insert(full, name, kind, parent, group=True)
        self._groups[full] = stid, kind
        return stid

    def _insert(self, full: str, name: str, kind: str, parent: int | None, *, group: bool) -> int:
        values = (
            clean_line(account_code(full), "code", longest=LONGEST_CODE, required=True),
            clean_line(name, "name", longest=200, required=True),
            kind,
            parent,
            group,
            True,
        )
        store = current_store("books")
        stid: int = store.execute_sql(ADD_ACCOUNT, values).fetchone()[0]
        added(store, Account, stid)
        return stid

    def _refuse(self, account: ImportAccount, reason: str) -> None:
        self.problems.append((account.line, f"account {account.name} {reason}"))


def _prefixes(name: str) -> list[str]:
    """Return what stands above a name, from the top: "A:B:C" gives "A" and "A:B"."""
    parts = name.split(":")
    return [":".join(parts[:count]) for count in range(1, len(parts))]
