from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cuneifox_site import Site

STATIC = Path(__file__).parent.parent / "cuneifox" / "static"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "data")
    yield site
    site.close()


def kept(site: Site, address: str) -> str:
    response = site.browser().get(address)
    response.close()
    return response.headers.get("Cache-Control", "")


def test_addresses_on_pages_carry_the_files_digest(site: Site) -> None:
    """Every file that a page names may be kept for good: another content is another address."""
    page = site.browser().get("/sign-in").text
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert len(addresses) >= 2
    for address in addresses:
        name, digest = re.fullmatch(r"/static/([\w.]+)\?v=(\w+)", address).groups()  # type: ignore[union-attr]
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest().startswith(digest)
        assert "immutable" in kept(site, address)


@pytest.mark.parametrize("query", ["", "?v=", "?v=000000000000"])
def test_another_digest_is_not_kept(site: Site, query: str) -> None:
    """What comes under no digest or an old one is asked for again."""
    assert "immutable" not in kept(site, "/static/style.css" + query)


@pytest.mark.parametrize(
    "path", ["../config.py", "..%2fconfig.py", "none.css", "%2e%2e/app.py", "/etc/passwd", ""]
)
def test_nothing_else_comes_out_of_the_folder(site: Site, path: str) -> None:
    """Traversal and unknown names are 404."""
    response = site.browser().get(f"/static/{path}?v=x", follow_redirects=True)
    assert response.status_code == 404


@pytest.mark.parametrize("path", ["style.css", "none.css", "../config.py", "../../../../dev/zero"])
def test_asking_for_the_methods_reads_no_file(
    site: Site, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OPTIONS is answered for any name; to take the digest of a name's file, it would have to be one of ours."""
    read: list[Path] = []
    monkeypatch.setattr(Path, "read_bytes", lambda file: read.append(file) or b"")
    response = site.app.test_client().options(f"/static/{path}")
    assert (response.status_code, read) == (200, [])
