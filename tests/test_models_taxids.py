"""Tax ids and branches of Thailand are checked as the Revenue Department makes them."""

from __future__ import annotations

import pytest

from models.errors import BadInput
from models.taxids import clean_branch, clean_tax_id

PUBLISHED = ["0107544000108", "0107542000011", "0107537000114", "0107535000265", "0994000165510"]
"""Ids that large companies and a university print on their own papers."""


@pytest.mark.parametrize("tax_id", PUBLISHED)
def test_published_ids_pass(tax_id):
    """Ids in public use have the check digit that we compute."""
    assert clean_tax_id(tax_id, "TH") == tax_id


@pytest.mark.parametrize("tax_id", PUBLISHED)
def test_any_single_wrong_digit_is_found(tax_id):
    """No mistyped digit passes, but where the rule itself can't tell.

    The third digit weighs 11, nothing mod 11, and the rests 0 and 10 share a check digit, 1.
    """
    missed = 0
    for place in (0, 1, *range(3, 13)):
        for digit in "0123456789":
            if digit != tax_id[place]:
                try:
                    clean_tax_id(tax_id[:place] + digit + tax_id[place + 1 :], "TH")
                    missed += 1
                except BadInput:
                    pass
    assert missed == 0 or tax_id.endswith("1")


def test_ids_are_read_as_they_are_printed():
    """Dashes, blanks and Thai digits are understood, and stored without."""
    assert clean_tax_id("0-1075-44000-10-8", "TH") == "0107544000108"
    assert clean_tax_id(" ๐๑๐๗๕๔๔๐๐๐๑๐๘ ", "TH") == "0107544000108"
    assert clean_tax_id("", "TH") == ""
    assert clean_tax_id(None, "TH") == ""


@pytest.mark.parametrize(
    "text", ["010754400010", "01075440001080", "0107544000109", "x", "１" * 13]
)
def test_what_is_no_thai_id_is_refused(text):
    """Wrong lengths, wrong check digits and other characters are refused."""
    with pytest.raises(BadInput) as caught:
        clean_tax_id(text, "TH")
    assert caught.value.field == "tax_id"


def test_other_countries_have_ids_of_their_own():
    """Only Thailand's ids are checked."""
    assert clean_tax_id("DE 123-456", "DE") == "DE 123-456"


@pytest.mark.parametrize(
    ("text", "branch"),
    [("", ""), ("0", "00000"), ("12", "00012"), ("๑", "00001"), ("สำนักงานใหญ่", "00000")],
)
def test_branches_have_five_digits(text, branch):
    """Branch numbers are filled up to five digits; the head office is 00000."""
    assert clean_branch(text, "TH") == branch


@pytest.mark.parametrize("text", ["123456", "1a", "-1"])
def test_what_is_no_branch_is_refused(text):
    """Anything but up to five digits is refused."""
    with pytest.raises(BadInput):
        clean_branch(text, "TH")
