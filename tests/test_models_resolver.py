"""A page of references costs one query per register, however many rows it has."""

from __future__ import annotations

import pytest

from models.registers import REGISTER_MODELS, Customer, Product
from models.resolver import resolve
from models.seals import SEAL_MODELS
from tenants import current_store


@pytest.fixture
def registers(router):
    """An entry of a company that has registers and nothing else."""
    router.create("acme", models=[*REGISTER_MODELS, *SEAL_MODELS["registers"]])
    with router.using("acme"):
        yield


def test_names_are_resolved_with_one_query_per_register(registers):
    """Three hundred references to two registers are two queries."""
    for number in range(100):
        Customer.add(code=f"C{number}", name=f"Customer {number}")
        Product.add(code=f"P{number}", name=f"Product {number}", local_name="สินค้า")
    asked = []
    database = current_store("registers").database.connection()
    database.set_trace_callback(asked.append)
    references = [("customer", n % 100 + 1) for n in range(200)]
    references += [("product", n + 1) for n in range(100)]
    shown = resolve(references)
    database.set_trace_callback(None)
    assert len([sql for sql in asked if sql.startswith("SELECT")]) == 2
    assert len(shown) == 200
    assert shown["customer", 5].name == "Customer 4"
    assert shown["product", 5].local_name == "สินค้า"


def test_what_nothing_answers_to_is_left_out(registers):
    """Unknown stids and kinds are absent, and are no error; nothing asked is nothing answered."""
    stid = Customer.add(code="C", name="C").stid
    assert set(resolve([("customer", stid), ("customer", 99), ("ghost", 1)])) == {
        ("customer", stid)
    }
    assert resolve([]) == {}
