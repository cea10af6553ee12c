"""Looks at copies of stores and packs them: `python -m tenants.backups.examiner`, started by `examining.Examiner`.

It is told by lines of JSON what to do, and answers by such lines, until there are no more. It opens copies alone, which
nobody else has open, and never a store's own file.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from contextlib import suppress
from typing import Any, BinaryIO

from ..errors import BadBackup
from . import examining, pages
from .copied import CopiedTenant, Copy, Scratch
from .disk_words import told
from .file_names import digests_name, file_name
from .keys import Key
from .manifest import StoreCopy
from .packing import Packer
from .pages import Image
from .stored import Written, opened

#: How much the others on this machine go first (`nice`).
NICE = 10

#: An increment that is larger than this part of its full one isn't worth it.
WORTH = 0.5

MOST_FAULTS = 20


class Examination:
    """What comes of one unit.

    Args:
        told: the question: see `run.Run`.
        scratch: the folder, and router, for entries of copies.
        setup: what the process was begun with.
        key: the backups' key, if they are encrypted.
    """

    def __init__(
        self, told: dict[str, Any], scratch: Scratch, setup: dict[str, Any], key: Key | None
    ) -> None:
        self.told, self.scratch, self.setup, self.key = told, scratch, setup, key
        self.copies = [Copy(**given) for given in told["copies"]]
        self.packer = Packer(told["folder"], told["tenant"], told["stamp"], key)

    def answer(self) -> dict[str, Any]:
        """Say what is wrong with the copies, that they are what the last backup has, or what was made of them."""
        if self.told.get("look"):
            faults, facts, _, passed = self._examine()
            return {"faults": faults, "facts": facts, "checks": passed}
        images = {}
        for copy in self.copies:
            try:
                images[copy.name] = pages.look_at(copy.path)
            except ValueError as error:
                return {"faults": [f"{copy.label}: {error}"]}
        if self.told["unless"] == {name: image.sha256 for name, image in images.items()}:
            return {"same": True}
        faults, facts, versions, passed = self._examine()
        if faults:
            return {"faults": faults}
        stores = [self._pack(copy, images[copy.name], versions[copy.name]) for copy in self.copies]
        return {"stores": stores, "facts": facts, "checks": passed}

    def _examine(self) -> tuple[list[str], dict[str, Any], dict[str, int], list[str]]:
        faults, versions = [], {}
        for copy in self.copies:
            found, versions[copy.name] = copy.faults(MOST_FAULTS)
            faults += [f"{copy.label}: {fault}" for fault in found]
        checks, describe = self.setup["checks"], self.setup["describe"]
        if faults or not self.told["enter"] or not (checks or describe):
            return faults, {}, versions, []
        facts: dict[str, Any] = {}
        with CopiedTenant(
            self.scratch, self.told["tenant"], self.told["slug"], self.copies
        ) as copied:
            for check in checks:
                faults += copied.ask(check, MOST_FAULTS)
            if describe and not faults:
                facts = copied.describe(describe)
        return faults, facts, versions, checks

    def _pack(self, copy: Copy, image: Image, version: int) -> dict[str, Any]:
        told = {
            "name": copy.name,
            "role": copy.role,
            "store": copy.store,
            "owner": copy.owner,
            "generation": copy.generation,
            "version": version,
            "page_size": image.page_size,
            "pages": image.pages,
            "bytes": image.bytes,
            "sha256": image.sha256,
        }
        return self._pack_changes(copy, image, told) or self._pack_whole(copy, image, told)

    def _pack_changes(
        self, copy: Copy, image: Image, told: dict[str, Any]
    ) -> dict[str, Any] | None:
        base = copy.base
        digests = self._digests_of(copy, image)
        if base is None or digests is None:
            return None
        numbers = pages.changed(image, digests)
        if len(numbers) > WORTH * image.pages:
            return None
        told = told | {
            "kind": "increment",
            "base": base["stamp"],
            "base_sha256": base["store"]["sha256"],
            "since_full": base["since_full"] + 1,
        }
        name = self._name(told)
        written = self.packer.pack_changes(copy.path, image, numbers, name)
        if written.bytes > WORTH * base["store"]["stored_bytes"]:
            self.packer.give_up(name)
            return None
        return told | _stored(name, written)

    def _digests_of(self, copy: Copy, image: Image) -> bytes | None:
        """Return the page digests of the full one that there is; None where they are of no use."""
        base = copy.base
        if base is None or base["store"]["page_size"] != image.page_size:
            return None
        store = base["store"]
        expected = Written(store["digests_bytes"], store["digests_sha256"])
        binding = (self.told["tenant"], base["stamp"], store["digests"])
        try:
            with (
                open(base["path"], "rb") as source,
                opened(source, expected, binding, self.key, self.scratch.folder) as plain,
            ):
                digests = plain.read()
        except BadBackup as error:
            sys.stderr.write(f"{error} The next backup is a full one.\n")
            return None
        return digests if len(digests) == store["pages"] * pages.DIGEST else None

    def _pack_whole(self, copy: Copy, image: Image, told: dict[str, Any]) -> dict[str, Any]:
        told = told | {"kind": "full"}
        name = self._name(told)
        written = self.packer.pack_whole(copy.path, name)
        named = StoreCopy(**told, **_stored(name, written))
        digests = digests_name(named, self.key is not None)
        of_pages = self.packer.pack_digests(image, digests)
        return (
            told
            | _stored(name, written)
            | {
                "digests": digests,
                "digests_bytes": of_pages.bytes,
                "digests_sha256": of_pages.sha256,
            }
        )

    def _name(self, told: dict[str, Any]) -> str:
        return file_name(StoreCopy(**told, **_stored("", Written(0, ""))), self.key is not None)


def _stored(name: str, written: Written) -> dict[str, Any]:
    return {"file": name, "stored_bytes": written.bytes, "stored_sha256": written.sha256}


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer questions until there are no more. The first line says what they have in common."""
    setup = json.loads(questions.readline())
    key = Key(base64.b64decode(setup["key"])) if setup["key"] else None
    scratch = Scratch(setup["scratch"])
    try:
        for name in [*setup["checks"], *filter(None, [setup["describe"]])]:
            examining.find(name)  # so that its models are known before there is an entry
        for line in questions:
            try:
                answer = Examination(json.loads(line), scratch, setup, key).answer()
            except Exception as error:  # noqa: BLE001 - whatever it is, the server tells its operator
                answer = {"error": told(error)}
            answers.write(json.dumps(answer).encode() + b"\n")
            answers.flush()
    finally:
        scratch.close()


def main() -> None:
    """Serve the process that started this one."""
    # Where that one was killed, nobody reads the answer any more, and there is nobody to tell.
    with suppress(BrokenPipeError), open(os.dup(1), "wb") as answers:
        os.dup2(2, 1)  # what checks print mustn't come between the answers
        os.nice(NICE)
        serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
