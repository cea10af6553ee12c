"""Texts in the reader's language: English in the source, translations beside it.

Catalogues are read from `translations/<language>/LC_MESSAGES/messages.po` and compiled in memory,
so there is no build step that could be forgotten. The language is, in this order: `g.language`
(what a signed-in user has set), the cookie `lang`, the browser's Accept-Language, English. Outside
a request it is English, or what `speaking` says.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask, g, has_request_context, request

FOLDER = Path(__file__).parent / "translations"

LANGUAGES = {"en": "English", "th": "ไทย"}
"""Language codes, each with its own name for itself."""

COOKIE = "lang"

_spoken: ContextVar[str | None] = ContextVar("spoken_language", default=None)


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(language: str) -> NullTranslations:
    """The compiled translations of one of LANGUAGES; English is the source, and has none."""
    path = FOLDER / language / "LC_MESSAGES" / "messages.po"
    if language not in LANGUAGES or not path.exists():
        return NullTranslations()
    with path.open("rb") as source:
        texts = read_po(source, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, texts)
    compiled.seek(0)
    return GNUTranslations(compiled)


def current_language() -> str:
    """The code of the language that is spoken here and now."""
    spoken = _spoken.get()
    if spoken:
        return spoken
    if not has_request_context():
        return "en"
    if (set_by_user := g.get("language")) in LANGUAGES:
        return str(set_by_user)
    if "asked_language" not in g:  # a page asks some hundred times, and the answer takes its time
        g.asked_language = _asked_language()
    return str(g.asked_language)


def _asked_language() -> str:
    cookie = request.cookies.get(COOKIE)
    if cookie in LANGUAGES:
        return cookie
    return request.accept_languages.best_match(list(LANGUAGES)) or "en"


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak one language within the block, whatever the request says (printing, mail, tests)."""
    token = _spoken.set(language if language in LANGUAGES else "en")
    try:
        yield
    finally:
        _spoken.reset(token)


def gettext(msgid: str, **params: Any) -> str:
    """The text of `msgid` in the current language, with its %(name)s filled in from `params`."""
    return _fill(catalogue(current_language()).gettext(msgid), msgid, params)


def ngettext(singular: str, plural: str, num: int, **params: Any) -> str:
    """The text for `num` things; %(num)s is the number, in groups of three digits."""
    text = catalogue(current_language()).ngettext(singular, plural, num)
    return _fill(text, singular if num == 1 else plural, {"num": f"{num:,}", **params})


def _fill(text: str, source: str, params: dict[str, Any]) -> str:
    if not params:
        return text
    try:
        return text % params
    except (KeyError, TypeError, ValueError):  # a slip in a translation must not cost the page
        return source % params


class LazyText:
    """A text that is translated when it is shown, not when the module that names it is imported."""

    __slots__ = ("msgid", "params")

    def __init__(self, msgid: str, **params: Any) -> None:
        self.msgid = msgid
        self.params = params

    def __str__(self) -> str:
        return gettext(self.msgid, **self.params)

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __repr__(self) -> str:
        return f"LazyText({self.msgid!r})"


_ = gettext
_l = LazyText


def error_text(error: Exception) -> str:
    """Return what an error says in the current language, the fields and kinds it names included.

    An error without a `msgid` speaks for itself.
    """
    from cuneifox.words import named  # it speaks through this module

    msgid = getattr(error, "msgid", None)
    return gettext(msgid, **named(getattr(error, "params", {}))) if msgid else str(error)


def init_app(app: Flask) -> None:
    """Give the templates `_`, `ngettext`, `language()`, LANGUAGES and what `formats` offers."""
    from cuneifox import formats, words  # they speak through this module

    app.jinja_env.globals.update(
        _=gettext,
        gettext=gettext,
        ngettext=ngettext,
        language=current_language,
        LANGUAGES=LANGUAGES,
    )
    app.jinja_env.filters.update(formats.FILTERS)
    app.jinja_env.globals.update(formats.GLOBALS)
    app.jinja_env.globals.update(field_label=words.field_label)
    app.jinja_env.filters.update(named=words.shown_name)
