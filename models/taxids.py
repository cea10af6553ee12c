"""Tax ids and branch numbers, as Thailand's Revenue Department gives them."""

from __future__ import annotations

from typing import Any

from models.errors import BadInput
from models.texts import THAI_DIGITS, clean_line

HEAD_OFFICE = "00000"
"""The branch number that stands for the head office on Thai tax invoices."""

_HEAD_OFFICE_WORDS = {"head office", "hq", "สำนักงานใหญ่", "สนญ", "สนญ."}


def clean_tax_id(value: Any, country: str) -> str:
    """Return the tax id as it is stored: 13 bare digits in Thailand (``TH``), one line elsewhere.

    Blanks and dashes between the digits are dropped, Thai digits understood; no id at all is fine.
    Raises BadInput for a Thai id with a wrong length or check digit.
    """
    line = clean_line(value, "tax_id", longest=40)
    if country != "TH" or not line:
        return line
    digits = line.translate(THAI_DIGITS).replace("-", "").replace(" ", "")
    if len(digits) != 13 or not (digits.isascii() and digits.isdigit()):
        raise BadInput("Tax id %(text)s does not have 13 digits.", field="tax_id", text=line)
    if check_digit(digits[:12]) != int(digits[12]):
        raise BadInput(
            "Tax id %(text)s has a wrong check digit; compare it with the papers.",
            field="tax_id",
            text=line,
        )
    return digits


def check_digit(first_twelve: str) -> int:
    """Return the 13th digit: weights 13 to 2, 11 minus the sum's rest by 11, its last digit."""
    weighted = sum(int(digit) * (13 - place) for place, digit in enumerate(first_twelve))
    return (11 - weighted % 11) % 10


def clean_branch(value: Any, country: str) -> str:
    """Return the branch as it is stored: five digits in Thailand, one line elsewhere, or none."""
    line = clean_line(value, "branch", longest=40)
    if country != "TH" or not line:
        return line
    if line.casefold() in _HEAD_OFFICE_WORDS:
        return HEAD_OFFICE
    digits = line.translate(THAI_DIGITS)
    if len(digits) > 5 or not (digits.isascii() and digits.isdigit()):
        raise BadInput(
            "Branch %(text)s is not a number of up to 5 digits; the head office is 00000.",
            field="branch",
            text=line,
        )
    return digits.zfill(5)
