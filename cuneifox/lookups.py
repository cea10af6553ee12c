"""From what people type for an account or a party to the row they mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cuneifox.i18n import _
from cuneifox.words import KINDS, shown_name
from models.accounts import AccountNode
from models.actors import Actor
from models.errors import BadInput
from models.registers import REGISTERS, Register
from models.resolver import Reference
from tenants import current_store

LATE = 1_000
"""Lines that are looked through for commodities in use."""

ACCOUNTS_OFFERED = 2_000
"""Accounts that a form offers by itself."""

OFFERED = 500
"""Rows per register that a form offers by itself; the others are found by their code."""


class Chart:
    """The accounts of a company, to be found by code or by name."""

    def __init__(self, nodes: Iterable[AccountNode]) -> None:
        self.nodes = list(nodes)
        self.by_stid = {node.stid: node for node in self.nodes}
        self._by_code = {node.code.casefold(): node for node in self.nodes}
        self._by_name: dict[str, list[AccountNode]] = {}
        for node in self.nodes:
            for name in {node.name.casefold(), node.local_name.casefold()} - {""}:
                self._by_name.setdefault(name, []).append(node)

    def find(self, text: str) -> AccountNode:
        """Return the account that `text` means: a code, a code with anything after it, or a name.

        Raises BadInput, with suggestions, where it means none or several.
        """
        if not text.strip():
            raise BadInput("Choose the account, by code or name.", field="account")
        for code in _codes(text):
            if node := self._by_code.get(code.casefold()):
                return node
        named = self._by_name.get(" ".join(text.split()).casefold(), [])
        if len(named) == 1:
            return named[0]
        close = named or [n for n in self.postable() if is_named(n, text)]
        if close:
            offers = ", ".join(f"{node.code} {shown_name(node)}" for node in close[:3])
            raise BadInput(
                "No account is called just %(text)s. Did you mean %(offers)s?",
                field="account",
                text=text[:60],
                offers=offers,
            )
        raise BadInput(
            "There is no account %(text)s; choose one from the list, by code or name.",
            field="account",
            text=text[:60],
        )

    def postable(self) -> list[AccountNode]:
        """Return the accounts that take new postings."""
        return [node for node in self.nodes if node.active and not node.is_group]

    def offered(self) -> list[AccountNode]:
        """Return what forms offer of `postable`; the rest is found by its code or name."""
        return self.postable()[:ACCOUNTS_OFFERED]

    def commodities(self) -> set[str]:
        """Return the commodities that accounts are kept in."""
        return {node.commodity for node in self.nodes if node.commodity and node.active}

    def label(self, stid: int) -> str:
        """Return what the form shows of an account."""
        node = self.by_stid.get(stid)
        return f"{node.code} {shown_name(node)}" if node else ""


def is_named(node: AccountNode, text: str) -> bool:
    """Tell whether `text` is part of an account's code or of one of its names."""
    sought = " ".join(text.split()).casefold()
    return any(sought in part.casefold() for part in (node.code, node.name, node.local_name))


def commodities_of_late() -> set[str]:
    """Return the commodities of the LATE lines posted last."""
    found = current_store("books").execute_sql(_COMMODITIES_OF_LATE, (LATE,))
    return {commodity for (commodity,) in found.fetchall()}


_COMMODITIES_OF_LATE = (
    "SELECT DISTINCT commodity FROM "
    "(SELECT commodity FROM lines ORDER BY voucher_id DESC, n DESC LIMIT ?) AS late WHERE commodity IS NOT NULL"
)


class Parties:
    """The register rows that an actor may see, to be found by code."""

    def __init__(self, actor: Actor) -> None:
        self.registers = {
            kind: model for kind, model in REGISTERS.items() if actor.may(model.module, "read")
        }

    def offered(self) -> Iterator[tuple[str, str]]:
        """Yield what to offer: (text to type, kind), up to OFFERED of each register."""
        for kind, model in self.registers.items():
            for row in model.page(limit=OFFERED):
                yield f"{row.code} {shown_name(row)}", str(KINDS[kind])

    def find(self, texts: Iterable[str]) -> dict[str, Reference | BadInput]:
        """Return for each text the row it means, or what is wrong; one query per register."""
        codes = {text: list(_codes(text.partition(":")[2] or text)) for text in texts}
        wanted = sorted({code for candidates in codes.values() for code in candidates})
        known: dict[str, list[Register]] = {}
        for model in self.registers.values() if wanted else ():
            for row in model.select().where(model.code.in_(wanted)):
                known.setdefault(row.code, []).append(row)
        return {text: self._meant(text, found, known) for text, found in codes.items()}

    def _meant(
        self, text: str, codes: list[str], known: dict[str, list[Register]]
    ) -> Reference | BadInput:
        only = text.partition(":")[0].strip() if ":" in text else ""
        for code in codes:
            rows = [row for row in known.get(code, []) if only in ("", row.kind)]
            if len(rows) == 1:
                return rows[0].kind, rows[0].stid
            if rows:
                offers = _(" or ").join(f"{row.kind}:{code}" for row in rows)
                return BadInput(
                    "%(text)s is in several registers; write %(offers)s.",
                    field="party",
                    text=text[:60],
                    offers=offers,
                )
        return BadInput(
            "Nobody and nothing has the code %(text)s; choose from the list.",
            field="party",
            text=text[:60],
        )


def _codes(text: str) -> Iterator[str]:
    """Yield what of `text` may be a code: all of it, then ever fewer of its words from the front."""
    words = text.split()[:12]
    for count in range(len(words), 0, -1):
        yield " ".join(words[:count])
