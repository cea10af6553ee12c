"""Register rows keep one number for life, and nothing bad gets into them."""

from __future__ import annotations

import pytest
from peewee import IntegrityError

from models.errors import BadInput, Conflict, NotFound
from models.registers import (
    REGISTER_MODELS,
    REGISTERS,
    Customer,
    Employee,
    Product,
    Supplier,
    protect_registers,
)
from models.seals import SEAL_MODELS
from tenants import current_store


@pytest.fixture
def registers(router):
    """An entry of a company that has registers and nothing else."""
    router.create(
        "acme", models=[*REGISTER_MODELS, *SEAL_MODELS["registers"]], setup=protect_registers
    )
    with router.using("acme"):
        yield


def test_a_row_is_found_by_its_stid(registers):
    """What was added is found by the stid that it was given."""
    added = Customer.add(code="C1", name="Somchai", local_name="สมชาย", tax_id="0-1075-44000-10-8")
    found = Customer.find(added.stid)
    assert (found.code, found.name, found.local_name) == ("C1", "Somchai", "สมชาย")
    assert (found.tax_id, found.country, found.active) == ("0107544000108", "TH", True)


def test_a_stid_is_never_given_again(registers):
    """Also when the newest row is deleted, the next one gets a new number."""
    first = Supplier.add(code="S1", name="One")
    Supplier.delete().where(Supplier.stid == first.stid).execute()
    assert Supplier.add(code="S1", name="Again").stid > first.stid


@pytest.mark.parametrize("kind", sorted(REGISTERS))
def test_the_database_refuses_to_change_a_stid(registers, kind):
    """Whatever goes round the model, the number stays."""
    model = REGISTERS[kind]
    stid = model.add(code="X", name="X").stid
    table = model._meta.table_name
    with pytest.raises(IntegrityError, match="static id"):
        current_store("registers").execute_sql(f"UPDATE {table} SET stid = 99 WHERE stid = {stid}")
    with pytest.raises(BadInput):
        model.change(stid, stid=99)


def test_a_code_may_change_and_the_stid_stays(registers):
    """A code is a name, not an identity."""
    stid = Product.add(code="P1", name="Rice", unit="kg").stid
    changed = Product.change(stid, code="P-001", local_name="ข้าว")
    assert (changed.stid, changed.code, changed.name, changed.unit) == (stid, "P-001", "Rice", "kg")
    assert Product.find(stid).local_name == "ข้าว"


def test_codes_are_unique_within_their_register(registers):
    """Two customers can't share a code, whether added or changed; a supplier may have it too."""
    Customer.add(code="A", name="One")
    other = Customer.add(code="B", name="Two")
    with pytest.raises(Conflict, match="Code A is taken"):
        Customer.add(code=" A ", name="Three")
    with pytest.raises(Conflict, match="Code A is taken"):
        Customer.change(other.stid, code="A")
    assert Customer.find(other.stid).code == "B"
    assert Supplier.add(code="A", name="One").code == "A"


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"code": "A"},
        {"name": "A"},
        {"code": " ", "name": "A"},
        {"code": "A", "name": "A\x00"},
        {"code": "A" * 41, "name": "A"},
        {"code": "A", "name": "A", "tax_id": "0107544000109"},
        {"code": "A", "name": "A", "branch": "1234567"},
        {"code": "A", "name": "A", "country": "Siam"},
        {"code": "A", "name": "A", "shoe_size": "42"},
        {"code": 5, "name": "A"},
    ],
)
def test_bad_values_change_nothing(registers, values):
    """Missing, overlong, unknown and wrong values are refused."""
    with pytest.raises(BadInput):
        Employee.add(**values)
    assert Employee.select().count() == 0


def test_moving_to_thailand_checks_the_tax_id(registers):
    """An id that was fine abroad is checked when the country becomes Thailand."""
    stid = Customer.add(code="A", name="A", country="de", tax_id="DE 1").stid
    with pytest.raises(BadInput, match="13 digits"):
        Customer.change(stid, country="th")
    assert Customer.change(stid, country="TH", tax_id="0107544000108").country == "TH"


@pytest.mark.parametrize("stid", [0, -1, 5, 2**70])
def test_unknown_rows_are_not_found(registers, stid):
    """No number, however odd, is more than not found."""
    with pytest.raises(NotFound):
        Customer.find(stid)


def test_pages_go_by_code(registers):
    """Pages follow each other without gap or overlap; inactive rows only if asked for."""
    for number in range(7):
        Customer.add(code=f"C{number}", name=f"100%_{number}", active=number != 3)
    first = Customer.page(limit=4)
    then = Customer.page(limit=4, after=first[-1].code)
    assert [row.code for row in first + then] == ["C0", "C1", "C2", "C4", "C5", "C6"]
    assert len(Customer.page(inactive=True)) == 7
    assert [row.code for row in Customer.page(text="%_5")] == ["C5"]
    assert Customer.page(text="__") == []


def test_affiliates_share_registers_and_nobody_else_sees_them(router):
    """Who shares a registers store sees the same rows under the same stids; a stranger none."""
    router.create(
        "acme", models=[*REGISTER_MODELS, *SEAL_MODELS["registers"]], setup=protect_registers
    )
    router.create(
        "sister", models=[*REGISTER_MODELS, *SEAL_MODELS["registers"]], share={"registers": "acme"}
    )
    router.create("stranger", models=[*REGISTER_MODELS, *SEAL_MODELS["registers"]])
    with router.using("acme"):
        stid = Customer.add(code="C1", name="Somchai").stid
    with router.using("sister"):
        assert Customer.find(stid).name == "Somchai"
    with router.using("stranger"), pytest.raises(NotFound):
        Customer.find(stid)
