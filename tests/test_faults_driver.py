"""The driver on apsw is like pysqlite3 as far as our code goes: parts of the ordinary suite pass on it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent

#: What opens, writes, undoes and posts, and what is told of errors.
PARTS = (
    "test_tenants_sqlite.py",
    "test_tenants_transactions.py",
    "test_tenants_lost.py",
    "test_tenants_faults.py",
    "test_tenants_migrations.py",
    "test_models_posting.py",
)


def run(*arguments: str, code: str = "") -> subprocess.CompletedProcess[str]:
    """Run Python on the tests' folder."""
    command = [sys.executable, *(("-c", code) if code else ()), *arguments]
    return subprocess.run(command, cwd=TESTS, capture_output=True, text=True, timeout=300)


def test_the_ordinary_suite_passes_on_it() -> None:
    """… with one SQLite in the process: pysqlite3's isn't loaded at all. It is about disks, so memory is left out."""
    done = run("-m", "faults.suite", "-q", "-k", "not memory", *PARTS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_it_comes_before_peewee_or_not_at_all() -> None:
    """Two SQLite libraries in one process drop each other's locks, so it refuses to be the second."""
    done = run(code="import peewee; from faults import driver; driver.install()")
    assert "before Peewee or pysqlite3 is imported" in done.stderr


NO_OTHER = """
from faults import driver
driver.install()
import peewee, tenants.sqlite
assert tenants.sqlite.driver is peewee.sqlite3 is driver
with open("/proc/self/maps") as file:
    print("pysqlite3" in file.read())
"""


def test_no_other_sqlite_is_in_its_process() -> None:
    """Peewee takes ours up by itself, and the files of pysqlite3 aren't even mapped."""
    done = run(code=NO_OTHER)
    assert (done.stdout, done.stderr) == ("False\n", "")


SWALLOWED = """
import apsw
from faults import driver, driver_connection
from faults.disk import WatchedVFS, Watcher
driver.install()

class Failing(Watcher):
    call = ""
    def ask(self, call, path):
        return 5 if call == self.call else 0

watcher = Failing("{folder}")
vfs = WatchedVFS("failing", watcher)
driver_connection.vfs = "failing"
connection = driver.connect("{folder}/one.db", isolation_level=None)
connection.execute("PRAGMA journal_mode = WAL")
connection.execute("CREATE TABLE t (a)")
connection.execute("PRAGMA wal_autocheckpoint = 1")
watcher.call = "truncate"
connection.execute("INSERT INTO t VALUES (1)")
assert connection.execute("SELECT a FROM t").fetchall() == [(1,)]
watcher.call = "sync"
try:
    connection.execute("INSERT INTO t VALUES (2)")
except driver.OperationalError as error:
    print(error.sqlite_errorname, error.sqlite_errorcode, connection.in_transaction)
watcher.call = "write"
try:
    connection.execute("INSERT INTO t VALUES (2)")
except driver.OperationalError as error:
    print(error.sqlite_errorname, error.sqlite_errorcode, connection.in_transaction)
watcher.call = "delete"
connection.close()
"""


def test_only_what_sqlite_tells_is_told(tmp_path: Path) -> None:
    """A call succeeds for which a failure of the file system has no consequence: a checkpoint after the commit, say."""
    done = run(code=SWALLOWED.format(folder=tmp_path))
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["SQLITE_IOERR 10 False"] * 2
