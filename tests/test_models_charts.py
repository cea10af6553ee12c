"""The templates are whole: a tree, five types, names, and the accounts that the rules need."""

from __future__ import annotations

import pytest

from models.accounts import TYPES
from models.charts import TEMPLATES, account_rows, load_chart
from models.errors import BadInput
from models.journals import KINDS, VAT_KINDS


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_is_a_tree_of_five_types(template: str) -> None:
    """Codes are unique, parents are groups that come first, and no group is empty."""
    chart = load_chart(template)
    rows = {row[0]: row for row in account_rows(chart)}
    assert len({row[1] for row in rows.values()}) == len(rows) == len(chart.accounts)
    assert {row[4] for row in rows.values()} == set(TYPES)
    for stid, code, _, _, type, parent, is_group in rows.values():
        if parent is not None:
            assert parent < stid
            assert rows[parent][6]
            assert rows[parent][4] == type
        assert is_group == any(row[5] == stid for row in rows.values()), code


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_names_what_the_rules_need(template: str) -> None:
    """Retained earnings are equity, rounding is an expense, and each kind of book is there."""
    chart = load_chart(template)
    types = {row[1]: (row[4], row[6]) for row in account_rows(chart)}
    assert types[chart.retained_earnings] == ("equity", False)
    assert types[chart.rounding] == ("expense", False)
    assert {book.kind for book in chart.books} == set(KINDS)
    assert {book.vat for book in chart.books} == set(VAT_KINDS)
    assert len({book.code for book in chart.books}) == len(chart.books)


def test_every_thai_account_and_book_has_both_names() -> None:
    """Thai names are in Thai letters, English ones in Latin."""
    chart = load_chart("thai")
    for item in [*chart.accounts, *chart.books]:
        assert item.name.isascii()
        assert any("\u0e01" <= letter <= "\u0e5b" for letter in item.local_name), item.code
    assert len({account.local_name for account in chart.accounts}) == len(chart.accounts)


@pytest.mark.parametrize("template", ["", "french", "../thai", "thai.toml", None])
def test_an_unknown_template_is_refused(template: str) -> None:
    """A template is one of a list, never a path."""
    with pytest.raises(BadInput, match="thai, general"):
        load_chart(template)
