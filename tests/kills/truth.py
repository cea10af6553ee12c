"""What must be so, by what was acknowledged before each kill."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from kills.ground import Ground
from kills.journal import Deed


class Known(msgspec.Struct):
    """What must be so of one company. What has several values may be any of them: a step was cut short.

    Attributes:
        mark: the word in all of its texts; `marks` are those that may be in its files, as it was cloned.
        kin: whose marks may be in the registers: all who ever shared them, or had them copied.
        slugs, states, owners: what it may be called, in which state it may be, whose registers it may use.
        there: False where it may be, or is, purged.
        kept: acknowledged postings: the voucher's id, where that was told, by idempotency key.
        refused: keys of postings that were answered by a refusal.
        drafts: ids of acknowledged drafts.
        texts: of vouchers that files brought in.
        generation: of its books' file, and `shelved` what is in those that were replaced; `coming` what may have taken
            their place, as a replacement was cut short.
        backups: what is in each, by stamp.
    """

    id: str
    mark: str
    slugs: set[str]
    marks: set[str]
    kin: set[str]
    owners: set[str]
    states: set[str] = msgspec.field(default_factory=lambda: {"active"})
    there: set[bool] = msgspec.field(default_factory=lambda: {True})
    kept: dict[str, int | None] = msgspec.field(default_factory=dict)
    refused: set[str] = msgspec.field(default_factory=set)
    drafts: set[int] = msgspec.field(default_factory=set)
    texts: set[str] = msgspec.field(default_factory=set)
    generation: int = 1
    shelved: dict[int, Held] = msgspec.field(default_factory=dict)
    coming: Held | None = None
    backups: dict[str, Held] = msgspec.field(default_factory=dict)

    def held(self) -> Held:
        """Return what its books hold now."""
        return Held(dict(self.kept), set(self.drafts), set(self.texts))

    def hold(self, held: Held) -> Known:
        """Let its books hold that from now on, and return the company."""
        self.kept, self.drafts, self.texts = dict(held.kept), set(held.drafts), set(held.texts)
        return self

    def replaced(self, generation: int, held: Held) -> None:
        """Take in that its books are another file now."""
        self.shelved[self.generation] = self.held()
        self.generation = generation
        self.hold(held)


class Held(msgspec.Struct):
    """What one state of a company's books holds; see `Known`."""

    kept: dict[str, int | None]
    drafts: set[int]
    texts: set[str]


class _Companies(dict[str, Known]):
    """Companies by id; of one whose making was told without its id, as where a guard is out, nothing is known."""

    def __missing__(self, id: str) -> Known:
        return Known(id, "", set(), set(), set(), set())


class Truth:
    """What must be so in a data folder. `open` are the deeds that were under way in kills, and aren't settled yet."""

    def __init__(self, ground: Ground, told_early: bool = False) -> None:
        self.companies: dict[str, Known] = _Companies() if told_early else {}
        self.open: list[Deed] = []
        for company in ground.companies:
            self._add(company.id, company.slug, company.mark)
        vault = self._add(ground.vault.id, ground.vault.slug, ground.vault.mark)
        vault.kept = dict(ground.keys)
        vault.backups[ground.stamp] = vault.held()

    @property
    def acknowledged(self) -> int:
        """How many postings are known of."""
        return sum(len(known.kept) + len(known.texts) for known in self.companies.values())

    def learn(self, deeds: Iterable[Deed]) -> None:
        """Take in what a child has told, once it is dead."""
        for deed in deeds:
            if deed.is_open:
                self.open.append(deed)
            getattr(self, f"_{deed.kind.replace(' ', '_')}", self._nothing)(deed)

    def touched(self) -> set[str]:
        """Return the ids of the companies of which something was under way."""
        named = (
            deed.what.get(name) for deed in self.open for name in ("company", "source", "owner")
        )
        return {id for id in named if id}

    def posted(self, deed: Deed, ids: dict[str, int]) -> None:
        """Take in that a posting was asked for again, and is there."""
        self.companies[deed.what["company"]].kept |= ids
        self.open.remove(deed)

    def found(self, id: str, slug: str, mark: str) -> Known | None:
        """Take in a company that is there though nobody was told; None if nobody was making it."""
        for deed in self.open:
            if deed.kind in ("create", "clone", "adopt") and deed.what["mark"] == mark:
                deed.done = {"id": id}
                getattr(self, f"_{deed.kind}")(deed)
                return self.companies[id]
        return None

    def _nothing(self, deed: Deed) -> None:
        """Say nothing about pages, months and customers: a check of the whole sees to them."""

    def _post(self, deed: Deed) -> None:
        known, key = self.companies[deed.what["company"]], deed.what["key"]
        if deed.done is not None:
            known.kept[key] = deed.done.get("id")
        elif deed.refused:
            known.refused.add(key)

    _reverse = _post

    def _post_draft(self, deed: Deed) -> None:
        self.companies[deed.what["company"]].drafts.discard(deed.what["draft"])
        self._post(deed)

    def _draft(self, deed: Deed) -> None:
        if deed.done:
            self.companies[deed.what["company"]].drafts.add(deed.done["id"])

    def _delete_draft(self, deed: Deed) -> None:
        self.companies[deed.what["company"]].drafts.discard(deed.what["draft"])

    def _import(self, deed: Deed) -> None:
        known = self.companies[deed.what["company"]]
        if deed.done is not None:
            known.kept |= dict.fromkeys(deed.what["keys"])
        elif deed.refused:
            known.refused |= set(deed.what["keys"]) - known.kept.keys()

    def _import_file(self, deed: Deed) -> None:
        if deed.done is not None:
            self.companies[deed.what["company"]].texts |= set(deed.what["texts"])

    def _create(self, deed: Deed) -> None:
        if deed.done:
            self._add(deed.done["id"], deed.what["slug"], deed.what["mark"])

    def _clone(self, deed: Deed) -> None:
        if not deed.done:
            return
        source = self.companies[deed.what["source"]]
        clone = self._add(deed.done["id"], deed.what["slug"], deed.what["mark"])
        clone.marks |= source.marks
        if deed.what["whole"]:
            clone.kept, clone.texts = dict(source.kept), set(source.texts)
            clone.drafts = set(source.drafts)
        shared = {owner for owner in source.owners if owner != source.id}
        if shared:
            clone.owners = set(source.owners) if len(source.owners) == 1 else shared | {clone.id}
        self._related(clone, source)

    def _adopt(self, deed: Deed) -> None:
        if deed.done:
            source = self.companies[deed.what["source"]]
            made = self._add(deed.done["id"], deed.what["slug"], deed.what["mark"])
            made.marks |= source.marks
            made.hold(source.backups[deed.what["stamp"]])
            self._related(made, source)

    def _backup(self, deed: Deed) -> None:
        if deed.done:
            known = self.companies[deed.what["company"]]
            known.backups[deed.done["stamp"]] = known.held()

    def _restore(self, deed: Deed) -> None:
        known = self.companies[deed.what["company"]]
        self._replace(deed, known, known.backups[deed.what["stamp"]])

    def _go_back(self, deed: Deed) -> None:
        known = self.companies[deed.what["company"]]
        self._replace(deed, known, known.shelved[deed.what["generation"]])

    def _replace(self, deed: Deed, known: Known, held: Held) -> None:
        if deed.done:
            known.replaced(deed.done["generation"], held)
        elif not deed.refused:
            known.coming = held

    def _rename(self, deed: Deed) -> None:
        self._step(deed, "slugs", deed.what["slug"])

    def _stand(self, deed: Deed) -> None:
        self._step(deed, "states", deed.what["to"])

    def _share(self, deed: Deed) -> None:
        self._step(deed, "owners", deed.what["owner"])
        self._related(self.companies[deed.what["company"]], self.companies[deed.what["owner"]])

    def _unshare(self, deed: Deed) -> None:
        self._step(deed, "owners", deed.what["company"])

    def _purge(self, deed: Deed) -> None:
        self._step(deed, "there", False)

    def _step(self, deed: Deed, field: str, value: Any) -> None:
        known = self.companies[deed.what["company"]]
        if deed.done is not None:
            setattr(known, field, {value})
        elif not deed.refused:
            setattr(known, field, getattr(known, field) | {value})

    def _add(self, id: str, slug: str, mark: str) -> Known:
        self.companies[id] = Known(id, mark, {slug}, {mark}, {mark}, {id})
        return self.companies[id]

    def _related(self, one: Known, other: Known) -> None:
        """Let marks of both be in the registers of all who are related to one of them."""
        kin = one.kin | other.kin
        for known in self.companies.values():
            if known.kin & kin:
                known.kin = kin
