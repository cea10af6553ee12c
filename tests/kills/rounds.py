"""One round: a fresh data folder, in which a turn is played as a seed says."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from kills.ground import lay_out
from kills.nursery import Nursery
from kills.turn import SHARES, Round, Turn

PER_ROUND = 25


class Arena:
    """Where one process plays its rounds: a nursery, and an installation that is copied for each.

    Args:
        folder: an empty one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (self.folder / "blank").mkdir()
        self.blank = lay_out(self.folder / "blank")
        self.nursery = Nursery()

    def close(self) -> None:
        """End the nursery."""
        self.nursery.close()

    def play(
        self, seed: int, number: int, kills: int = PER_ROUND, theme: str = "", without: str = ""
    ) -> Round:
        """Play the round that seed and number decide, but for the moments at which the kernel is done with a kill."""
        chance = random.Random(f"{seed}-{number}")
        drawn = chance.choices(list(SHARES), list(SHARES.values()))[0]
        folder = self.folder / f"round-{number}"
        folder.mkdir()
        try:
            ground = self.blank.copy(folder)
            turn = Turn(self.nursery, ground, chance, Round(number, theme or drawn), without)
            return turn.play(kills)
        finally:
            self.nursery.kill_all()  # where it broke off
            shutil.rmtree(folder)
