"""Addresses for e-mail, as they are stored: such as go into an envelope and a header as they are."""

from __future__ import annotations

import re
from typing import Any

from models.errors import BadInput
from models.texts import clean_line

LONGEST = 254
"""Characters: RFC 5321's path of 256 without its angle brackets."""

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ATOM = "[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = re.compile(
    rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)*{_LABEL}", re.IGNORECASE
)


def clean_address(value: Any, field: str = "email") -> str:
    """Return an address as RFC 5321 writes it without quotes and comments, in ASCII; "" for none.

    Raises BadInput naming `field` for anything else: with that the address is neither two addresses nor a header.
    """
    address = clean_line(value, field, longest=LONGEST)
    if address and not (address.isascii() and _ADDRESS.fullmatch(address)):
        raise BadInput("Write an e-mail address like name@example.com.", field=field)
    return address
