"""What came of a run of backups."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ..errors import BackupFailed
from .backup import Backup


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one tenant whose files had changed.

    Attributes:
        tenant: its id, or `universal`.
        slug: what people call it.
        kind: `made`; `same`, when the files hold what the last backup holds; or `failed`.
        backup: the one that was made, or the last one.
        error: why there is none, in words.
        failures: how many times in a row it has failed by now.
        bytes, stored_bytes: of its databases, and of what was stored of them.
        increment: True where only changed pages were stored of any of them.
        seconds: that it took.
        cause: the error that kept it from being made.
    """

    tenant: str
    slug: str
    kind: Literal["made", "same", "failed"]
    backup: Backup | None = None
    error: str = ""
    failures: int = 0
    bytes: int = 0
    stored_bytes: int = 0
    increment: bool = False
    seconds: float = 0.0
    cause: BaseException | None = None

    @property
    def failure(self) -> str:
        """What has failed, and why, for whoever isn't told elsewhere whose backup it is."""
        return f"No backup of {self.slug} could be made: {self.error}"


@dataclass(slots=True)
class RunReport:
    """What came of a run.

    Attributes:
        looked_at: at how many tenants, those without changes included.
        outcomes: of those with changes.
        seconds: that it took.
    """

    looked_at: int = 0
    outcomes: list[Outcome] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def made(self) -> list[Outcome]:
        """Those of which a backup was made."""
        return [outcome for outcome in self.outcomes if outcome.kind == "made"]

    @property
    def failed(self) -> list[Outcome]:
        """Those of which none could be made."""
        return [outcome for outcome in self.outcomes if outcome.kind == "failed"]

    def require_good(self) -> RunReport:
        """Return it if nothing has failed. Raises `BackupFailed`, which tells what."""
        if self.failed:
            raise BackupFailed(
                "; ".join(outcome.failure for outcome in self.failed)
            ) from self.failed[0].cause
        return self
