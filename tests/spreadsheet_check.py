"""Has LibreOffice read and calculate the XLSX of each report, and compares it with the report's CSV, cell by cell.

Usage: python tests/spreadsheet_check.py (`make spreadsheet-check`), with LibreOffice Calc installed (Debian's package
libreoffice-calc-nogui). It takes half a minute, and isn't part of the tests.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
from pathlib import Path

from company_group import Group, address
from customers import customer, receive, sell
from ledger_site import BANK, CASH, SALES, LedgerSite
from paper_jobs import made

YEAR = {"first": "2026-01-01", "last": "2026-12-31"}
REPORTS = ("trial-balance", "profit-loss", "balance-sheet", "ledger", "whole-ledger", "journal")
AS_SHOWN_NOT = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"
"""LibreOffice's options: commas, quotes, UTF-8, values as they are stored, all sheets."""


def main() -> int:
    """Compare them all; return how many differ."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = _books(Path(folder) / "data")
        try:
            wrong = [name for name in REPORTS if not _agrees(ledger, name, Path(folder))]
        finally:
            ledger.close()
        if not _agrees_side_by_side(Path(folder)):
            wrong.append("consolidated")
    print("LibreOffice differs in", ", ".join(wrong)) if wrong else print("LibreOffice agrees.")
    return len(wrong)


def _books(folder: Path) -> LedgerSite:
    ledger = LedgerSite(folder)
    buyer = customer(ledger, "C1", "สมศรี")
    for n in range(1, 300):
        day = f"2026-{1 + n % 12:02}-{1 + n % 28:02}"
        ledger.post(day, (CASH, n * 137), (SALES, -n * 137), text="น้ำมัน" if n % 2 else "=1+1")
        sell(ledger, buyer, day, n * 1_000_003)
    ledger.post("2025-12-31", (BANK, -123), (CASH, 123))
    receive(ledger, buyer, "2026-12-31", 99)
    return ledger


def _agrees(ledger: LedgerSite, name: str, folder: Path) -> bool:
    given = {"report": name, **YEAR, **({"account": CASH} if name == "ledger" else {})}
    plain = made(ledger.site, "report", {**given, "form": "csv"}).read_text("utf-8-sig")
    book = folder / f"{name}.xlsx"
    book.write_bytes(made(ledger.site, "report", {**given, "form": "xlsx"}).read_bytes())
    wanted = [_row(row) for row in csv.reader(plain.splitlines())][1:]
    found = [_row(row) for row in csv.reader(_converted(book, folder / name).splitlines())]
    left = iter(found)
    missing = [row for row in wanted if row not in left]
    sums = [row for row in found if row not in wanted and any(isinstance(c, float) for c in row)]
    print(f"{name}: {len(wanted)} rows, {len(missing)} missing; sums {sums[-1] if sums else '-'}")
    for row in missing[:3]:
        print("   ", row)
    return not missing


def _agrees_side_by_side(folder: Path) -> bool:
    """Compare the figures of each account of several companies, and the total beside them, which is a formula."""
    group = Group(folder / "group")
    try:
        malee = group.site.signed_in("malee")
        plain, content = (
            malee.get(address("north", "south", ending=f".{form}")).get_data()
            for form in ("csv", "xlsx")
        )
    finally:
        group.site.close()
    book = folder / "consolidated.xlsx"
    book.write_bytes(content)
    rows = csv.reader(plain.decode("utf-8-sig").splitlines())
    wanted = [[float(each) for each in row[4:7]] for row in rows if row[0] == "THB"]
    found = [_row(row) for row in csv.reader(_converted(book, folder / book.stem).splitlines())]
    left = iter([row[2:] for row in found])
    missing = [row for row in wanted if row not in left]
    print(f"consolidated: {len(wanted)} rows, {len(missing)} missing {missing[:3]}")
    return bool(wanted) and not missing


ALWAYS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""
"""Has LibreOffice calculate formulas itself, where it would else believe the results that the file holds."""


def _converted(book: Path, folder: Path) -> str:
    profile = folder.with_name(f"{folder.name}-profile")
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(ALWAYS, "utf-8")
    subprocess.run(
        [
            "soffice", f"-env:UserInstallation=file://{profile}", "--headless",
            "--convert-to", AS_SHOWN_NOT, "--outdir", str(folder), str(book),
        ],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return "\n".join(path.read_text("utf-8") for path in sorted(folder.glob("*.csv")))


def _row(cells: list[str]) -> list[float | str]:
    """A row's cells, figures as numbers, without empty ones at its end and what CSV puts in front of formulas."""
    read = [_cell(cell) for cell in cells]
    while read and read[-1] == "":
        del read[-1]
    return read


def _cell(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text.removeprefix("'")


if __name__ == "__main__":
    sys.exit(main())
