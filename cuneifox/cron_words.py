"""Cron lines in words, as a reader says them."""

from __future__ import annotations

from functools import lru_cache

from cron_descriptor import ExpressionDescriptor, Options

from cuneifox.i18n import current_language

_LOCALES = {"en": "en_US", "th": "th_TH"}


def in_words(cron: str) -> str:
    """Return what a cron line says, in the current language; the line itself where nobody can say it."""
    return _in_words(cron, current_language())


@lru_cache(maxsize=1024)
def _in_words(cron: str, language: str) -> str:
    options = Options()
    options.use_24hour_time_format = True
    options.locale_code = _LOCALES.get(language, "en_US")
    try:
        return str(ExpressionDescriptor(cron, options).get_full_description())
    except Exception:  # noqa: BLE001 - the library has errors of several kinds for what it doesn't know
        return cron
