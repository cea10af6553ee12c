"""Reads a beancount file in a process of its own: bytes in by standard input, msgpack out.

Run by path, it imports nothing of CuneiFox, so that it starts fast and holds no database. It is
apart for three reasons: beancount's parser crashes the whole process on some input (in 3.2.3 an
amount of `1/0` does); a file can name plugins, which are programs, and other files to include; and
reading is half of an import's time, which so runs beside the opening of the company. Nothing that
the file names is opened or run: `confine` sees to that even where the checks before it were wrong.
"""

from __future__ import annotations

import codecs
import gc
import hashlib
import re
import resource
import sys
from collections import Counter
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import Any

import msgspec
from beancount.core import data
from beancount.ops import balance, pad, validation
from beancount.parser import booking, options, parser
from beancount.plugins import auto_accounts

MEMORY_BYTES = 4 << 30
CPU_SECONDS = 300

ERRORS_SHOWN = 100
"""More errors than these are counted, not listed."""

EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
ONE = Decimal(1)
NOTHING = (Decimal(0), ONE)

PLUGINS_PASSED_OVER = {"beancount.plugins.implicit_prices"}
"""Adds nothing but prices, and prices aren't imported."""

PLUGINS_RUN = {"beancount.plugins.auto_accounts": auto_accounts.auto_insert_open}
"""Part of beancount, and does no more than to open the accounts that are used."""

NO_CURRENCY = (
    'The file names no currency: put option "operating_currency" "USD" (or yours) at its top.'
)

KINDS = ("asset", "liability", "equity", "income", "expense")

Problem = tuple[int, str]
"""A line's number (0: none) and what is wrong with it."""


def decoded(source: bytes) -> tuple[bytes, list[Problem]]:
    """Return the file as UTF-8 without a byte-order mark, or what is wrong with its encoding."""
    if source.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return b"", [(0, "The file is UTF-16; save it as UTF-8.")]
    source = source.removeprefix(codecs.BOM_UTF8)
    try:
        source.decode("utf-8")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        return b"", [
            (line, f"byte 0x{source[error.start]:02x} isn't UTF-8; save the file as UTF-8.")
        ]
    if b"\0" in source:
        line = source.count(b"\n", 0, source.index(b"\0")) + 1
        return b"", [(line, "there is a NUL character: this isn't a text file.")]
    if not source.strip():
        return b"", [(0, "The file is empty.")]
    return source, []


def read(source: bytes, currency: str | None = None) -> dict[str, Any]:
    """Return what a file holds as plain lists, or its `errors`.

    `currency` is the one that values are taken in; None means the file's own operating currency.
    Amounts are decimals as text, unrounded; `FileRead` in the module beside this one names the
    fields.
    """
    entries, problems, settings = parser.parse_string(source, "file")
    errors = [_problem(error) for error in problems] + _refused(source, settings)
    if errors:
        return _failed(errors)
    entries.sort(key=data.entry_sortkey)
    entries, found = booking.book(entries, settings)
    errors += map(_problem, found)
    steps = [PLUGINS_RUN[name] for name, _ in settings["plugin"] if name in PLUGINS_RUN]
    for step in (*steps, pad.pad, balance.check):
        entries, found = step(entries, settings)
        errors += map(_problem, found)
        entries.sort(key=data.entry_sortkey)
    errors += map(_problem, validation.validate(entries, settings, None, None))
    operating = list(settings["operating_currency"])
    chosen = currency or (operating[0] if operating else None)
    if not errors and not any(isinstance(e, data.Transaction | data.Open) for e in entries):
        errors.append((0, "The file holds neither accounts nor transactions."))
    if not errors and chosen is None:
        errors.append((0, NO_CURRENCY))
    if errors:
        return _failed(errors)
    return {
        "currency": chosen,
        "operating": operating,
        "accounts": _accounts(entries, options.get_account_types(settings)),
        "entries": _transactions(entries, str(chosen)),
        "left_out": Counter(
            type(entry).__name__.lower()
            for entry in entries
            if not isinstance(entry, data.Transaction | data.Open | data.Pad | data.Balance)
        ),
        "errors": [],
    }


def _failed(errors: list[Problem]) -> dict[str, Any]:
    shown = sorted(dict.fromkeys(errors), key=lambda problem: problem[0])
    more = len(shown) - ERRORS_SHOWN
    if more > 0:
        shown = [*shown[:ERRORS_SHOWN], (0, f"and {more} more")]
    return {"errors": shown}


def _problem(error: Any) -> Problem:
    """A beancount error as line and one line of text."""
    line = int((error.source or {}).get("lineno") or 0)
    text = str(error.message).strip()
    return line, text.splitlines()[0] if text else type(error).__name__


def _refused(source: bytes, settings: dict[str, Any]) -> list[Problem]:
    """What beancount would open or run on the file's word: other files, and programs."""
    found = [
        (
            _line(source, "include", name),
            f'include "{name}": other files aren\'t read. Put all into one file:'
            " `bean-query FILE print` does.",
        )
        for name in settings["include"]
    ]
    found += [
        (
            _line(source, "plugin", name),
            f'plugin "{name}": plugins are programs, and those that a file brings aren\'t run.'
            " Take the line out.",
        )
        for name, _ in settings["plugin"]
        if name not in PLUGINS_RUN and name not in PLUGINS_PASSED_OVER
    ]
    if settings["plugin_processing_mode"] != "default":
        found.append(
            (0, 'option "plugin_processing_mode": only "default" is understood. Take the line out.')
        )
    return found


def _line(source: bytes, directive: str, name: str) -> int:
    pattern = rb"^" + directive.encode() + rb'\s+"' + re.escape(name.encode())
    match = re.search(pattern, source, re.MULTILINE)
    return source.count(b"\n", 0, match.start()) + 1 if match else 0


def _accounts(entries: list[Any], types: Any) -> list[tuple[str, str, str, int]]:
    """Name, kind, day of opening and line of every account, in the file's order."""
    kinds = dict(
        zip(
            (types.assets, types.liabilities, types.equity, types.income, types.expenses),
            KINDS,
            strict=True,
        )
    )
    return [
        (
            entry.account,
            kinds[entry.account.split(":")[0]],
            entry.date.isoformat(),
            entry.meta["lineno"],
        )
        for entry in entries
        if isinstance(entry, data.Open)
    ]


def _transactions(entries: list[Any], currency: str) -> list[tuple[Any, ...]]:
    """Day, line, payee, narration, fingerprint and postings of each transaction, by day."""
    seen: Counter[bytes] = Counter()
    found = []
    with localcontext(EXACT):
        for entry in entries:
            if not isinstance(entry, data.Transaction):
                continue
            payee, narration = entry.payee or "", entry.narration or ""
            content = _content(entry, payee, narration)
            seen[content] += 1
            print_ = hashlib.sha256(content + b"\n%d" % seen[content]).hexdigest()
            found.append(
                (
                    entry.date.isoformat(),
                    entry.meta["lineno"],
                    payee,
                    narration,
                    print_,
                    _postings(entry, currency),
                )
            )
    return found


def _content(entry: Any, payee: str, narration: str) -> bytes:
    """What makes a transaction the same when it is read again; its place in the file doesn't."""
    parts = [entry.date.isoformat(), payee, narration]
    for posting in entry.postings:
        units, cost, price = posting.units, posting.cost, posting.price
        parts += (posting.account, str(units.number), units.currency)
        parts.append(f"{{{cost.number} {cost.currency} {cost.date} {cost.label}}}" if cost else "")
        parts.append(f"@{price.number} {price.currency}" if price else "")
    return "\x1f".join(parts).encode()


def _postings(entry: Any, currency: str) -> list[tuple[str, str, str | None, str | None]]:
    """Account, value in `currency`, and of anything else its quantity and commodity.

    The value is what beancount balances by: at cost, else at the price paid, else the units
    themselves. What has none of these in `currency` is worth what it was exchanged for in this
    transaction, else nothing.
    """
    weights = [_weight(posting) for posting in entry.postings]
    rates: dict[str, tuple[Decimal, Decimal]] = {}
    if any(other != currency for _, other in weights):
        rates = _own_rates(entry.postings, weights, currency)
    found: list[tuple[str, str, str | None, str | None]] = []
    for posting, (number, weighed_in) in zip(entry.postings, weights, strict=True):
        units = posting.units
        if units.currency == currency:
            found.append((posting.account, f"{units.number:f}", None, None))
        else:
            given, got = (ONE, ONE) if weighed_in == currency else rates.get(weighed_in, NOTHING)
            value = number * given / got
            worth = f"{value:f}" if value else "0"
            found.append((posting.account, worth, f"{units.number:f}", units.currency))
    return found


def _weight(posting: Any) -> tuple[Decimal, str]:
    """What a posting counts in its transaction's balance, and in which currency."""
    units = posting.units
    if posting.cost is not None:
        return units.number * posting.cost.number, posting.cost.currency
    if posting.price is not None:
        return units.number * posting.price.number, posting.price.currency
    return units.number, units.currency


def _own_rates(
    postings: list[Any], weights: list[tuple[Decimal, str]], currency: str
) -> dict[str, tuple[Decimal, Decimal]]:
    """How much `currency` this transaction gave for how much of each other currency."""
    given: dict[str, Decimal] = {}
    got: dict[str, Decimal] = {}
    for posting, (number, weighed_in) in zip(postings, weights, strict=True):
        if posting.units.currency == currency and weighed_in != currency:
            given[weighed_in] = given.get(weighed_in, Decimal(0)) + posting.units.number
            got[weighed_in] = got.get(weighed_in, Decimal(0)) + number
    return {other: (given[other], total) for other, total in got.items() if total}


def confine() -> None:
    """From here on this process opens no file, starts nothing and reaches no network."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.addaudithook(_forbid)


def _forbid(event: str, _: tuple[Any, ...]) -> None:
    if event == "open" or event.startswith(
        ("os.", "subprocess.", "socket.", "shutil.", "glob.", "ctypes.")
    ):
        raise PermissionError(f"a file that is imported may not cause {event}")


def main() -> None:
    """Read standard input, write the result; the one argument, if any, is the currency."""
    gc.disable()  # the process ends with its one task; looking for cycles costs a twentieth of it
    source = sys.stdin.buffer.read()
    encode = msgspec.msgpack.Encoder().encode
    confine()
    text, errors = decoded(source)
    result = {"errors": errors} if errors else read(text, sys.argv[1] if sys.argv[1:] else None)
    sys.stdout.buffer.write(encode(result))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
