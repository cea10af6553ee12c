"""Journal books: general, sales, purchases, receipts, payments; each numbers its vouchers itself."""

from __future__ import annotations

from typing import Any

from peewee import BooleanField, CharField, Check, IntegrityError

from models.actors import Actor
from models.errors import BadInput, Conflict, NotFound
from models.registers import StaticIdField
from models.seals import SealedModel
from models.texts import clean_line
from tenants import current_store

KINDS = ("general", "sales", "purchases", "receipts", "payments")
VAT_KINDS = ("none", "input", "output")


class JournalBook(SealedModel):
    """One journal book.

    Attributes:
        stid: set once, never changed, never given again; vouchers refer to it.
        code: what its voucher numbers begin with; unique, may change. Vouchers keep the number they got,
            and a fiscal year's series keeps the code with which it began.
        kind: one of KINDS.
        vat: which VAT its vouchers hold, one of VAT_KINDS.
    """

    stid = StaticIdField()
    code = CharField(unique=True)
    name = CharField()
    local_name = CharField(default="")
    kind = CharField(constraints=[Check(f"kind IN {KINDS}")])
    vat = CharField(default="none", constraints=[Check(f"vat IN {VAT_KINDS}")])
    active = BooleanField(default=True)

    class Meta:
        store = "books"
        table_name = "journal_books"


def add_book(
    code: str, name: str, kind: str, *, by: Actor, local_name: str = "", vat: str = "none"
) -> JournalBook:
    """Add a journal book and return it. Raises NotAllowed, BadInput, Conflict if the code is taken."""
    by.demand("ledger", "add")
    given = {"code": code, "name": name, "kind": kind, "local_name": local_name, "vat": vat}
    values = _cleaned(given)

    def write() -> JournalBook:
        book = JournalBook(**values)
        _save(book, force_insert=True)
        return book

    return current_store("books").write(write)


def change_book(stid: int, /, *, by: Actor, **values: Any) -> JournalBook:
    """Change the named fields of a book. Raises NotAllowed, NotFound, BadInput, Conflict."""
    by.demand("ledger", "edit")
    cleaned = _cleaned(values)

    def write() -> JournalBook:
        book = get_book(stid)
        for field, value in cleaned.items():
            setattr(book, field, value)
        _save(book)
        return book

    return current_store("books").write(write)


def delete_book(stid: int, *, by: Actor) -> None:
    """Delete a book that holds no voucher; Conflict where it holds one."""
    by.demand("ledger", "delete")

    def write() -> None:
        book = get_book(stid)
        try:
            book.delete_instance()
        except IntegrityError as error:
            raise Conflict(
                "Book %(code)s holds vouchers and can't be deleted; make it inactive instead.",
                code=book.code,
            ) from error

    current_store("books").write(write)


def get_book(stid: int) -> JournalBook:
    """Return the book of that stid; NotFound if there is none."""
    book = JournalBook.get_or_none(JournalBook.stid == stid) if 0 < stid < 2**63 else None
    if book is None:
        raise NotFound("There is no journal book with the id %(stid)s.", stid=stid)
    return book


def find_book(code: str) -> JournalBook:
    """Return the book of that code; NotFound if there is none."""
    book = JournalBook.get_or_none(JournalBook.code == code)
    if book is None:
        raise NotFound("There is no journal book %(code)s.", code=code)
    return book


def list_books(*, inactive: bool = False) -> list[JournalBook]:
    """Return the active books, or all of them, oldest first."""
    books = JournalBook.select().order_by(JournalBook.stid)
    return list(books if inactive else books.where(JournalBook.active))


def _cleaned(values: dict[str, Any]) -> dict[str, Any]:
    cleaned: dict[str, Any] = {}
    for field, value in values.items():
        if field in ("code", "name"):
            longest = 20 if field == "code" else 200
            cleaned[field] = clean_line(value, field, longest=longest, required=True)
        elif field == "local_name":
            cleaned[field] = clean_line(value, field, longest=200)
        elif field == "active":
            cleaned[field] = bool(value)
        elif field in ("kind", "vat"):
            cleaned[field] = _choice(value, field, KINDS if field == "kind" else VAT_KINDS)
        else:
            raise BadInput("A journal book has no field %(field)s.", field=field)
    return cleaned


def _choice(value: Any, field: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise BadInput(
            "%(value)s is not possible for %(field)s; choose one of %(choices)s.",
            field=field,
            value=value,
            choices=", ".join(choices),
        )
    return value


def _save(book: JournalBook, **how: Any) -> None:
    # A code whose series another book has begun would give the same number twice.
    begun = current_store("books").execute_sql(
        "SELECT 1 FROM number_series WHERE prefix = ? AND book_stid <> ? LIMIT 1",
        (book.code, book.stid or 0),
    )
    try:
        if begun.fetchone() is not None:
            raise IntegrityError("prefix in use")
        book.save(**how)
    except IntegrityError as error:
        raise Conflict(
            "Code %(code)s is, or was, another book's; choose a free one.", code=book.code
        ) from error
