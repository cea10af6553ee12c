"""Amounts in Thai words are as they are read aloud."""

from __future__ import annotations

import pytest

from cuneifox.papers.thai_words import baht_words


@pytest.mark.parametrize(
    ("satang", "words"),
    [
        (0, "ศูนย์บาทถ้วน"),
        (1, "หนึ่งสตางค์"),
        (25, "ยี่สิบห้าสตางค์"),
        (100, "หนึ่งบาทถ้วน"),
        (1000, "สิบบาทถ้วน"),
        (1100, "สิบเอ็ดบาทถ้วน"),
        (2000, "ยี่สิบบาทถ้วน"),
        (2111, "ยี่สิบเอ็ดบาทสิบเอ็ดสตางค์"),
        (10100, "หนึ่งร้อยเอ็ดบาทถ้วน"),
        (12150, "หนึ่งร้อยยี่สิบเอ็ดบาทห้าสิบสตางค์"),
        (123_456_789, "หนึ่งล้านสองแสนสามหมื่นสี่พันห้าร้อยหกสิบเจ็ดบาทแปดสิบเก้าสตางค์"),
        (100_000_000, "หนึ่งล้านบาทถ้วน"),
        (100_000_100, "หนึ่งล้านเอ็ดบาทถ้วน"),
        (1_000_000_000, "สิบล้านบาทถ้วน"),
        (2_100_000_000, "ยี่สิบเอ็ดล้านบาทถ้วน"),
        (100_000_000_000_000, "หนึ่งล้านล้านบาทถ้วน"),
        (-150, "ลบหนึ่งบาทห้าสิบสตางค์"),
    ],
)
def test_amounts_are_read_as_thais_read_them(satang: int, words: str) -> None:
    """One behind anything is เอ็ด, two tens are ยี่สิบ, millions repeat ล้าน, whole baht end in ถ้วน."""
    assert baht_words(satang) == words
