"""What a company's books say of themselves: one row that people set, and one that posting keeps."""

from __future__ import annotations

from peewee import BigIntegerField, CharField, Check, ForeignKeyField, IntegerField

from models.accounts import Account
from models.seals import SealedModel
from tenants import RoutedModel

GENESIS = "0" * 64
"""What stands for the hash before the first voucher's."""

TURNOVER_LIMIT = 4 * 10**18
"""Minor units of all debits ever posted in a company: whatever is summed up then fits 64 bits."""

ERAS = ("buddhist", "common")


class BooksSettings(SealedModel):
    """The company as its own books know it, so that they can be read without the catalogue.

    Attributes:
        currency: ISO 4217 code; fixed once something is posted, and so are ``decimals``.
        decimals: digits of the minor unit in which amounts are kept.
        fiscal_start_month: 1 to 12; a fiscal year is named by the year CE in which it ends.
        era: in which years voucher numbers are written, one of ERAS.
        retained_earnings: where the result goes when a year is closed.
        rounding: where imports put what a voucher lacks to zero.
    """

    id = IntegerField(primary_key=True, default=1, constraints=[Check("id = 1")])
    name = CharField()
    local_name = CharField(default="")
    currency = CharField()
    decimals = IntegerField(constraints=[Check("decimals BETWEEN 0 AND 6")])
    fiscal_start_month = IntegerField(constraints=[Check("fiscal_start_month BETWEEN 1 AND 12")])
    era = CharField(default="common", constraints=[Check(f"era IN {ERAS}")])
    retained_earnings_stid: int | None
    retained_earnings = ForeignKeyField(Account, null=True, column_name="retained_earnings_stid")
    rounding_stid: int | None
    rounding = ForeignKeyField(Account, null=True, column_name="rounding_stid", backref="rounds")

    class Meta:
        store = "books"
        table_name = "settings"


class LedgerState(RoutedModel):
    """Where the ledger stands; changed by every posting, in its transaction.

    Attributes:
        count: vouchers posted, which is the last one's ``chain_no``.
        head: the last one's ``chain_hash``, GENESIS before the first.
        turnover: minor units of all debits ever posted, kept under TURNOVER_LIMIT.
        last_voucher_id: drafts and vouchers draw from one series of ids, none of which comes back.
        closed_year: the last fiscal year that is closed; nothing posts into it or before it. 0 if none.
    """

    id = IntegerField(primary_key=True, default=1, constraints=[Check("id = 1")])
    count = BigIntegerField(default=0)
    head = CharField(default=GENESIS)
    turnover = BigIntegerField(
        default=0, constraints=[Check(f"turnover BETWEEN 0 AND {TURNOVER_LIMIT}")]
    )
    last_voucher_id = BigIntegerField(default=0)
    closed_year = IntegerField(default=0)

    class Meta:
        store = "books"
        table_name = "ledger_state"


def books_settings() -> BooksSettings:
    """Return the current company's settings."""
    return BooksSettings.get_by_id(1)
