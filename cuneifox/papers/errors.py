"""What can go wrong as a file is made of a report."""

from __future__ import annotations

from cuneifox.i18n import LazyText


class PaperFailed(Exception):
    """Raised when a file can't be made; `text` says why and what to do, `cause` what the typesetter said."""

    def __init__(self, text: LazyText, cause: str = "") -> None:
        super().__init__(f"{text.msgid} {cause}".strip())
        self.text = text
        self.cause = cause
