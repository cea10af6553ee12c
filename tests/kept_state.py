"""What a long programme has done so far, in a file, so that the next call goes on where this one ended."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def read_state(
    file: Path, fresh: dict[str, Any], *same: str, instead: str = "another --state"
) -> dict[str, Any]:
    """Return what earlier calls have done; SystemExit if they did it by another seed, say.

    Args:
        file: where it is kept.
        fresh: what it is where there was no earlier call.
        same: names of what must be the same in `fresh` as it was then; `seed` unless given.
        instead: what else to do where it isn't, for people.
    """
    if not file.exists():
        return fresh
    state: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    for name in same or ("seed",):
        if state[name] != fresh[name]:
            sys.exit(f"{file} is of {name} {state[name]}: use that, or {instead}.")
    return state


def write_state(file: Path, state: dict[str, Any]) -> None:
    """Keep what is done, whole or as it was before."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_suffix(".new")
    aside.write_text(json.dumps(state, indent=1, ensure_ascii=False), encoding="utf-8")
    aside.replace(file)
