"""The language of a text is the reader's."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask, g

from cuneifox import formats, i18n


@pytest.fixture
def app() -> Flask:
    app = Flask("cuneifox")
    i18n.init_app(app)
    return app


@pytest.mark.parametrize(
    ("setting", "cookie", "header", "spoken"),
    [
        ("th", "en", "en", "th"),
        (None, "th", "en", "th"),
        (None, None, "th-TH,th;q=0.9,en;q=0.1", "th"),
        (None, None, "de,fr", "en"),
        (None, "xx", "th", "th"),
        (None, "../../etc", None, "en"),
        (None, None, None, "en"),
    ],
)
def test_setting_then_cookie_then_browser_then_english(
    app: Flask, setting: str | None, cookie: str | None, header: str | None, spoken: str
) -> None:
    """A user's setting beats the cookie, the cookie beats the browser; what we don't speak is skipped."""
    headers = {"Accept-Language": header} if header else {}
    if cookie:
        headers["Cookie"] = f"lang={cookie}"
    with app.test_request_context(headers=headers):
        g.language = setting
        assert i18n.current_language() == spoken


def test_without_a_request_texts_are_english_unless_told() -> None:
    """The command line and jobs speak English, and `speaking` changes that within its block alone."""
    assert i18n.gettext("Sign in") == "Sign in"
    with i18n.speaking("th"):
        assert i18n.gettext("Sign in") == "เข้าสู่ระบบ"
    assert i18n.gettext("Sign in") == "Sign in"


def test_many_are_told_in_groups_of_three_digits() -> None:
    """12372 is hard to read, in either language."""
    assert i18n.ngettext("%(num)s line", "%(num)s lines", 12372) == "12,372 lines"
    assert i18n.ngettext("%(num)s line", "%(num)s lines", 1) == "1 line"
    with i18n.speaking("th"):
        assert i18n.ngettext("%(num)s line", "%(num)s lines", 12372) == "12,372 บรรทัด"


def test_lazy_texts_speak_when_they_are_shown() -> None:
    """A text named at import follows the reader, not the import."""
    text = i18n._l("Sign in")
    with i18n.speaking("th"):
        assert str(text) == f"{text}" == "เข้าสู่ระบบ"
    assert str(text) == "Sign in"


def test_a_slip_in_a_translation_costs_the_translation_and_not_the_page() -> None:
    """Where a translation's placeholders don't fit, the source text is shown."""
    assert i18n._fill("ขาด %(other)s", "Lacks %(thing)s", {"thing": "x"}) == "Lacks x"
    assert i18n._fill("100 % sure", "100 % sure", {}) == "100 % sure"


def test_years_are_of_the_buddhist_era_in_thai() -> None:
    """2026 is 2569 in Thai, on days, months and bare years; in English it is 2026."""
    day = date(2026, 2, 28)
    assert formats.date(day) == "28 Feb 2026"
    assert formats.month_of(day) == "February 2026"
    with i18n.speaking("th"):
        assert formats.date(day) == "28 ก.พ. 2569"
        assert formats.date("2026-02-28", "wide") == "28 กุมภาพันธ์ 2569"
        assert formats.year(2026) == 2569


def test_money_is_grouped_and_exact() -> None:
    """Amounts are written from integers, so that the last satang of a huge one is right."""
    assert formats.money(12345678901234567_89, 2) == "12,345,678,901,234,567.89"
    assert formats.money(-5, 2) == "-0.05"
    assert formats.money(1234, 0) == "1,234"
    assert formats.money(0, 2, zero="–") == "–"
    assert formats.money(None) == ""
