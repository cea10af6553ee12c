"""Cron lines are told in words in both languages, and nothing of a line is left out of what is said."""

from __future__ import annotations

import re

import pytest

from cuneifox.cron_words import in_words
from cuneifox.i18n import speaking

SAID = [
    ("0 8 1 * *", "At 08:00, on day 1 of the month", "เวลา 08:00 วันที่ 1 ของเดือน"),
    ("0 8 L * *", "At 08:00, on the last day of the month", "เวลา 08:00 วันสุดท้ายของเดือน"),
    ("0 8 LW * *", "At 08:00, on the last weekday of the month", "เวลา 08:00 วันทำการสุดท้ายของเดือน"),
    ("30 3 * * 1-5", "At 03:30, Monday through Friday", "เวลา 03:30 ตั้งแต่วันจันทร์ถึงวันศุกร์"),
    ("0 8 * * 1", "At 08:00, only on Monday", "เวลา 08:00 เฉพาะวันจันทร์"),
    ("0 8 * * 7", "At 08:00, only on Sunday", "เวลา 08:00 เฉพาะวันอาทิตย์"),
    ("0 8 * * 5L", "At 08:00, on the last Friday of the month", "เวลา 08:00 วันศุกร์สุดท้ายของเดือน"),
    ("0 8 * * 1#2", "At 08:00, on the second Monday of the month", "เวลา 08:00 วันจันทร์ที่สองของเดือน"),
    ("0 9 31 12 *", "At 09:00, on day 31 of the month, only in December",
     "เวลา 09:00 วันที่ 31 ของเดือน เฉพาะเดือนธันวาคม"),
    ("0 0 1 1,4,7,10 *", "At 00:00, on day 1 of the month, only in January, April, July, and October",
     "เวลา 00:00 วันที่ 1 ของเดือน เฉพาะเดือนมกราคม, เมษายน, กรกฎาคม และ ตุลาคม"),
    ("0 8 * * *", "At 08:00, every day", "เวลา 08:00 ทุกวัน"),
    ("0 8 1 * 1", "At 08:00, on day 1 of the month, or on Monday", "เวลา 08:00 วันที่ 1 ของเดือน หรือวันจันทร์"),
    ("17 * * * *", "At 17 minutes past the hour", "ที่นาทีที่ 17 ของชั่วโมง"),
    ("*/5 * * * *", "Every 5 minutes", "ทุก 5 นาที"),
]  # fmt: skip


@pytest.mark.parametrize(("cron", "english", "thai"), SAID, ids=[cron for cron, _, _ in SAID])
def test_lines_are_told_in_words(cron: str, english: str, thai: str) -> None:
    """In the language of whoever reads."""
    with speaking("en"):
        assert in_words(cron) == english
    with speaking("th"):
        assert in_words(cron) == thai


LINES = [
    "0 8 1,15 * *", "0 8 1-5 * *", "0 8 28-31 * *", "0 8 */3 * *", "0 8 1 */3 *", "0 8 1 2-4 *", "0 8 1 3 *",
    "0 8 * * 1,3", "0 8 * * 1-5", "0 8,17 * * 6", "0 8-17 * * *", "15,45 9 * * *", "0-10 8 * * *", "0 */2 * * *",
    "23 0-20/2 * * *", "5 0 * 8 *", "0 8 2-10/2 * *", "0 8 5 1 *", "0 8 * * 3#3", "0 8 * * 0L",
]  # fmt: skip


@pytest.mark.parametrize("cron", LINES)
def test_thai_says_whatever_english_says(cron: str) -> None:
    """Each number of the English sentence is in the Thai one, whose days and months are Thai, or the line is shown."""
    with speaking("en"):
        english = in_words(cron)
    with speaking("th"):
        thai = in_words(cron)
    assert english != cron
    assert thai != cron
    assert sorted(re.findall("[0-9]+", thai)) == sorted(re.findall("[0-9]+", english))
    assert not re.search("[A-Za-z]", thai)


@pytest.mark.parametrize(
    "cron",
    ["", "nonsense", "* * * *", "0 8 1 * * *", "61 8 1 * *", "0 8 */2 * 1", "0 8 1 * */2", "0 8 1 * " + "1," * 60,
     "@daily", "* 7,9 * * *", "*/5 */2 * * *", "0 8 8 2 1#2", "0 8 * * 1/2", "0 8 4-19 * 1-5", "0 8 1,L * *",
     "0 8 L/2 * *", "0 8 * * 5L,1", "0 8 * * 1#2,3#1", "22 * * * 0-7", "0 6-12,20 * * *"],
)  # fmt: skip
def test_what_cannot_be_told_is_shown_as_it_is(cron: str) -> None:
    """Among it lines whose two day fields have to fit together, and others whose words would say less, or more."""
    for language in ("en", "th"):
        with speaking(language):
            assert in_words(cron) == cron
