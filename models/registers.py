"""Registers: who is traded with, what is traded, who works here.

They live in a store of their own, which affiliated companies may share. Other stores refer to a row
by its static id (``stid``), which is given once, never changed and never given again; its ``code``
is what people use, unique within its register and free to change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self

from peewee import SQL, AutoField, BooleanField, CharField, IntegrityError, NodeList, TextField

from models.errors import BadInput, Conflict, NotFound
from models.seals import SealedModel
from models.taxids import clean_branch, clean_tax_id
from models.texts import clean_line, clean_text
from tenants import current_store

STORE = "registers"
HOME = "TH"
"""The country of parties that name none."""


class StaticIdField(AutoField):
    """A primary key whose numbers are never given a second time, even when the last row is gone."""

    is_static = True

    def ddl(self, ctx: Any) -> Any:
        """SQLite gives the highest number again unless told otherwise; PostgreSQL never does."""
        column = super().ddl(ctx)
        reuses = self.ddl_datatype(ctx).sql == "INTEGER"
        return NodeList((column, SQL("AUTOINCREMENT"))) if reuses else column


class Register(SealedModel):
    """What all registers have in common; not a table itself."""

    kind: ClassVar[str]
    module: ClassVar[str]
    """The module whose rights cover this register."""

    stid = StaticIdField()
    code = CharField(unique=True)
    name = CharField()
    local_name = CharField(default="")
    active = BooleanField(default=True)

    class Meta:
        store = STORE

    @classmethod
    def add(cls, **values: Any) -> Self:
        """Store a new row and return it, with its stid.

        Raises BadInput for bad values and Conflict if the code is taken.
        """
        given = {"code": None, "name": None} | values
        row = cls(**cls._cleaned(given, given.get("country", HOME)))
        with current_store(STORE).writing():
            row._write(force_insert=True)
        return row

    @classmethod
    def find(cls, stid: int, /) -> Self:
        """Return the row of that stid; NotFound if there is none."""
        row = cls.get_or_none(cls.stid == stid) if 0 < stid < 2**63 else None
        if row is None:
            raise NotFound("There is no %(kind)s %(stid)s.", kind=cls.kind, stid=stid)
        return row

    @classmethod
    def change(cls, stid: int, /, **values: Any) -> Self:
        """Change the named fields of a row and return it; its stid stays what it is.

        Raises NotFound, BadInput for bad values, and Conflict if the new code is taken.
        """
        with current_store(STORE).writing():
            row = cls.find(stid)
            country = values.get("country", getattr(row, "country", HOME))
            if "country" in values and isinstance(row, Party):
                values = {"tax_id": row.tax_id, "branch": row.branch} | values
            for field, value in cls._cleaned(values, country).items():
                setattr(row, field, value)
            row._write()
        return row

    @classmethod
    def page(
        cls, *, after: str = "", limit: int = 50, text: str = "", inactive: bool = False
    ) -> list[Self]:
        """Return up to ``limit`` rows by code, from the first whose code is greater than ``after``.

        ``text`` keeps those whose code or either name contains it; inactive rows only if asked for.
        """
        rows = cls.select().where(cls.code > after).order_by(cls.code).limit(limit)
        if not inactive:
            rows = rows.where(cls.active)
        if text:
            rows = rows.where(
                cls.code.contains(text) | cls.name.contains(text) | cls.local_name.contains(text)
            )
        return list(rows)

    @classmethod
    def _cleaned(cls, values: dict[str, Any], country: Any) -> dict[str, Any]:
        unknown = values.keys() - (cls._meta.fields.keys() - {"stid"})
        if unknown:
            raise BadInput("A %(kind)s has no field %(field)s.", kind=cls.kind, field=min(unknown))
        country = _country(country, "")
        return {field: _CLEAN[field](value, country) for field, value in values.items()}

    def _write(self, **how: Any) -> None:
        try:
            self.save(**how)
        except IntegrityError as error:
            raise Conflict(
                "Code %(code)s is taken by another %(kind)s; choose a free one.",
                code=self.code,
                kind=self.kind,
            ) from error


class Party(Register):
    """What customers, suppliers and employees have in common; not a table itself."""

    country = CharField(default=HOME)
    tax_id = CharField(default="", index=True)
    branch = CharField(default="")
    address = TextField(default="")
    phone = CharField(default="")
    email = CharField(default="")

    class Meta:
        store = STORE


class Customer(Party):
    """Who buys."""

    kind = "customer"
    module = "receivables"

    class Meta:
        store = STORE


class Supplier(Party):
    """Who is bought from."""

    kind = "supplier"
    module = "receivables"

    class Meta:
        store = STORE


class Employee(Party):
    """Who works here."""

    kind = "employee"
    module = "wages"

    class Meta:
        store = STORE


class Product(Register):
    """What is bought and sold, goods and services."""

    kind = "product"
    module = "inventory"

    unit = CharField(default="")

    class Meta:
        store = STORE


REGISTERS: dict[str, type[Register]] = {
    model.kind: model for model in (Customer, Supplier, Product, Employee)
}
"""Every register by its kind, the word that a reference carries beside the stid."""

REGISTER_MODELS: list[type[Register]] = list(REGISTERS.values())


def protect_registers() -> None:
    """Make the database itself refuse to change a stid; runs once, after the tables are made."""
    store = current_store(STORE)
    for statement in register_triggers():
        store.execute_sql(statement)


def register_triggers() -> list[str]:
    """Return the statements that make the registers' triggers."""
    return [
        f"CREATE TRIGGER {table}_stid_is_static BEFORE UPDATE OF stid ON {table} "
        "WHEN NEW.stid <> OLD.stid "
        "BEGIN SELECT RAISE(ABORT, 'a static id never changes'); END"
        for table in (model._meta.table_name for model in REGISTER_MODELS)
    ]


def _line(field: str, longest: int, required: bool = False) -> Callable[[Any, str], str]:
    return lambda value, _: clean_line(value, field, longest=longest, required=required)


def _country(value: Any, _: str) -> str:
    code = clean_line(value, "country", longest=2, required=True).upper()
    if len(code) != 2 or not (code.isascii() and code.isalpha()):
        raise BadInput(
            "%(text)s is not a country's two-letter code; write it like TH.",
            field="country",
            text=code,
        )
    return code


_CLEAN: dict[str, Callable[[Any, str], Any]] = {
    "code": _line("code", 40, required=True),
    "name": _line("name", 200, required=True),
    "local_name": _line("local_name", 200),
    "active": lambda value, _: bool(value),
    "country": _country,
    "tax_id": clean_tax_id,
    "branch": clean_branch,
    "address": lambda value, _: clean_text(value, "address", longest=1000),
    "phone": _line("phone", 60),
    "email": _line("email", 254),
    "unit": _line("unit", 40),
}
