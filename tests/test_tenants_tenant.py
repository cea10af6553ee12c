"""Ids and slugs: what may name a tenant, and nothing else becomes one."""

from __future__ import annotations

import pytest

from notes import Note
from tenants import BadSlug, Router, SlugTaken, TenantError, UnknownTenant
from tenants.tenant import is_id, new_id, require_slug

BAD_SLUGS = [
    "", " ", "../x", "x/../../y", "/etc/passwd", "a" * 64, "a" * 300, "-a", "a-", "A", "aCme", "a_b", "a.b", "a b",
    "acme\n", "acme\0", "аcme", "ａcme", "ban-suân", "บ้านสวน", "a\u200bb", "file:x?mode=memory", ":memory:", "a%2fb",
    "con", "nul", "com1", "lpt9", "universal", "new", "\ud800", None, 7, b"acme",
]  # fmt: skip


@pytest.mark.parametrize("slug", BAD_SLUGS)
def test_what_is_no_slug(router: Router, slug: str) -> None:
    """It makes no tenant and no file, names none, and the error says what a slug looks like."""
    before = sorted(router.folder.rglob("*"))
    with pytest.raises(BadSlug, match="can't be a slug"):
        router.create(slug, models=[Note])
    with pytest.raises(UnknownTenant):
        router.tenant(slug)
    with pytest.raises(UnknownTenant):
        router.enter_here(slug)
    assert sorted(router.folder.rglob("*")) == before


@pytest.mark.parametrize("slug", ["a", "7", "acme", "baan-suan", "a--b", "a" * 63, "x" * 25])
def test_what_is_a_slug(slug: str) -> None:
    """1 to 63 letters, digits and inner hyphens."""
    assert require_slug(slug) == slug


def test_no_slug_looks_like_an_id(router: Router) -> None:
    """Else a tenant could take another's id for its slug, and be found in its place."""
    victim = router.create("acme", models=[Note])
    for slug in (victim.id, new_id()):
        with pytest.raises(BadSlug):
            router.create(slug, models=[Note])
    assert router.tenant(victim.id) is victim


def test_ids_are_opaque_and_never_the_same() -> None:
    """26 characters of lower-case base32: 128 random bits."""
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(map(is_id, ids))


def test_a_store_that_isnt_there(router: Router) -> None:
    """The error names the tenant and the stores that it has."""
    tenant = router.create("acme", models=[Note])
    with pytest.raises(TenantError, match="acme has no 'registers' store; it has books"):
        tenant.store("registers")


def test_a_slug_is_one_tenants(router: Router) -> None:
    """The second to want it is told so."""
    router.create("acme")
    with pytest.raises(SlugTaken, match="acme"):
        router.create("acme")
