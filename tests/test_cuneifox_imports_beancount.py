"""Reading beancount files: what comes out, what is refused, and what a hostile file can't do."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from cuneifox.imports import beancount
from cuneifox.imports.beancount import LARGEST_BYTES, read_beancount, start_reading
from cuneifox.imports.errors import FileRefused, ReaderMissing

HEAD = """option "operating_currency" "USD"
2020-01-01 open Assets:Cash
2020-01-01 open Assets:Shares
2020-01-01 open Equity:Opening
2020-01-01 open Income:Gains
"""
COFFEE = '2020-02-02 * "Cafe" "Coffee"\n  Assets:Cash  -3.50 USD\n  Equity:Opening\n'


@pytest.fixture
def write(tmp_path: Path):
    """Writes a file behind HEAD and returns its path."""

    def _write(text: str | bytes, head: str = HEAD) -> Path:
        path = tmp_path / "books.beancount"
        path.write_bytes(head.encode() + (text if isinstance(text, bytes) else text.encode()))
        return path

    return _write


def problems(path: Path) -> list[str]:
    with pytest.raises(FileRefused) as refused:
        read_beancount(path)
    return refused.value.lines()


def test_accounts_come_with_their_kind_and_day(write):
    """The five roots give five kinds, renamed roots too."""
    read = read_beancount(
        write(
            'option "name_assets" "Vermögen"\n2020-01-01 open Vermögen:Kasse',
            'option "operating_currency" "EUR"\n',
        )
    )
    account = read.accounts[0]
    assert (account.name, account.kind, account.opened) == (
        "Vermögen:Kasse",
        "asset",
        date(2020, 1, 1),
    )
    assert [a.kind for a in read_beancount(write("")).accounts] == [
        "asset",
        "asset",
        "equity",
        "income",
    ]


def test_a_posting_held_at_cost_is_valued_at_cost_not_at_price(write):
    """Selling at another price leaves the shares' line at cost; the quantity is exact."""
    read = read_beancount(
        write(
            '2020-03-01 * "buy"\n  Assets:Shares  3 ACME {33.333 USD}\n  Assets:Cash\n'
            '2020-03-02 * "sell"\n  Assets:Shares  -3 ACME {33.333 USD} @ 40 USD\n'
            "  Assets:Cash  120 USD\n  Income:Gains\n"
        )
    )
    bought, sold = (entry.lines[0] for entry in read.entries)
    assert (bought.amount, bought.quantity, bought.commodity) == (Decimal("99.999"), 3, "ACME")
    assert (sold.amount, sold.quantity) == (Decimal("-99.999"), -3)
    assert sum(line.amount for line in read.entries[1].lines) == 0


def test_what_has_no_value_in_the_currency_is_a_quantity_of_nothing(write):
    """Vacation hours are worth zero, and their quantity is kept."""
    read = read_beancount(
        write('2020-03-01 * "hours"\n  Assets:Shares  8.5 HOURS\n  Income:Gains\n')
    )
    hours = read.entries[0].lines[0]
    assert (hours.amount, hours.quantity, hours.commodity) == (0, Decimal("8.5"), "HOURS")


def test_foreign_money_is_worth_what_it_was_exchanged_for(write):
    """Both ways of writing an exchange balance in the file's currency."""
    read = read_beancount(
        write(
            '2020-03-01 * "one way"\n  Assets:Cash  -110 USD\n  Assets:Shares  100 EUR @ 1.1 USD\n'
            '2020-03-02 * "the other"\n  Assets:Cash  -110 USD @ 0.9 EUR\n  Assets:Shares  99 EUR\n'
        )
    )
    for entry in read.entries:
        assert [line.amount for line in entry.lines] == [-110, 110]
    assert [entry.lines[1].quantity for entry in read.entries] == [100, 99]


def test_equal_transactions_in_one_file_have_different_fingerprints(write):
    """Two coffees on one day are two; read again, both are the same two."""
    path = write(COFFEE + COFFEE)
    first = [entry.fingerprint for entry in read_beancount(path).entries]
    assert len(set(first)) == 2
    assert first == [entry.fingerprint for entry in read_beancount(path).entries]


def test_a_fingerprint_does_not_depend_on_the_place_in_the_file(write):
    """Comments and other entries above don't make a transaction another one."""
    [alone] = read_beancount(write(COFFEE)).entries
    tea = COFFEE.replace("Coffee", "Tea").replace("02-02", "01-30")
    moved = read_beancount(write("; a comment\n\n" + tea + COFFEE)).entries[1]
    assert moved.line != alone.line
    assert moved.fingerprint == alone.fingerprint


def test_padding_comes_in_and_balances_are_asserted(write):
    """A pad makes its transaction; a balance that fails is told with its line."""
    pad = "2020-02-05 pad Assets:Cash Equity:Opening\n2020-02-10 balance Assets:Cash 50 USD\n"
    [coffee, padding] = read_beancount(write(COFFEE + pad)).entries
    assert [line.amount for line in padding.lines] == [Decimal("53.50"), Decimal("-53.50")]
    assert coffee.payee == "Cafe"
    wrong = COFFEE + pad + "2020-02-11 balance Assets:Cash 51 USD\n"
    assert problems(write(wrong)) == [
        "books.beancount:11: Balance failed for 'Assets:Cash':"
        " expected 51 USD != accumulated 50.00 USD (1.00 too little)"
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '2020-02-30 * "x"\n  Assets:Cash  1 USD\n  Equity:Opening\n',
            ":6: ValueError: day is out of",
        ),
        (
            '2020-02-02 * "x"\n  Assets:Cash  1 USD\n  Equity:Opening 1 USD',
            ":6: Transaction does not",
        ),
        ('2020-02-02 * "x"\n  Assets:Cash  NaN USD\n  Equity:Opening', ":7: Invalid token: 'NaN'"),
        (
            '2020-02-02 * "x"\n  Assets:Cash  1 USD\n  Assets:None',
            ":6: Invalid reference to unknown",
        ),
        ("prose is no beancount", ":6: Invalid token: 'prose'"),
    ],
)
def test_errors_name_file_and_line(write, text: str, said: str):
    """Whatever beancount finds wrong is told where it stands, and nothing is returned."""
    assert problems(write(text))[0].startswith(f"books.beancount{said}")


def test_a_file_that_crashes_the_parser_only_ends_the_reader(write):
    """1/0 as an amount takes beancount 3.2.3 down; here it is one more refused file."""
    text = '2020-02-02 * "x"\n  Assets:Cash  1/0 USD\n  Equity:Opening\n'
    assert "broke down on this file" in problems(write(text))[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty."),
        (b" \n\t\n", "The file is empty."),
        (b"; only a comment\n", "holds neither accounts nor transactions"),
        (
            COFFEE.encode() + b'2020-01-01 note Assets:Cash "\xa1\xd2\xc3"\n',
            ":4: byte 0xa1 isn't UTF-8",
        ),
        (COFFEE.encode("utf-16"), "UTF-16"),
        (b"2020-01-01 open\0 Assets:Cash\n", ":1: there is a NUL character"),
        (b"2020-01-01 open Assets:Cash\n", "names no currency"),
    ],
)
def test_empty_and_wrongly_encoded_files_are_told_apart(write, content: bytes, said: str):
    """Each says what it is; none is half read."""
    assert said in problems(write(content, head=""))[0]


def test_a_byte_order_mark_and_windows_line_ends_are_fine(write):
    """What Windows editors write is read."""
    path = write(b"\xef\xbb\xbf" + (HEAD + COFFEE).replace("\n", "\r\n").encode(), head="")
    assert len(read_beancount(path).entries) == 1


def test_a_file_too_large_is_refused_unread(tmp_path: Path):
    """50 MB are refused by their size; the reader isn't even started."""
    path = tmp_path / "large.beancount"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    assert path.stat().st_size > LARGEST_BYTES
    [problem] = problems(path)
    assert "50.0 MB" in problem
    assert "32 MB" in problem


def test_what_is_not_a_regular_file_is_refused(tmp_path: Path):
    """A named pipe would hang for ever; a folder or a missing file gets its own words."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "isn't a regular file" in problems(pipe)[0]
    assert "isn't a regular file" in problems(tmp_path)[0]
    assert "no such file" in problems(tmp_path / "none")[0]
    assert "can't be opened" in problems(Path("a\0b"))[0]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('include "/etc/passwd"', ':6: include "/etc/passwd": other files'),
        ('include "*.beancount"', ':6: include "*.beancount": other files'),
        ('plugin "antigravity"', ':6: plugin "antigravity": plugins are programs'),
        ('option "plugin_processing_mode" "raw"', 'option "plugin_processing_mode"'),
    ],
)
def test_a_file_cannot_name_files_or_programs(write, line: str, said: str):
    """include and plugin are refused before anything is opened or run."""
    assert said in problems(write(line + "\n" + COFFEE))[0]


def test_a_plugin_beside_the_file_is_not_run(tmp_path: Path):
    """insert_pythonpath and a module in the file's own folder run nothing."""
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n__plugins__ = ()\n")
    path = tmp_path / "books.beancount"
    path.write_text('option "insert_pythonpath" "TRUE"\nplugin "evil"\n' + HEAD + COFFEE)
    assert "plugins are programs" in problems(path)[0]
    assert not (tmp_path / "ran").exists()


def test_folders_of_documents_are_not_looked_into(write):
    """Neither the option nor the directive reads anything; documents are counted as left out."""
    text = 'option "documents" "/etc"\n2020-01-02 document Assets:Cash "/etc/passwd"\n'
    assert read_beancount(write(text + COFFEE)).left_out == {"document": 1}


def test_plugins_that_only_open_accounts_or_add_prices_are_understood(write):
    """Two of beancount's own are so common, and so harmless, that files with them come in."""
    text = 'plugin "beancount.plugins.auto_accounts"\nplugin "beancount.plugins.implicit_prices"\n'
    read = read_beancount(write(text + '2020-02-02 * "x"\n  Assets:New  1 USD\n  Assets:Cash\n'))
    assert "Assets:New" in [account.name for account in read.accounts]


def test_the_reader_can_open_write_and_start_nothing_once_confined():
    """The last line of defence, tried directly in a process of its own."""
    reader = Path(beancount.__file__).with_name("beancount_reader.py")
    program = (
        f"import runpy, os, subprocess; m = runpy.run_path({str(reader)!r}); m['confine']()\n"
        "for attempt in (lambda: open('/etc/passwd'), lambda: os.listdir('/'),\n"
        "                lambda: subprocess.Popen(['true']), lambda: os.system('true')):\n"
        "    try:\n        attempt()\n    except PermissionError: print('refused')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["refused"] * 4


def test_leaving_early_ends_the_reader(write):
    """Whoever gives up while the file is read leaves no process behind."""
    with start_reading(write(COFFEE)) as reading:
        process = reading._process
    assert process.returncode is not None


def test_without_beancount_the_way_to_install_it_is_told(write, monkeypatch: pytest.MonkeyPatch):
    """The extra is named."""
    monkeypatch.setattr(beancount, "find_spec", lambda name: None)
    with pytest.raises(ReaderMissing, match=r"pip install 'cuneifox\[beancount\]'"):
        read_beancount(write(COFFEE))
