"""The steps of a tenant's life, each of which is possible from where it stands or refused."""

from __future__ import annotations

import threading

import pytest

from notes import Note
from tenants import LockTimeout, Router, UnknownTenant


def test_maintenance_has_the_stores_alone(router: Router) -> None:
    """Its thread gets a connection; another maintainer waits, and gives up when its patience ends."""
    acme = router.create("acme", models=[Note])
    other: list[BaseException] = []

    def maintain() -> None:
        try:
            with router.maintaining("acme", patience=0.05):
                pass
        except LockTimeout as error:
            other.append(error)

    with router.maintaining("acme") as tenant:
        assert tenant is acme
        with acme.store("books").get_connection() as connection:
            assert connection.execute("SELECT count(*) FROM note").fetchone() == (0,)
        thread = threading.Thread(target=maintain)
        thread.start()
        thread.join()
    assert "acme was in use for" in str(other[0])
    with router.maintaining(acme, patience=0.05):
        pass


def test_maintenance_of_an_unknown_tenant(router: Router) -> None:
    """It says so."""
    with pytest.raises(UnknownTenant), router.maintaining("acme"):
        pass
