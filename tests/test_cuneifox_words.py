from __future__ import annotations

import pytest

from cuneifox import words
from cuneifox.i18n import error_text, speaking
from models.accounts import TYPES
from models.actors import LEVELS, MODULES, Actor
from models.errors import BadInput, NotAllowed, PeriodClosed, YearClosed
from models.journals import KINDS, VAT_KINDS
from models.registers import REGISTERS
from models.texts import clean_line


def test_every_code_of_the_models_has_a_word() -> None:
    """Types, levels, modules, kinds of books and registers: none is shown as a code."""
    assert set(words.ACCOUNT_TYPES) == set(TYPES)
    assert set(words.LEVELS) == set(LEVELS)
    assert set(words.MODULES) == set(MODULES)
    assert set(words.BOOK_KINDS) == set(KINDS)
    assert set(words.VAT_KINDS) == set(VAT_KINDS)
    assert set(words.KINDS) >= set(REGISTERS)


def test_errors_name_fields_by_their_labels() -> None:
    """Also a voucher's line, whose field is a path, and in the reader's language."""
    with pytest.raises(BadInput) as caught:
        clean_line("", "local_name", longest=10, required=True)
    assert error_text(caught.value) == "Local name is missing; fill it in."
    with speaking("th"):
        assert error_text(caught.value) == "ยังไม่ได้กรอกชื่อภาษาไทย"
    text = BadInput("%(field)s is missing; fill it in.", field="lines.3.account")
    assert error_text(text) == "Account is missing; fill it in."


def test_errors_name_rights_in_words() -> None:
    """Levels and modules too."""
    with pytest.raises(NotAllowed) as caught:
        Actor("u", "มาลี").demand("ledger", "edit")
    with speaking("th"):
        assert "“แก้ไข”" in error_text(caught.value)
        assert "บัญชีทั่วไป" in error_text(caught.value)


def test_errors_tell_days_months_and_years_as_the_reader_counts_them() -> None:
    """In the Buddhist era in Thai; what isn't a day or a month stays as it was typed."""
    closed = PeriodClosed(
        "The month %(month)s is closed for good; use a date after %(closed)s.",
        month="2026-02",
        closed="2026-03",
    )
    year = YearClosed("The fiscal year %(year)d is closed already.", year=2026)
    before = BadInput("The date %(date)s is outside of what books hold (%(first)s to %(last)s).",
                      field="date", date="2026-02-28", first="x", last="2026-02-30")  # fmt: skip
    assert "February 2026" in error_text(closed)
    with speaking("th"):
        assert "กุมภาพันธ์ 2569" in error_text(closed)
        assert "มีนาคม 2569" in error_text(closed)
        assert "2569" in error_text(year)
        assert "28 ก.พ. 2569" in error_text(before)
        assert "2026-02-30" in error_text(before)


def test_an_error_without_a_message_id_speaks_for_itself() -> None:
    """Errors of other rooms are shown as they are."""
    assert error_text(ValueError("plain")) == "plain"


def test_an_unknown_field_is_called_by_its_name() -> None:
    """A label that is missing costs nothing but its beauty."""
    assert words.field_label("zzz") == "zzz"
