"""The database itself refuses what the rules forbid, whoever writes the SQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from peewee import IntegrityError, Model

from ledgers import BY, TODAY, Undo, books, everything, post_sale, rows
from models.accounts import Account
from models.drafts import Draft
from models.journals import JournalBook
from models.months import Month, MonthChange, close_month
from models.numbering import NumberSeries
from models.posted import Line, Voucher
from models.settings import BooksSettings, LedgerState
from models.years import close_year, reopen_year
from tenants import Router, current_store


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Router]:
    """A router with one company for all of these tests, none of which changes anything."""
    router = Router(tmp_path_factory.mktemp("data"))
    with books(router):
        post_sale("2026-02-03")
        post_sale("2026-02-04")
        close_month(202601, by=BY, today=TODAY)
    yield router
    router.close()


@pytest.fixture
def acme(shared: Router) -> Iterator[None]:
    """Books with two vouchers; January is closed."""
    with shared.using("acme"):
        yield


COLUMNS = (
    "id, number, book_stid, fiscal_year, serial, date, text, reference, closing, reverses_id, key,"
    " chain_no, posted_by, posted_by_name, posted_at, chain_hash"
)


def forged(**different: object) -> str:
    """SQL that adds voucher 9 and its lines, like posting does, but for what is ``different``."""
    voucher = {
        "id": 9, "number": "'GJ-2026-000003'", "book_stid": 1, "fiscal_year": 2026, "serial": 3,
        "date": "'2026-02-05'", "text": "''", "reference": "''", "closing": 0, "reverses_id": "NULL",
        "key": "NULL", "chain_no": 3, "posted_by": "''", "posted_by_name": "''", "posted_at": 0,
        "chain_hash": "''",
    }  # fmt: skip
    lines = {"amount": 5, "other": -5, "line_date": "'2026-02-05'"}
    series = different.pop("series", "UPDATE number_series SET last = last + 1")
    how = different.pop("how", "INSERT")
    for name, value in different.items():
        (lines if name in lines else voucher)[name] = value
    put = "INSERT INTO lines (voucher_id, n, account_stid, date, amount, text) VALUES"
    return (
        f"{series};{put} ({voucher['id']}, 1, 4, {lines['line_date']}, {lines['amount']}, '');"
        f"{put} ({voucher['id']}, 2, 5, {lines['line_date']}, {lines['other']}, '');"
        f"{how} INTO vouchers ({COLUMNS}) VALUES ({', '.join(map(str, voucher.values()))})"
    )


def replaced(model: type[Model], where: str = "1", **different: object) -> str:
    """SQL that puts rows in the place of those that are there, with what is ``different``."""
    names = [field.column_name for field in model._meta.sorted_fields]
    values = ", ".join(str(different.get(name, name)) for name in names)
    table = model._meta.table_name
    return f"REPLACE INTO {table} ({', '.join(names)}) SELECT {values} FROM {table} WHERE {where}"


def run(statements: str, undo: bool = False) -> None:
    """Run statements in a transaction of their own, undone at its end if asked for."""
    with current_store("books").writing():
        for statement in statements.split(";"):
            current_store("books").execute_sql(statement)
        if undo:
            raise Undo


REFUSED = {
    **{
        f"change a voucher's {column}": f"UPDATE vouchers SET {column} = {column} WHERE id = 1"
        for column in [*COLUMNS.split(", "), "digest"]
    },
    **{
        f"change a line's {field.column_name}": f"UPDATE lines SET {field.column_name} = NULL"
        for field in Line._meta.sorted_fields
    },
    "delete a voucher": "DELETE FROM vouchers WHERE id = 1",
    "delete a line": "DELETE FROM lines WHERE voucher_id = 1 AND n = 1",
    "add a line to a voucher": "INSERT INTO lines (voucher_id, n, account_stid, date, amount, text)"
    " VALUES (1, 3, 4, '2026-02-03', 0, '')",
    "replace a line": "INSERT OR REPLACE INTO lines (voucher_id, n, account_stid, date, amount, text)"
    " VALUES (1, 1, 4, '2026-02-03', 0, '')",
    "a line without a voucher": "INSERT INTO lines (voucher_id, n, account_stid, date, amount, text)"
    " VALUES (99, 1, 4, '2026-02-03', 0, '')",
    "a voucher without lines": f"INSERT INTO vouchers ({COLUMNS}) VALUES (9, 'GJ-2026-000003', 1, 2026,"
    " 2, '2026-02-05', '', '', 0, NULL, NULL, 3, '', '', 0, '')",
    "unbalanced": forged(amount=6),
    "a line of another date": forged(line_date="'2026-02-06'"),
    "an amount with a fraction": forged(amount=5.5, other=-5.5),
    "an amount of text": forged(amount="'five'"),
    "an amount of 10**18": forged(amount=10**18, other=-(10**18)),
    "a closed month": forged(date="'2026-01-31'", line_date="'2026-01-31'"),
    "another fiscal year than the date's": forged(
        fiscal_year=2027,
        serial=1,
        series="INSERT INTO number_series (book_stid, fiscal_year, prefix, last) VALUES (1, 2027, 'GJ', 1)",
    ),
    "a place in the chain left out": forged(chain_no=4),
    "a place in the chain taken": forged(chain_no=2),
    "a serial left out": forged(serial=4),
    "a number without its series": forged(series="SELECT 1"),
    "a number taken": forged(number="'GJ-2026-000001'"),
    "replace a voucher by id": forged(id=1, how="INSERT OR REPLACE"),
    "replace a voucher by number": forged(number="'GJ-2026-000001'", how="INSERT OR REPLACE"),
    "replace a voucher on top of its lines": "UPDATE number_series SET last = last + 1;"
    f"INSERT OR REPLACE INTO vouchers ({COLUMNS}) SELECT id, 'GJ-2026-000003', book_stid, fiscal_year, 3,"
    " date, 'forged', reference, closing, reverses_id, key, 3, posted_by, posted_by_name, posted_at, ''"
    " FROM vouchers WHERE id = 1",
    "replace the state": replaced(LedgerState, turnover=0),
    "replace a series": replaced(NumberSeries, last=1),
    "replace a series by another prefix": replaced(NumberSeries, prefix="'X'", last="last + 1"),
    "replace the settings": replaced(BooksSettings, currency="'USD'"),
    "replace a posted account": replaced(Account, "code = '4100'", type="'expense'"),
    "replace a journal book": replaced(JournalBook, "code = 'GJ'", kind="'sales'"),
    "replace the record of months": replaced(MonthChange, changed_by_name="'Nobody'"),
    "an unknown book": forged(book_stid=77, series="SELECT 1"),
    "set the count back": "UPDATE ledger_state SET count = 1, head = 'x'",
    "set another head": "UPDATE ledger_state SET head = 'x'",
    "set the turnover back": "UPDATE ledger_state SET turnover = 0",
    "set the ids back": "UPDATE ledger_state SET last_voucher_id = 0",
    "forget the state": "DELETE FROM ledger_state",
    "a second state": "INSERT INTO ledger_state SELECT 2, 0, 'x', 0, 0, 0",
    "set a series back": "UPDATE number_series SET last = 0",
    "skip a number": "UPDATE number_series SET last = last + 2",
    "change a prefix": "UPDATE number_series SET prefix = 'X', last = last + 1",
    "forget a series": "DELETE FROM number_series",
    "open a closed month": "UPDATE months SET state = 'open'",
    "forget a closed month": "DELETE FROM months",
    "replace a closed month": "INSERT OR REPLACE INTO months (month, state) VALUES (202601, 'open')",
    "change the record of months": "UPDATE month_changes SET changed_by_name = 'Nobody'",
    "forget the record of months": "DELETE FROM month_changes",
    "change an account's stid": "UPDATE accounts SET stid = 999 WHERE code = '6700'",
    "change a book's stid": "UPDATE journal_books SET stid = 999 WHERE code = 'SJ'",
    "turn income into expense": "UPDATE accounts SET type = 'expense' WHERE code = '4100'",
    "an unknown type": "UPDATE accounts SET type = 'wealth' WHERE code = '6900'",
    "make a posted account a group": "UPDATE accounts SET is_group = 1 WHERE code = '4100'",
    "delete a posted account": "DELETE FROM accounts WHERE code = '4100'",
    "change the currency": "UPDATE settings SET currency = 'USD'",
    "change the decimals": "UPDATE settings SET decimals = 0",
    "change the fiscal year": "UPDATE settings SET fiscal_start_month = 4",
    "forget the settings": "DELETE FROM settings",
    "a negative balance": "UPDATE balances SET debit = -1",
}


@pytest.mark.parametrize("statements", REFUSED.values(), ids=REFUSED.keys())
def test_sql_against_the_rules_is_refused(acme: None, statements: str) -> None:
    """Each statement fails in its transaction, and the books stay as they were."""
    before = everything()
    with pytest.raises(IntegrityError):
        run(statements)
    assert everything() == before


def test_what_posting_writes_is_let_through(acme: None) -> None:
    """The same statements without a fault pass, so that the cases above are refused for their fault."""
    with pytest.raises(Undo):
        run(forged(), undo=True)


@pytest.mark.parametrize(
    "act",
    [
        lambda: Voucher.update(text="x").execute(),
        lambda: Voucher.delete().execute(),
        lambda: Voucher.get_by_id(1).delete_instance(recursive=True),
        lambda: Voucher.get_by_id(1).save(),
        lambda: Line.update(amount=0).execute(),
        lambda: Line.delete().where(Line.voucher == 1).execute(),
        lambda: Month.delete().execute(),
        lambda: BooksSettings.replace(name="X", currency="USD", decimals=0).execute(),
        lambda: Account.delete().where(Account.code == "4100").execute(),
    ],
)
def test_peewee_is_refused_as_well(acme: None, act: object) -> None:
    """The models offer no way round."""
    before = everything()
    with pytest.raises(IntegrityError):
        act()  # type: ignore[operator]
    assert everything() == before


def test_drafts_are_free(acme: None) -> None:
    """No trigger holds what isn't posted."""
    assert not rows(
        "SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?",
        Draft._meta.table_name,
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE vouchers SET text = 'x'",
        "DELETE FROM vouchers",
        "UPDATE lines SET text = 'x'",
        "DELETE FROM lines",
    ],
)
def test_the_refusal_says_what_to_do_instead(acme: None, statement: str) -> None:
    """Whoever tries reads that a posted voucher is reversed, not changed."""
    with pytest.raises(IntegrityError, match="reverse it"):
        run(statement)


def test_a_closed_fiscal_year_is_locked_in_the_database(shared: Router) -> None:
    """Nothing is put into it but what closes and opens it; once it is open again, all is."""
    with books(shared, "closing"):
        post_sale("2026-02-03")
        close_year(2026, by=BY)
        third = forged(number="'GJ-2026-000003'", serial=3, chain_no=3)
        with pytest.raises(IntegrityError, match="closed fiscal year"):
            run(third)
        reopen_year(2026, by=BY, reason="Late bill")
        with pytest.raises(Undo):
            run(forged(number="'GJ-2026-000004'", serial=4, chain_no=4), undo=True)


@pytest.mark.parametrize("start", range(1, 13))
def test_the_database_knows_the_fiscal_year_of_every_date(shared: Router, start: int) -> None:
    """First and last days of months, a leap day among them, post whichever month years start in."""
    dates = ["2023-12-31", "2024-02-29", "2024-03-01"]
    dates += [f"2024-{month:02d}-{day}" for month in range(1, 13) for day in ("01", "28")]
    with books(shared, f"start-{start}", fiscal_start_month=start):
        for date in dates:
            post_sale(date)
        years = rows("SELECT count(*), min(fiscal_year), max(fiscal_year) FROM vouchers")
        assert years == [(len(dates), 2023 + (start > 1), 2024 + (start > 1))]
