"""Formulas of amounts come to what one works out by hand, say what is wrong, and can't be used to harm."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

from models.errors import BadInput
from models.money import LIMIT
from models.recurring.formulas import read_formula, rounded, to_units, worth
from recurring import day


class Books:
    """Books in which balance and movement are what they are given; `before` is the amount of the last time."""

    def __init__(self, date: str = "2026-02-15", before: str | None = None) -> None:
        self.day = day(date)
        self.before = before
        self.asked: list[str] = []

    def balance(self, code: str) -> Decimal:
        self.asked.append(code)
        return Decimal("1000.50")

    def movement(self, code: str) -> Decimal:
        return Decimal("-107.00")

    def previous(self) -> Decimal | None:
        return None if self.before is None else Decimal(self.before)


def comes_to(text: str, **books: str) -> str:
    """What a formula comes to, in satang."""
    return str(to_units(worth(read_formula(text), Books(**books)), 2, text))


WORKED_OUT = [
    ("1,234.50", "123450"),
    ("๑,๒๓๔.๕๐", "123450"),
    (".5", "50"),
    ("1 + 2 * 3", "700"),
    ("(1 + 2) * 3", "900"),
    ("10 - 4 - 3", "300"),  # from the left: (10 - 4) - 3
    ("100 / 10 / 5", "200"),  # from the left: (100 / 10) / 5
    ("-5 + 8", "300"),
    ("--5", "500"),
    ("2 × 3 − 1 ÷ 4", "575"),
    ("1,000 * 7%", "7000"),
    ("12,000 / 365 * days_in_month", "92055"),  # 28 days: 336,000 / 365 = 920.547945…
    ("1 / 3 * 3", "100"),
    ("36500 / days_in_year", "10000"),
    ("day + month + year", "204300"),  # 15 + 2 + 2026
    ('balance("1100")', "100050"),
    ("balance('1100') * 10%", "10005"),  # 100.05
    ("balance(“1100”)", "100050"),
    ('-movement("4100") * 3%', "321"),  # 3.21
    ("previous(1000)", "100000"),
    ("PREVIOUS(1,000)", "100000"),
    ("round(10.005; 2)", "1001"),
    ("round(-10.5)", "-1100"),
    ("min(3; 2, 5)", "200"),
    ("max(1,200; 3)", "120000"),
    ("abs(2 - 5)", "300"),
]


@pytest.mark.parametrize(("text", "satang"), WORKED_OUT)
def test_formulas_come_to_what_one_works_out_by_hand(text: str, satang: str) -> None:
    """The 15th of February 2026, balance 1,000.50, movement -107.00, nothing before."""
    assert comes_to(text) == satang


def test_the_amount_before_counts_where_there_was_one() -> None:
    """1,000 the first time, 5 % more each time after; without a beginning it is an error."""
    assert comes_to("previous(1000) * 1.05", before="1050") == "110250"
    assert comes_to("previous * 1.05", before="1050") == "110250"
    with pytest.raises(BadInput, match=r"previous\(1000\) to begin with"):
        comes_to("previous * 1.05")


@pytest.mark.parametrize(
    ("date", "month", "year"),
    [("2024-02-29", 29, 366), ("2026-02-01", 28, 365), ("2100-02-01", 28, 365), ("2026-12-31", 31, 365)],
)  # fmt: skip
def test_months_and_years_have_their_days(date: str, month: int, year: int) -> None:
    """Leap years too, and the year 2100, which is none."""
    assert comes_to("days_in_month", date=date) == str(month * 100)
    assert comes_to("days_in_year", date=date) == str(year * 100)


@pytest.mark.parametrize(
    ("value", "decimals", "minor"),
    [("0.125", 2, 13), ("-0.125", 2, -13), ("0.115", 2, 12), ("2.5", 0, 3), ("0.1249999", 2, 12), ("1.0005", 3, 1001)],
)  # fmt: skip
def test_amounts_are_rounded_halves_away_from_zero(value: str, decimals: int, minor: int) -> None:
    """As one rounds by hand, in the currency's own smallest unit."""
    assert to_units(Decimal(value), decimals, value) == minor
    assert rounded(Decimal(value), decimals) == Decimal(minor).scaleb(-decimals)


WRONG = [
    ("", "is missing"),
    ("   ", "is missing"),
    ("1 +", "ends where"),
    ("(1", r"A \) is missing"),
    ("1)", "can't stand"),
    ("1 2", "can't stand"),
    ("* 2", "can't stand"),
    ("1.2.3", "can't stand"),
    ("1,5", "can't stand"),
    ("1e9", "can't stand"),
    ("0x10", "can't stand"),
    ("2 ** 9", "can't stand"),
    ("2 ^ 9", "can't stand"),
    ("2 // 9", "can't stand"),
    ("a.b", "can't stand"),
    ("__import__", "no __import__ in formulas"),
    ("__import__('os').system('id')", "can't stand|no __import__"),
    ("().__class__", "can't stand"),
    ("lambda: 1", "no lambda|can't stand"),
    ("balance", "write it like"),
    ("balance(1100)", "write it like"),
    ('balance("")', "write it like"),
    ('balance("a"; "b")', "write it like"),
    ('"1100"', "can't stand"),
    ("balance(\"1100')", "can't stand"),
    ("round(1; 7)", "write it like"),
    ("round(1; 1 + 1)", "write it like"),
    ("round(1; 1.5)", "write it like"),
    ("days_in_month(2)", "write it like"),
    ("max(1)", "write it like"),
    ('abs("x")', "write it like"),
    ("max()", "can't stand"),
    ("ยอด", "can't stand"),
    ("1\x002", "can't stand"),
    ("nan", "no nan in formulas"),
    ("infinity", "no infinity in formulas"),
    ("1_000", "can't stand"),
    ("٣", "can't stand"),  # Arabic-Indic digits
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_what_is_no_formula_is_refused(text: str, said: str) -> None:
    """With a text that says what isn't understood; nothing of Python's syntax means anything."""
    with pytest.raises(BadInput, match=said):
        read_formula(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 / 0", r"1 / 0 divides by zero\."),
        ("0 / 0", r"divides by zero\."),
        ("1 / (5 - 5)", r"divides by zero\."),
        ("5 % / (day - 15)", "divides by zero for the voucher of 2026-02-15"),
    ],
)
def test_a_division_by_zero_says_so(text: str, said: str) -> None:
    """And for which voucher, where it isn't so for all."""
    with pytest.raises(BadInput, match=said):
        comes_to(text)


ATTACKS = {
    "a number that is too large": "9" * 290,
    "products that grow": "*".join(["9" * 20] * 14),
    "divisions by what is tiny": "1" + "/.00000000001" * 22,
    "what becomes too small to be told from nothing": "1" + "/99999999999" * 20 + " / (1 - 1)",
    "parentheses without end": "(" * 149 + "1" + ")" * 149,
    "functions without end": "abs(" * 60 + "1" + ")" * 60,
    "one too many": "(" * 21 + "1" + ")" * 21,
    "signs without end": "-" * 299,
    "a megabyte": "1+" * 500_000 + "1",
    "spaces without end": " " * 1_000_000,
    "an unclosed text": 'balance("' + "a" * 280,
    "what a bad pattern would try over and over": "1," * 149 + "x",
    "digits in groups": "1,111" + ",111" * 70 + ",11",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_end_at_once(attack: str) -> None:
    """Whatever is typed, it is refused within a fraction of a second, as bad input and nothing else."""
    begun = time.process_time()
    with pytest.raises(BadInput):
        comes_to(ATTACKS[attack])
    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize(
    "text",
    ["round({0} * {0} * {0}; 2)", "{0} * {0} - {0} * {0}", "-{0} * {0}", "{0} / .0000000001"],
)
def test_what_becomes_too_large_on_the_way_says_so(text: str) -> None:
    """Also where it would come to something small in the end."""
    with pytest.raises(BadInput, match="comes to more than books can hold"):
        comes_to(text.format("9" * 20))


def test_what_is_just_allowed_is_worked_out() -> None:
    """Twenty parentheses, three hundred characters, many signs."""
    assert comes_to("(" * 20 + "1" + ")" * 20) == "100"
    assert comes_to("+".join(["1"] * 150) + " ") == "15000"
    assert comes_to("-" * 298 + "1") == "100"
    assert comes_to("1" + "%" * 10) == "0"


def test_the_largest_amount_of_books_is_the_limit() -> None:
    """One satang less than LIMIT is an amount, LIMIT is none."""
    assert to_units(Decimal(LIMIT - 1).scaleb(-2), 2, "x") == LIMIT - 1
    for value in (Decimal(LIMIT).scaleb(-2), Decimal(LIMIT).scaleb(-2) - Decimal("0.001")):
        with pytest.raises(BadInput, match="more than books can hold"):
            to_units(value, 2, "x")


def test_only_formulas_without_names_are_fixed() -> None:
    """What never changes can be checked for balance as it is typed."""
    assert [read_formula(text).is_fixed for text in ("1 + 2", "round(1.5)", "days_in_month", "previous(1)")] == [
        True, True, False, False,
    ]  # fmt: skip
    assert sorted(read_formula('balance("1") + max(movement("2"); 3)').accounts) == ["1", "2"]
