"""The scope of a report across companies: calendar years, as fiscal ones differ between them."""

from __future__ import annotations

from datetime import date as Date
from datetime import timedelta

from cuneifox.i18n import LazyText, _l
from cuneifox.scope_form import PRESETS, Range, ScopeForm, preset_days

CALENDAR_PRESETS: dict[str, LazyText] = {
    **PRESETS,
    "this-year": _l("This calendar year"),
    "last-year": _l("Last calendar year"),
}


class CalendarScope(ScopeForm):
    """Plain dates: nothing in it is looked up in any company's books."""

    def default(self, today: Date) -> Range:
        """What an empty form means: the calendar year so far."""
        return Date(today.year, 1, 1), today

    def meant_by(self, preset: str, today: Date) -> Range:
        """What one of CALENDAR_PRESETS means; "all" ends today."""
        if preset == "all":
            return None, today
        if preset == "this-year":
            return Date(today.year, 1, 1), Date(today.year, 12, 31)
        if preset == "last-year":
            end = Date(today.year, 1, 1) - timedelta(days=1)
            return Date(end.year, 1, 1), end
        return preset_days(preset, today)
