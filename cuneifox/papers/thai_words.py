"""Amounts of baht in Thai words, as Thai papers have them under the sum."""

from __future__ import annotations

_DIGITS = ("", "หนึ่ง", "สอง", "สาม", "สี่", "ห้า", "หก", "เจ็ด", "แปด", "เก้า")
_PLACES = ("", "สิบ", "ร้อย", "พัน", "หมื่น", "แสน")
_MILLION = 1_000_000


def baht_words(satang: int) -> str:
    """Return an amount in satang in words: 12150 is หนึ่งร้อยยี่สิบเอ็ดบาทห้าสิบสตางค์.

    Whole baht end in ถ้วน, a negative amount begins with ลบ.
    """
    baht, rest = divmod(abs(satang), 100)
    words = ("ลบ" if satang < 0 else "") + (f"{number_words(baht)}บาท" if baht or not rest else "")
    return words + (f"{number_words(rest)}สตางค์" if rest else "ถ้วน")


def number_words(number: int) -> str:
    """Return a whole number, 0 or more, in Thai words; above a million, so many ล้าน."""
    if number == 0:
        return "ศูนย์"
    millions, rest = divmod(number, _MILLION)
    words = f"{number_words(millions)}ล้าน" if millions else ""
    return words + _below_million(rest, follows=bool(millions))


def _below_million(number: int, follows: bool) -> str:
    """`follows` says that more stands before it: then a one at the end is เอ็ด, as behind tens."""
    digits = [int(digit) for digit in str(number)]
    words = []
    for digit, place in zip(digits, range(len(digits) - 1, -1, -1), strict=True):
        if digit == 0:
            continue
        if place == 1 and digit <= 2:
            words.append("สิบ" if digit == 1 else "ยี่สิบ")
        elif place == 0 and digit == 1 and (number > 10 or follows):
            words.append("เอ็ด")
        else:
            words.append(_DIGITS[digit] + _PLACES[place])
    return "".join(words)
