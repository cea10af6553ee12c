"""Damage to backups: bits flipped and files cut short at random, each to be refused.

`python -m tests.long_backup_damage --rounds 10` makes 1,000 flips and 100 cuts. Each round is a fresh installation with
a plain and an encrypted full backup and an increment of each, and its damage is drawn by a seed of its own. What was
done is kept in a file, so that the next call goes on where this one ended. A round that finds something names itself,
and `--round N` does just that one again.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

from backed_up import Site
from kept_state import read_state, write_state
from tenants import BackupManager, BadBackup, BadKey
from tenants.backups import keys
from tenants.backups.backup import Backup

FLIPS, CUTS = 100, 10
"""Of one round."""

STATE = Path(".cache/backup_damage.json")
SEED = 2026


class Target(NamedTuple):
    """A file of a backup, and those backups that mustn't be read while it is damaged."""

    kind: str
    path: Path
    manager: BackupManager
    backups: list[Backup]


class Damaged(NamedTuple):
    """What came of one round."""

    number: int
    tried: dict[str, int]
    findings: list[str]


def targets(site: Site) -> list[Target]:
    """Make the backups of a site, and return their files."""
    keys.make(site.folder / "key")
    found = []
    for name, key_file in (("plain", None), ("encrypted", site.folder / "key")):
        place = site.folder / name
        manager = site.manager(place=place, key_file=key_file)
        full = manager.backup_now("acme").require_good().made[0].backup
        site.write("acme", f"more for {name}")
        increment = manager.backup_now("acme").require_good().made[0].backup
        for backup, needed_by in ((full, [full, increment]), (increment, [increment])):
            for path in sorted((place / backup.tenant / backup.stamp).iterdir()):
                kind = next(
                    part for part in ("manifest", "db", "pages", "digests") if part in path.name
                )
                needed = [full] if kind == "digests" else needed_by
                found.append(Target(f"{name} {kind}", path, manager, needed))
    return found


def damage(content: bytes, chance: random.Random, cut: bool) -> tuple[bytes, str]:
    """Return a file's content damaged, and what was done to it."""
    if cut:
        left = chance.randrange(len(content))
        return content[:left], f"cut to {left} of {len(content)} bytes"
    at, bit = chance.randrange(len(content)), chance.randrange(8)
    changed = bytes([content[at] ^ 1 << bit])
    return content[:at] + changed + content[at + 1 :], f"bit {bit} of byte {at} flipped"


def refused(target: Target, backup: Backup, folder: Path) -> bool:
    """True where a backup is refused, by those who verify it and by those who fetch it."""
    reads: list[Callable[[], object]] = [lambda: target.manager.verify(backup)]
    if not target.kind.endswith("digests"):  # which nobody needs to fetch it
        reads.append(lambda: target.manager.fetch(backup, folder))
    outcomes = [_refuses(read, folder) for read in reads]
    return all(outcomes)


def _refuses(read: Callable[[], object], folder: Path) -> bool:
    try:
        read()
    except (BadBackup, BadKey):
        return True
    for path in folder.glob("*"):
        path.unlink()
    return False


def one_round(seed: int, number: int, flips: int = FLIPS, cuts: int = CUTS) -> Damaged:
    """Damage the backups of a fresh installation so many times, as the seed and the round's number decide."""
    chance = random.Random(f"{seed}-{number}")
    tried: Counter[str] = Counter()
    findings = []
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder))
        try:
            found = targets(site)
            for target in found:
                for backup in target.backups:
                    target.manager.verify(backup)
            for turn, cut in enumerate([False] * flips + [True] * cuts):
                target = found[(turn + 5 * number) % len(found)]  # each is cut, too, in some round
                content = target.path.read_bytes()
                changed, what = damage(content, chance, cut)
                target.path.write_bytes(changed)
                for backup in target.backups:
                    if not refused(target, backup, site.folder / "fetched"):
                        findings.append(f"round {number} of seed {seed}: {target.kind}: {what}")
                target.path.write_bytes(content)
                tried[f"{target.kind} {'cut' if cut else 'flipped'}"] += 1
        finally:
            site.close()
    return Damaged(number, dict(tried), findings)


def rounds(seed: int, first: int, last: int) -> Iterator[Damaged]:
    """Yield the rounds from `first` up to before `last`, in order."""
    for number in range(first, last):
        yield one_round(seed, number)


def main(arguments: list[str] | None = None) -> int:
    """Go on until so many rounds are done in all; 1 if something wasn't refused."""
    parser = argparse.ArgumentParser(prog="python -m tests.long_backup_damage", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="in all, earlier pieces too")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--state", type=Path, default=STATE)
    parser.add_argument("--round", type=int, help="do this one again, and keep nothing")
    given = parser.parse_args(arguments)
    if given.round is not None:
        findings = one_round(given.seed, given.round).findings
        print(*findings or ["nothing found"], sep="\n")
        return 1 if findings else 0
    fresh: dict[str, Any] = {
        "seed": given.seed, "rounds": 0, "tried": {}, "seconds": 0.0, "findings": [],
    }  # fmt: skip
    state = read_state(given.state, fresh)
    at = time.monotonic()
    for done in rounds(given.seed, state["rounds"], given.rounds):
        state["rounds"] = done.number + 1
        state["tried"] = dict(sorted((Counter(state["tried"]) + Counter(done.tried)).items()))
        state["findings"] += done.findings
        state["seconds"] = round(state["seconds"] + time.monotonic() - at, 2)
        at = time.monotonic()
        write_state(given.state, state)
        print(
            f"{sum(state['tried'].values()):,} damaged, {len(state['findings'])} not refused",
            flush=True,
        )
    print(*state["findings"], sep="\n")
    return 1 if state["findings"] else 0


if __name__ == "__main__":
    sys.exit(main())
