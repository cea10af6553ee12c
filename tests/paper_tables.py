"""A table whose figures add up, for whoever writes it as a file."""

from __future__ import annotations

from cuneifox.papers import Amount, Column, Row, Table

HOSTILE = [
    "#strong[x] $a$ *b* _c_ <label> @ref // no /* comment",
    '#read("/etc/passwd") #panic("out")',
    "=cmd|'/C calc'!A0",
    "\u202egnp.exe\u202c and \u2067more\u2069",
    "a\x00b\x07c\x1bd",
    "@SUM(A1:A9)",
    "http://example.com/ mailto:x@example.com",
    "_x0041_ & <b> \"quotes\" 'single'",
    "007",
    "สวัสดี ครับ น้ำใจ ปั๊มน้ำ",
]


def accounts_table(count: int, parentheses: bool = False, names: list[str] | None = None) -> Table:
    """Accounts in groups of ten, each with a debit, a credit and a balance, and what they sum to."""
    rows, debits, credits = [], 0, 0
    for n in range(count):
        if n % 10 == 0:
            rows.append(Row([f"G{n}", f"Group {n}", None, None, None], "group"))
        name = names[n] if names else f"บัญชี Account {n}"
        debit, credit = n * 12345, n * 23456
        figures = (Amount(each, 2) for each in (debit, credit, debit - credit))
        rows.append(Row([f"A{n}", name, *figures], indent=1))
        debits, credits = debits + debit, credits + credit
    sums = (Amount(each, 2) for each in (debits, credits, debits - credits))
    rows.append(Row(["", "Total", *sums], "foot", sums={"": 1}))
    columns = [
        Column("Code"),
        Column("Name", width=3, indented=True),
        *(Column(each, "amount", 1.4, True) for each in ("Debit", "Credit", "Balance")),
    ]
    footer = ["บ้านสวน · Accounts", "Made by Ploy", "Chain " + "0123456789abcdef" * 4]
    return Table(
        "accounts", "Accounts", columns, rows, [("Company", "บ้านสวน")], footer, parentheses
    )
