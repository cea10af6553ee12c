"""What a form says back: which field is wrong, and what to do about it."""

from __future__ import annotations

from cuneifox.i18n import error_text
from models.errors import BadInput, BooksError, Conflict


def told(error: BooksError, fields: tuple[str, ...] = ()) -> tuple[dict[str, str], int]:
    """Return the error as texts by field, and the HTTP status of the page that shows them.

    What is about none of `fields` stands under "", and is shown above the form. A conflict that names
    a code is about the field code.
    """
    field = error.field if isinstance(error, BadInput) else ""
    if isinstance(error, Conflict) and "code" in error.params:
        field = "code"
    status = 409 if isinstance(error, Conflict) else 422
    return {field if field in fields else "": error_text(error)}, status
