"""The scope of a report: what was typed for its dates, presets, and what both mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date as Date
from datetime import timedelta
from typing import Self

from cuneifox.i18n import LazyText, _, _l, error_text
from models.dates import first_of_month, last_of_month, parse_date
from models.errors import BadInput
from models.reports.scope import fiscal_year_start
from tenants import current_store

PRESETS: dict[str, LazyText] = {
    "this-month": _l("This month"),
    "last-month": _l("Last month"),
    "this-year": _l("This fiscal year"),
    "last-year": _l("Last fiscal year"),
    "all": _l("All"),
}

Range = tuple[Date | None, Date]
"""First day (None for the beginning of the books) and last day, both inclusive."""


class BadScope(BadInput):
    """Raised when a report's scope can't be understood; `errors` holds texts by field."""

    errors: dict[str, str]


@dataclass
class ScopeForm:
    """The dates of a report as typed; `errors` holds texts by field."""

    first: str = ""
    last: str = ""
    preset: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def typed(cls, given: Mapping[str, str]) -> Self:
        """Return the scope that was sent."""
        first, last, preset = (given.get(name, "").strip() for name in ("first", "last", "preset"))
        return cls(first, last, preset)

    def read(self, today: Date) -> Range:
        """Return the range that the form means, and show it in the form from now on.

        An empty form means the fiscal year that was worked in last. Raises BadScope.
        """
        if self.preset:
            days = self._preset(today)
        elif self.first or self.last:
            days = self._dates(today)
        else:
            days = self.default(today)
        self.first = days[0].isoformat() if days[0] else ""
        self.last = days[1].isoformat()
        return days

    def default(self, today: Date) -> Range:
        """What an empty form means."""
        return preset_days("this-year", last_worked(today))

    def meant_by(self, preset: str, today: Date) -> Range:
        """What one of PRESETS means."""
        return preset_days(preset, today)

    def _preset(self, today: Date) -> Range:
        if self.preset not in PRESETS:
            self._refuse(
                "preset", _("There is no preset %(name)s; choose dates.", name=self.preset[:40])
            )
        return self.meant_by(self.preset, today)

    def _dates(self, today: Date) -> Range:
        first = self._date("first") if self.first else None
        last = self._date("last") if self.last else today
        if self.errors:
            self._refuse(*next(iter(self.errors.items())))
        return first, last

    def _date(self, name: str) -> Date:
        try:
            return parse_date(getattr(self, name))
        except BadInput as error:
            self.errors[name] = error_text(error)
            return Date.min

    def _refuse(self, name: str, text: str) -> None:
        self.errors[name] = text
        error = BadScope("%(text)s", field=name, text=text)
        error.errors = self.errors
        raise error


def preset_days(name: str, day: Date) -> Range:
    """Return the days of one of PRESETS as it stands on `day`."""
    if name == "all":
        return None, max(day, _latest(day.max))
    if name == "this-month":
        return first_of_month(day), last_of_month(day)
    if name == "last-month":
        end = first_of_month(day) - timedelta(days=1)
        return first_of_month(end), end
    start = fiscal_year_start(day)
    if name == "last-year":
        end = start - timedelta(days=1)
        return fiscal_year_start(end), end
    return start, fiscal_year_start(start + timedelta(days=370)) - timedelta(days=1)


def last_worked(today: Date) -> Date:
    """Return today, or the day of the last voucher where that is in an earlier month.

    One that is dated ahead (a post-dated cheque, a slip of the year) doesn't count, unless all are.
    """
    last = _latest(today)
    if last == Date.min:
        last = max(today, _latest(today.max))
    return today if first_of_month(today) <= last <= today else last


def _latest(until: Date) -> Date:
    """Return the day of the last voucher up to a day; Date.min if there is none."""
    query = "SELECT max(date) FROM vouchers WHERE date <= ?"
    found = current_store("books").execute_sql(query, (until.isoformat(),)).fetchone()
    return Date.fromisoformat(found[0]) if found and found[0] else Date.min
