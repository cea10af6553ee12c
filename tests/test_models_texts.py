"""Text is stored trimmed, normalized, and without what no page, file or database can bear."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import BadInput
from models.texts import clean_line, clean_text, like_pattern


def test_text_is_trimmed_and_normalized():
    """The two ways of writing é are one, and blanks around are dropped."""
    assert clean_line("  cafe\u0301 ", "name", longest=10) == "caf\u00e9"
    assert clean_line(None, "name", longest=10) == ""


@pytest.mark.parametrize(
    "bad", ["a\x00b", "a\nb", "a\ud800b", "a\u2028b", "a" * 11, 5, b"a", ["a"]]
)
def test_a_line_that_cannot_be_stored_is_refused(bad):
    """Control characters, line breaks, half surrogates, too long a text and no text at all."""
    with pytest.raises(BadInput) as caught:
        clean_line(bad, "name", longest=10)
    assert caught.value.field == "name"


def test_what_is_required_must_be_there():
    """Blanks don't fill a required field in."""
    with pytest.raises(BadInput, match="missing"):
        clean_line(" \u3000 ", "name", longest=10, required=True)


def test_addresses_have_lines():
    """Longer texts keep their line breaks, written one way."""
    assert clean_text("1 Road\r\nTown\rTH", "address", longest=40) == "1 Road\nTown\nTH"
    with pytest.raises(BadInput):
        clean_text("a\x1bb", "address", longest=40)


@given(st.text(max_size=30))
def test_no_text_breaks_the_cleaners(text):
    """Any text is either fit to be stored as UTF-8 or BadInput; cleaning twice changes nothing."""
    for clean in (clean_line, clean_text):
        try:
            cleaned = clean(text, "name", longest=20)
        except BadInput:
            continue
        cleaned.encode()
        assert clean(cleaned, "name", longest=20) == cleaned
        assert len(cleaned) <= 20


def test_patterns_take_wildcards_literally():
    """A per cent sign in a search text means itself."""
    assert like_pattern("5%_\\") == "%5\\%\\_\\\\%"
