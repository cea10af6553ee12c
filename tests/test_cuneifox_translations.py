"""Every text that people may read is there in every language, and fits what is filled into it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from cuneifox import extraction
from cuneifox.i18n import FOLDER, LANGUAGES

ROOT = Path(__file__).parent.parent
KEYWORDS = {"_": None, "_l": None, "gettext": None, "ngettext": (1, 2)}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")
TRANSLATED = [language for language in LANGUAGES if language != "en"]


@cache
def texts_of_the_tree() -> set[str | tuple[str, ...]]:
    """Return every msgid in the source, as babel.cfg finds them."""
    with (ROOT / "babel.cfg").open() as mapping:
        methods, options = parse_mapping_cfg(mapping)
    found = extract_from_dir(ROOT, methods, options, keywords=KEYWORDS)
    return {text for _file, _line, text, _comments, _context in found if text}


@cache
def translations(language: str) -> Catalog:
    """Return the catalogue as its file has it."""
    with (FOLDER / language / "LC_MESSAGES" / "messages.po").open("rb") as source:
        return read_po(source, locale=language)


def messages(language: str) -> list[Message]:
    """Return its messages, without the header."""
    return [message for message in translations(language) if message.id]


def test_texts_are_found_everywhere() -> None:
    """The extraction sees templates, Python, lazy texts, and the errors of both rooms."""
    found = texts_of_the_tree()
    assert "Chart of accounts" in found  # a template's, and a lazy one
    assert "The draft was deleted." in found  # Python
    assert "%(text)s is not an amount; write it like 1,234.56." in found  # by a function for errors
    assert "There is no account %(code)s." in found  # a class of models/
    assert "Choose the parent account from the list." in found  # the same, raised in cuneifox/
    assert len(found) > 400


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_lacks_a_translation(language: str) -> None:
    """A text that was added, or changed by a letter, fails here until it is translated."""
    known = {message.id: message for message in messages(language)}
    lacking = {text for text in texts_of_the_tree() if text not in known}
    assert not lacking, f"pybabel extract, then add to {language}: {sorted(map(str, lacking))}"
    empty = [id for id, message in known.items() if not all(_strings(message))]
    assert not empty
    assert not [message.id for message in known.values() if message.fuzzy]


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_is_translated_that_nobody_says(language: str) -> None:
    """What was taken out of the source leaves the catalogue too."""
    assert not {message.id for message in messages(language)} - texts_of_the_tree()


@pytest.mark.parametrize("language", TRANSLATED)
def test_placeholders_agree(language: str) -> None:
    """A translation fills in exactly what its source does, by the same names and conversions."""
    for message in messages(language):
        sources = message.id if isinstance(message.id, tuple) else (message.id,)
        wanted = {tuple(sorted(set(PLACEHOLDER.findall(source)))) for source in sources}
        for text in _strings(message):
            assert tuple(sorted(set(PLACEHOLDER.findall(text)))) in wanted, message.id
            without = PLACEHOLDER.sub("", text)
            assert "%" not in without or not wanted - {()}, f"a bare % in {text}"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from models.errors import BadInput\nraise BadInput('Give %(n)s.', field='a b')", True),
        ("from models.errors import BadInput as Bad\nBad('one thing')", True),
        ("from models.errors import BadInput\nclass Worse(BadInput): ...\nWorse('Give it.')", True),
        ("from models.errors import BadInput\ndef bad(t) -> BadInput: ...\nbad('Give it.')", True),
        ("from models.errors import BadInput\nBadInput('a b' if x else 'c d')", True),
        ("from elsewhere import BadInput\nBadInput('Give it.')", False),
    ],
)
def test_errors_count_by_who_makes_them(tmp_path: Path, source: str, found: bool) -> None:
    """Errors of the models are found by class, subclass, alias, and function that returns one."""
    file = tmp_path / "module.py"
    file.write_text(source)
    with file.open("rb") as opened:
        assert bool(list(extraction.errors(opened, [], [], {}))) is found


def _strings(message: Message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (message.string,)
