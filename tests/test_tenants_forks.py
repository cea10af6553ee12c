"""Forked children: SQLite forbids them their parents' connections, and we keep to that."""

from __future__ import annotations

from pathlib import Path

from notes import child

FORK = """
import os, sys, traceback
from notes import Note, texts
from tenants import NoTenant, Router, TenantError
router = Router(sys.argv[1])
for slug in ("acme", "globex"):
    router.create(slug, models=[Note], setup=lambda: Note.create(text=slug))
router.universal.execute_sql("SELECT 1").fetchone()

def forked(check):
    "Run a check in a forked child, and wait for it."
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            check()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    assert os.waitpid(pid, 0)[1] == 0

def between_entries():
    with router.using("acme"):
        assert texts() == ["acme"]
        Note.create(text="child")
    assert [tenant.slug for tenant in router.tenants()] == ["acme", "globex"]
    router.close()

def within_an_entry():
    store = router.tenant("acme").store("books")
    try:
        texts()
    except NoTenant:
        pass
    else:
        raise SystemExit("the parent's entry is live in the child")
    assert list(router.db_dict) == [("universal", None)]
    assert store.lock._depth == store.lock.waiting() == 0
    try:
        with router.using("acme"):
            texts()
    except TenantError as error:
        assert "acme/books was in use as this process was forked" in str(error)
    else:
        raise SystemExit("a file that the parent has open was opened in the child")
    with router.using("globex"):
        assert texts() == ["globex"]

forked(between_entries)
with router.using("acme"):
    assert texts() == ["acme", "child"]
    with router.tenant("acme").store("books").writing():
        Note.create(text="parent")
        forked(within_an_entry)
    Note.create(text="parent again")
with router.using("acme"):
    assert texts() == ["acme", "child", "parent", "parent again"]
    assert router.tenant("acme").store("books").execute_sql("PRAGMA integrity_check").fetchone() == ("ok",)
router.close()
"""


def test_a_fork_shares_no_connection(tmp_path: Path) -> None:
    """A child has none of its parent's entries, locks and connections, and opens no file that the parent has open.

    What was idle is closed before, so that a server forks its workers freely. SQLite keeps the locks of a process in
    memory: a child that opened such a file again would take its parent's locks for its own, and lose commits.
    """
    with child(FORK, tmp_path / "data"):
        pass
