"""What a report says of itself: whose money it counts, and over which days."""

from __future__ import annotations

from datetime import date as Date

from models.errors import BooksDamaged
from models.fiscal import fiscal_year_days, fiscal_year_of
from models.reports.figures import Scope
from tenants import current_store

SETTINGS = "SELECT currency, decimals, fiscal_start_month FROM settings WHERE id = 1"


def report_scope(first: Date | None, last: Date) -> Scope:
    """Return the scope of a report on the current company."""
    return Scope(*money(), first, last)


def money() -> tuple[str, int]:
    """Return the current company's currency, and the decimals of its minor unit."""
    return _settings()[:2]


def fiscal_year_start(day: Date) -> Date:
    """Return the first day of the current company's fiscal year in which ``day`` lies."""
    start_month = _settings()[2]
    return fiscal_year_days(fiscal_year_of(day, start_month), start_month)[0]


def _settings() -> tuple[str, int, int]:
    row = current_store("books").execute_sql(SETTINGS).fetchone()
    if row is None:
        raise BooksDamaged("The books have lost their settings; restore them from a backup.")
    return row
