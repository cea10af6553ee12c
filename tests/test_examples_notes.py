"""The example application keeps each team's notes apart, with `tenants` and nothing else of ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from examples.notes.app import create_app

ROOT = Path(__file__).parent.parent


def test_notes_stay_with_their_team(tmp_path: Path) -> None:
    """What one team writes, it reads; another team sees none of it, and each has a file of its own."""
    app = create_app(str(tmp_path))
    client = app.test_client()
    for team in ("red", "blue"):
        assert client.post(f"/{team}/", data={"text": f"of {team}"}).status_code == 302
    red, blue = client.get("/red/").text, client.get("/blue/").text
    assert "of red" in red
    assert "of blue" not in red
    assert "of blue" in blue
    assert "of red" not in blue
    assert len(list(tmp_path.glob("tenants/*/books.1.db"))) == 2
    assert list(app.db_dict) == [("universal", None)]
    app.extensions["tenants"].close()


def test_a_name_that_no_team_can_have_is_not_found(tmp_path: Path) -> None:
    """404, and no tenant is made: a slug becomes part of addresses."""
    app = create_app(str(tmp_path))
    client = app.test_client()
    for name in ("favicon.ico", "A%20b", "%2e%2e", "a" * 300):
        assert client.get(f"/{name}/").status_code == 404
    assert not list(tmp_path.glob("tenants/*"))
    app.extensions["tenants"].close()


def test_uses_tenants_alone() -> None:
    """Importing the example brings in neither models nor cuneifox."""
    code = (
        "import sys, examples.notes.app; print(sorted({m.partition('.')[0] for m in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "'tenants'" in done.stdout
    assert "'models'" not in done.stdout
    assert "'cuneifox'" not in done.stdout
