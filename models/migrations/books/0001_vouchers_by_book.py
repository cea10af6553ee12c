"""The journal of one book reads a page's rows by this index; before, it went through all books' vouchers."""

from typing import Any


def up(migrator: Any, db: Any) -> None:
    """Add it."""
    columns = ("book_stid", "date", "id")
    migrator.migrate(migrator.add_index("vouchers", columns, name="voucher_book_stid_date_id"))
