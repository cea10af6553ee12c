"""An offered file is hostile until shown otherwise: its rows are taken, and nothing else of it."""

from __future__ import annotations

import os
import random
import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from notes import Child
from offered_files import Desk, changing, rows_of
from prepared_files import prepared_copy
from tenants import RefusedFile, Router, TenantError, sqlite
from tenants.confined import Limits, Pattern, copy_rows, copying, pattern_of, running
from tenants.confined.offered import Offered, Refused
from tenants.confined.pattern import quoted

SMALL = Limits(
    offered_bytes=4 << 20, unpacked_bytes=1 << 20, written_bytes=4 << 20, memory_bytes=1 << 30,
    cpu_seconds=20, seconds=30.0,
)  # fmt: skip


@pytest.fixture
def desk(router: Router, tmp_path: Path) -> Iterator[Desk]:
    """A place where files are offered."""
    folder = tmp_path / "desk"
    folder.mkdir()
    desk = Desk(router, folder)
    before = (folder / "offered.db").exists()
    assert not before
    yield desk
    left = sorted(path.name for path in desk.target.parent.iterdir())
    assert left in ([], ["target.db"]), "what a copy leaves is the target or nothing"


def test_rows_are_copied_into_our_schema(desk: Desk) -> None:
    """All values and keys are there, our triggers and indexes hold from then on, and the file is sound."""
    offered = desk.offer()
    before = offered.read_bytes()
    report = copy_rows(offered, desk.pattern, desk.target, SMALL)
    assert report.rows == {"note": 3, "remark": 3}
    assert (report.left_out, report.odd, report.unpacked) == ([], {}, False)
    for query in ("SELECT * FROM note", "SELECT * FROM remark"):
        assert rows_of(desk.target, query) == rows_of(offered, query)
    names = "SELECT name FROM sqlite_schema WHERE type IN ('index', 'trigger') ORDER BY name"
    wanted = ["note_id", "remark_isnt_added", "remark_note_id", "remark_stays", "remark_text"]
    assert {name for (name,) in rows_of(desk.target, names)} >= set(wanted) - {"note_id"}
    with pytest.raises(sqlite.driver.IntegrityError, match="it stays"):
        rows_of(desk.target, "UPDATE remark SET stars = 1")
    assert offered.read_bytes() == before


def test_the_result_is_a_store_of_ours(desk: Desk) -> None:
    """It can be put in the place of a store, and be worked with."""
    desk.offer()
    work = desk.router.folder / "restoring" / "work"
    work.mkdir()
    copy_rows(desk.folder / "offered.db", desk.pattern, work / "books.db", SMALL)
    desk.router.replace("blank", {"books": str(work / "books.db")}, "offered")
    with desk.router.using("blank"):
        query = desk.books("blank").execute_sql
        assert query("SELECT count(*) FROM remark").fetchone() == (3,)


def test_the_process_can_do_nothing_else(desk: Desk) -> None:
    """On this kernel each means that we know is in force, and the report tells so."""
    report = copy_rows(desk.offer(), desk.pattern, desk.target, SMALL)
    assert report.held == [
        "limits of memory, time and sizes",
        "ends with the process that started it",
        "no new privileges",
        "no other files (Landlock)",
        "no network and no other processes (seccomp)",
    ]


@pytest.fixture
def unconfined(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the tests' own process do what the confined one does, so that hundreds of files can be tried."""
    monkeypatch.setattr(copying, "confine", lambda *_: [])


def take(offered: Path, pattern: Pattern, target: Path) -> copying.Answer:
    """Do in this process what the confined one does. Where the file is refused, there is no target then."""
    answer = copying.run(copying.Job(str(offered), str(target), pattern, SMALL))
    if answer.refused:
        target.unlink(missing_ok=True)
    return answer


#: Tried in a confined process: each must fail.
ESCAPES = {
    "read a file": "open('/etc/passwd').read()",
    "read a neighbour of the file": "open(offered + '.neighbour').read()",
    "write the offered file": "open(offered, 'r+b')",
    "write beside the folder": "open(folder + '/../escaped', 'w')",
    "list the root": "os.listdir('/')",
    "open a socket": "socket.socket()",
    "open a unix socket": "socket.socket(socket.AF_UNIX)",
    "a datagram": "socket.socket(type=socket.SOCK_DGRAM)",
    "a raw pair": "socket.socketpair()",
    "run a program": "os.execv('/bin/true', ['true'])",
    "fork": "os.fork()",
    "spawn": "os.posix_spawn('/bin/true', ['true'], {})",
    "a thread": "threading.Thread(target=print).start()",
    "signal its parent": "os.kill(os.getppid(), 0)",
    "more memory": "bytes(1 << 30)",
    "a larger file": "open(folder + '/large', 'wb').write(bytes(5 << 20))",
    "raise its limits": "resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40)); os.kill(os.getppid(), 0)",
    "many files": "[open(offered) for _ in range(40)]",
}


@pytest.fixture(scope="module")
def escapes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What came of each escape, tried after another process was confined as the copying one is."""
    folder = tmp_path_factory.mktemp("cage")
    offered, work = folder / "offered", folder / "work"
    work.mkdir()
    for path in (offered, folder / "offered.neighbour"):
        path.write_text("rows")
    code = (
        "import os, resource, socket, sys, threading, json, subprocess\n"
        "from tenants.confined.cage import confine; from tenants.confined import Limits\n"
        "offered, folder = sys.argv[1:3]; tries = json.loads(sys.stdin.readline())\n"
        "file = os.open(offered, os.O_RDONLY)\n"
        "confine(Limits(written_bytes=4 << 20, memory_bytes=1 << 30), [file], folder)\n"
        "told = {}\n"
        "for name, code in tries.items():\n"
        "    try: exec(code); told[name] = 'done'\n"
        "    except BaseException as error: told[name] = type(error).__name__\n"
        "assert open('/proc/self/fd/%d' % file).read() == 'rows'\n"
        "open(folder + '/own', 'w').write('rows'); os.unlink(folder + '/own')\n"
        "print(json.dumps(told), flush=True)"
    )
    import json

    child = Child(code, offered, work)
    child.told(json.dumps(ESCAPES))
    told: dict[str, str] = json.loads(child.hears())
    child.process.communicate(timeout=60)
    assert child.process.returncode == 0
    return told


@pytest.mark.parametrize("escape", ESCAPES)
def test_an_escape(escapes: dict[str, str], escape: str) -> None:
    """It is refused to a process that is confined as the one that reads offered files."""
    assert escapes[escape] in (
        "PermissionError",
        "OSError",
        "MemoryError",
        "RuntimeError",
        "ValueError",
    )


# What is left out


def test_what_else_is_in_it_is_left_out_and_told(desk: Desk) -> None:
    """Tables, views, virtual tables and triggers that we don't know never reach the new file, nor are they run."""
    offered = desk.offer(
        """
        CREATE TABLE stowaway (payload BLOB);
        CREATE VIEW everything AS SELECT * FROM note;
        CREATE VIRTUAL TABLE words USING fts5(text);
        CREATE VIRTUAL TABLE boxes USING rtree(id, x, y);
        CREATE TRIGGER bomb AFTER INSERT ON note BEGIN DELETE FROM note; END;
        CREATE TRIGGER lure INSTEAD OF INSERT ON everything BEGIN DELETE FROM note; END;
        CREATE UNIQUE INDEX trap ON note (count);
        ANALYZE;
        """
    )
    report = copy_rows(offered, desk.pattern, desk.target, SMALL)
    assert report.rows == {"note": 3, "remark": 3}
    told = " ".join(report.left_out)
    for name in (
        "'stowaway'",
        "'everything'",
        "'words'",
        "'boxes'",
        "2 triggers of its own making",
    ):
        assert name in told
    found = {name for (name,) in rows_of(desk.target, "SELECT name FROM sqlite_schema")}
    assert not found & {"stowaway", "everything", "words", "boxes", "bomb", "lure", "trap"}


def test_many_and_long_names_are_told_shortly(desk: Desk) -> None:
    """A report isn't as long as somebody likes."""
    script = "".join(f"CREATE TABLE t{n}_{'x' * 500} (a);" for n in range(80))
    report = copy_rows(desk.offer(script), desk.pattern, desk.target, SMALL)
    assert len(report.left_out) == 51
    assert max(map(len, report.left_out)) < 100


# What is refused


REFUSED = {
    "a view by our table's name": (
        "DROP TABLE remark; CREATE VIEW remark AS SELECT id, id AS note_id, text, 1 AS stars FROM note;",
        "is no table of its own",
    ),
    "a recursive view by our table's name": (
        "DROP TABLE remark; CREATE VIEW remark AS WITH RECURSIVE r(id, note_id, text, stars) AS "
        "(SELECT 1, 1, 'x', 1 UNION ALL SELECT id + 1, 1, 'x', 1 FROM r) SELECT * FROM r;",
        "is no table of its own",
    ),
    "a virtual table by our table's name": (
        "DROP TABLE remark; CREATE VIRTUAL TABLE remark USING fts5(id, note_id, text, stars);",
        "is no table of its own",
    ),
    "an r-tree by our table's name": (
        "DROP TABLE remark; CREATE VIRTUAL TABLE remark USING rtree(id, note_id, text);",
        "is no table of its own",
    ),
    "a shadow of a virtual table by our table's name": (
        "DROP TABLE note; CREATE VIRTUAL TABLE no USING fts5(text); ALTER TABLE no_content RENAME TO note;",
        "lacks|may not be|no table",
    ),
    "a virtual generated column": (
        "DROP TABLE remark; CREATE TABLE remark (id INTEGER PRIMARY KEY, note_id INTEGER, text TEXT, "
        "stars INTEGER AS (note_id + 1) VIRTUAL);",
        "has generated or hidden columns",
    ),
    "a stored generated column": (
        "DROP TABLE remark; CREATE TABLE remark (id INTEGER PRIMARY KEY, note_id INTEGER, text TEXT, "
        "stars INTEGER AS (note_id + 1) STORED);",
        "has generated or hidden columns",
    ),
    "a column too many": ("ALTER TABLE note ADD COLUMN extra TEXT;", "also has 'extra'"),
    "a column missing": ("ALTER TABLE note DROP COLUMN count;", "lacks 'count'"),
    "a table missing": ("DROP TABLE remark;", "has no table 'remark'"),
    "another application's": ("PRAGMA application_id = 1;", "another program's"),
    "nobody's": ("PRAGMA application_id = 0;", "another program's"),
    "another version": ("PRAGMA user_version = 9;", "at version 9 of its schema"),
    "an orphan": (
        "PRAGMA foreign_keys = OFF; INSERT INTO remark VALUES (9, 999, 'x', 1);",
        "row 9 of remark in it refers to one of note that isn't there",
    ),
    "doubles where ours are unique": (
        "DROP INDEX remark_text; UPDATE remark SET text = 'same';",
        "UNIQUE constraint failed",
    ),
    "nothing where ours has something": (
        "DROP TABLE remark; CREATE TABLE remark (id INTEGER PRIMARY KEY, note_id INTEGER, text TEXT, stars INTEGER);"
        "INSERT INTO remark VALUES (1, 1, NULL, 1);",
        "NOT NULL constraint failed",
    ),
    "a key that isn't a number": (
        "DROP TABLE remark; CREATE TABLE remark (id TEXT PRIMARY KEY, note_id, text, stars);"
        "INSERT INTO remark VALUES ('one', 1, 'x', 1);",
        "datatype mismatch",
    ),
    "a text that is no text": (
        "UPDATE note SET text = CAST(x'ff00fe' AS TEXT) WHERE id = 1;",
        "Could not decode",
    ),
    "a schema that can't be read": (
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE TABLE note (' WHERE name = 'note';",
        "malformed database schema",
    ),
    "a table that is another's by its sql": (
        "CREATE TABLE other (id, text, count); PRAGMA writable_schema = ON;"
        "UPDATE sqlite_schema SET sql = 'CREATE VIEW note AS SELECT 1 AS id, 2 AS text, 3 AS count' "
        "WHERE name = 'other'; UPDATE sqlite_schema SET sql = 'CREATE TABLE away (id, text, count)' "
        "WHERE name = 'note';",
        "malformed|prohibited|isn't a plain table|has no table|access to",
    ),
    "a virtual table whose row says it is a table": (
        "CREATE VIRTUAL TABLE w USING fts5(id, text, count); PRAGMA writable_schema = ON;"
        "UPDATE sqlite_schema SET sql = 'CREATE TABLE away (id, text, count)' WHERE name = 'note';"
        "UPDATE sqlite_schema SET sql = 'CREATE VIRTUAL TABLE note USING fts5(id, text, count)' WHERE name = 'w';",
        "malformed|prohibited|isn't a plain table|hidden columns|not authorized",
    ),
    "a table that is there twice": (
        "CREATE TABLE other (a); PRAGMA writable_schema = ON;"
        "UPDATE sqlite_schema SET name = 'NOTE', tbl_name = 'NOTE' WHERE name = 'other';",
        "two tables|malformed",
    ),
    "a table that begins nowhere": (
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 9999 WHERE name = 'note';",
        "malformed|invalid rootpage",
    ),
    "a table that begins where the schema does": (
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 1 WHERE name = 'note';",
        "no table of its own|malformed|invalid rootpage",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused(desk: Desk, what: str, unconfined: None) -> None:
    """With the reason; the offered file is as it was."""
    script, said = REFUSED[what]
    offered = desk.offer(script)
    before = offered.read_bytes()
    answer = take(offered, desk.pattern, desk.target)
    assert re.search(said, answer.refused)
    assert offered.read_bytes() == before


def test_a_refusal_reaches_the_caller(desk: Desk) -> None:
    """The error says which file, as what, and why; there is no new file."""
    offered = desk.offer("ALTER TABLE note ADD COLUMN extra TEXT;")
    said = "offered.db isn't taken as books: its table 'note' also has 'extra'"
    with pytest.raises(RefusedFile, match=said):
        copy_rows(offered, desk.pattern, desk.target, SMALL)
    assert not desk.target.exists()


def test_each_of_two_walls_stands_by_itself(desk: Desk) -> None:
    """What isn't a mere walk through a table's own pages isn't run; and SQLite is told to prepare nothing but that."""
    path = desk.offer("CREATE VIEW more AS SELECT id, text, count + 1 AS count FROM note;")
    offered = Offered(str(path), desk.pattern)
    with closing(offered.connection):
        offered.open()
        offered.roots["more"] = offered.roots["note"]  # as if somebody had got past all before
        with pytest.raises(sqlite.driver.DatabaseError, match=r"prohibited|not authorized"):
            offered._walk("more", ["count"])
        offered.connection.set_authorizer(None)
        with pytest.raises(Refused, match="isn't a plain table"):
            offered._walk("more", ["count"])
        assert len(list(offered._walk("note", ["count"]))) == 3


def test_a_table_that_begins_at_anothers_root_gives_rows_or_nothing(desk: Desk) -> None:
    """Two tables of one root: the values are taken as rows, and what our schema says of them holds."""
    offered = desk.offer(
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = "
        "(SELECT rootpage FROM sqlite_schema WHERE name = 'note') WHERE name = 'remark';"
    )
    with pytest.raises(RefusedFile):
        copy_rows(offered, desk.pattern, desk.target, SMALL)


def test_types_are_copied_as_they_are_and_told(desk: Desk) -> None:
    """A column that isn't STRICT holds anything: the report says where there is what isn't declared."""
    offered = desk.offer("UPDATE note SET count = 'many' WHERE id = 1")
    report = copy_rows(offered, desk.pattern, desk.target, SMALL)
    assert report.odd == {"note.count": 1}
    assert rows_of(desk.target, "SELECT count FROM note WHERE id = 1") == [("many",)]


def test_strict_tables_refuse_other_types(desk: Desk, unconfined: None) -> None:
    """Where our schema is STRICT or has a CHECK, it holds while rows are copied."""
    blank = desk.folder / "blank.db"
    sqlite.create(str(blank), ("s" * 26, "o" * 26, "books", 1))
    with changing(blank) as connection:
        connection.executescript(
            "CREATE TABLE money (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL CHECK (amount > 0)) STRICT;"
            "PRAGMA journal_mode = DELETE;"
        )
    pattern = pattern_of(str(blank))
    for value, said in (("'much'", "cannot store TEXT value"), ("-1", "CHECK constraint failed")):
        offered = desk.folder / "loose.db"
        offered.unlink(missing_ok=True)
        with changing(offered) as connection:
            connection.executescript(
                f"PRAGMA application_id = {sqlite.APPLICATION_ID}; CREATE TABLE money (id INTEGER PRIMARY KEY, amount);"
                f"INSERT INTO money VALUES (1, {value});"
            )
        assert said in take(offered, pattern, desk.target).refused


# Numbers that are never given again


@pytest.fixture
def counting(desk: Desk) -> Path:
    """A blank file with a table that counts on."""
    blank = desk.folder / "counting.db"
    sqlite.create(str(blank), ("s" * 26, "o" * 26, "books", 1))
    with changing(blank) as connection:
        connection.executescript(
            "CREATE TABLE person (stid INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT); PRAGMA journal_mode = DELETE;"
        )
    return blank


@pytest.mark.parametrize(
    ("script", "next_one"),
    [
        (
            "INSERT INTO person (name) VALUES ('a'), ('b'), ('c'); DELETE FROM person WHERE stid = 3;",
            4,
        ),
        ("INSERT INTO person (name) VALUES ('a'); DELETE FROM person;", 2),
        ("INSERT INTO person VALUES (7, 'a'); UPDATE sqlite_sequence SET seq = 2;", 8),
        ("INSERT INTO person VALUES (7, 'a'); UPDATE sqlite_sequence SET seq = 'x';", 8),
        ("INSERT INTO person VALUES (7, 'a'); DELETE FROM sqlite_sequence;", 8),
        (
            "INSERT INTO person VALUES (7, 'a'); INSERT INTO sqlite_sequence VALUES ('person', 20);",
            21,
        ),
        (
            "INSERT INTO person VALUES (7, 'a'); INSERT INTO sqlite_sequence VALUES ('other', 99);",
            8,
        ),
    ],
)
def test_numbers_that_were_given_arent_given_again(
    desk: Desk, counting: Path, script: str, next_one: int, unconfined: None
) -> None:
    """A static id of a row that is gone means nobody else in the copy; nonsense in SQLite's own table is passed by."""
    offered = Path(shutil.copy(counting, desk.folder / "offered.db"))
    with changing(offered) as connection:
        connection.executescript(script)
    assert not take(offered, pattern_of(str(counting)), desk.target).refused
    given = "INSERT INTO person (name) VALUES ('next') RETURNING stid"
    assert rows_of(desk.target, given) == [(next_one,)]


def test_numbers_without_an_end(desk: Desk, counting: Path, unconfined: None) -> None:
    """A table that counts on from the highest number would never take another row."""
    offered = Path(shutil.copy(counting, desk.folder / "offered.db"))
    with changing(offered) as connection:
        connection.executescript(
            "INSERT INTO sqlite_sequence VALUES ('person', 9223372036854775807)"
        )
    assert (
        "which leaves no numbers" in take(offered, pattern_of(str(counting)), desk.target).refused
    )


# Files that aren't databases, and databases that aren't whole


def test_what_isnt_a_plain_file(desk: Desk, unconfined: None) -> None:
    """Links, folders, pipes, devices and sockets are neither followed nor waited for; nor is what isn't there."""
    offered = desk.offer()
    link = desk.folder / "link.db"
    link.symlink_to(offered)
    pipe = desk.folder / "pipe.db"
    os.mkfifo(pipe)
    folder = desk.folder / "folder.db"
    folder.mkdir()
    plug = desk.folder / "plug.db"
    here = os.getcwd()
    os.chdir(desk.folder)  # a socket's path may be short only
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind("plug.db")
        os.chdir(here)
        for path in (link, pipe, folder, plug, Path("/dev/zero"), desk.folder / "none.db"):
            refused = take(path, desk.pattern, desk.target).refused
            assert "can't be opened" in refused or "isn't a file" in refused


def test_garbage(desk: Desk, unconfined: None) -> None:
    """Nothing, text, random bytes, an encrypted file, a file cut short, a header alone."""
    whole = desk.offer().read_bytes()
    chance = random.Random(4)
    for content in (
        b"", b"SQLite format 3\x00", b"x" * 5000, chance.randbytes(20_000), whole[:100], whole[: len(whole) // 2],
        whole[:16] + chance.randbytes(len(whole) - 16), b"PK\x03\x04" + chance.randbytes(5000),
    ):  # fmt: skip
        path = desk.folder / "garbage.db"
        path.write_bytes(content)
        assert take(path, desk.pattern, desk.target).refused


@pytest.mark.parametrize("where", [16, 18, 20, 28, 32, 44, 52, 56, 96])
def test_headers_that_lie(desk: Desk, where: int, unconfined: None) -> None:
    """Page sizes, formats, page counts, free lists and encodings that aren't so: rows as they were, or a refusal."""
    offered = desk.offer()
    whole = offered.read_bytes()
    expected = rows_of(offered, "SELECT * FROM note")
    for value in (b"\x00\x00", b"\x00\x01", b"\x02\x00", b"\x10\x00", b"\x7f\xff", b"\xff\xff"):
        offered.write_bytes(whole[:where] + value + whole[where + 2 :])
        if not take(offered, desk.pattern, desk.target).refused:
            assert rows_of(desk.target, "SELECT * FROM note") == expected
            desk.target.unlink()


def test_damaged_pages(desk: Desk, unconfined: None) -> None:
    """With any byte of it changed there is an answer, and what is taken satisfies our schema."""
    whole = desk.offer().read_bytes()
    chance = random.Random(7)
    taken = refused = 0
    for _ in range(300):
        content = bytearray(whole)
        for _ in range(chance.choice((1, 5, 100))):
            content[chance.randrange(100, len(content))] = chance.randrange(256)
        path = desk.folder / "damaged.db"
        path.write_bytes(content)
        if take(path, desk.pattern, desk.target).refused:
            refused += 1
            continue
        taken += 1
        assert rows_of(desk.target, "PRAGMA integrity_check") == [("ok",)]
        assert rows_of(desk.target, "PRAGMA foreign_key_check") == []
        desk.target.unlink()
    assert taken > 10
    assert refused > 10


def test_a_write_ahead_log(desk: Desk) -> None:
    """A file in WAL mode is read without one; with one beside it, which may hold what was committed, it is refused."""
    offered = desk.offer("PRAGMA journal_mode = WAL;")
    assert offered.read_bytes()[18:20] == b"\x02\x02"
    copy_rows(offered, desk.pattern, desk.target, SMALL)
    assert sorted(path.name for path in desk.folder.iterdir()) == ["offered.db", "work"]
    desk.target.unlink()
    for suffix in ("-wal", "-journal"):
        beside = Path(f"{offered}{suffix}")
        beside.write_bytes(b"x" * 100)
        with pytest.raises(RefusedFile, match=f"isn't closed: {suffix[1:]} lies beside it"):
            copy_rows(offered, desk.pattern, desk.target, SMALL)
        beside.unlink()


def test_other_encodings_and_page_sizes(desk: Desk, unconfined: None) -> None:
    """Text comes out as it went in, however the file keeps it; the new file is as ours are."""
    for script in (
        "PRAGMA encoding = 'UTF-16le';",
        "PRAGMA page_size = 512;",
        "PRAGMA page_size = 65536;",
    ):
        offered = desk.folder / "offered.db"
        offered.unlink(missing_ok=True)
        source = desk.offer(name="source.db")
        with changing(source) as old, changing(offered) as connection:
            connection.executescript(script + f"PRAGMA application_id = {sqlite.APPLICATION_ID};")
            for (sql,) in old.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL"):
                connection.execute(sql)
            connection.execute("INSERT INTO note VALUES (1, 'ดินเหนียว', 2)")
        assert not take(offered, desk.pattern, desk.target).refused
        assert rows_of(desk.target, "SELECT * FROM note") == [(1, "ดินเหนียว", 2)]
        assert rows_of(desk.target, "PRAGMA page_size") == [(desk.pattern.page_size,)]
        desk.target.unlink()


# Caps


def test_a_large_file(desk: Desk) -> None:
    """It isn't even opened as a database."""
    path = desk.folder / "large.db"
    path.touch()
    os.truncate(path, SMALL.offered_bytes + 1)
    with pytest.raises(RefusedFile, match="is the most that is read"):
        copy_rows(path, desk.pattern, desk.target, SMALL)


def test_more_than_may_be_written(desk: Desk) -> None:
    """The new file's size has an end."""
    offered = desk.offer("UPDATE note SET text = hex(zeroblob(300000));")
    with pytest.raises(RefusedFile, match="no room for its rows"):
        copy_rows(offered, desk.pattern, desk.target, SMALL._replace(written_bytes=1 << 20))


def test_a_page_that_is_there_a_thousand_times(desk: Desk) -> None:
    """A tree whose branches lead to the same page again and again: time and room have an end, and keys are unique."""
    fill = "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
    offered = desk.offer(f"INSERT INTO note {fill} SELECT i, hex(zeroblob(100)), i FROM n;")
    (root,) = rows_of(offered, "SELECT rootpage FROM sqlite_schema WHERE name = 'note'")[0]
    content = bytearray(offered.read_bytes())
    page = (root - 1) * 4096
    assert content[page] == 5  # branches
    cells = int.from_bytes(content[page + 3 : page + 5], "big")
    first = None
    for cell in range(cells):
        at = page + int.from_bytes(content[page + 12 + 2 * cell : page + 14 + 2 * cell], "big")
        first = first or content[at : at + 4]
        content[at : at + 4] = first
    offered.write_bytes(content)
    with pytest.raises(RefusedFile):
        copy_rows(offered, desk.pattern, desk.target, SMALL)


def test_a_value_that_says_it_is_huge(desk: Desk, unconfined: None) -> None:
    """Two gigabytes by its own account, in a file of a few pages: nobody takes as much memory for it."""
    offered = desk.offer("UPDATE note SET text = hex(zeroblob(4000)) WHERE id = 1;")
    whole = offered.read_bytes()
    size = b"\x81\xbc\x06\x01"  # a row of 8,006 bytes on its page: 24,006 is its text's type … by our own reading
    (root,) = rows_of(offered, "SELECT rootpage FROM sqlite_schema WHERE name = 'note'")[0]
    page = (root - 1) * 4096
    at = page + int.from_bytes(whole[page + 8 : page + 10], "big")
    assert whole[at] == 0xBE, size
    for huge in (b"\x87\xff\xff\xff\x7f", b"\x8f\xff\xff\xff\x7f", b"\xff\xff\xff\xff\x7f"):
        offered.write_bytes(whole[:at] + huge + whole[at + len(huge) :])
        assert take(offered, desk.pattern, desk.target).refused


def test_more_memory_than_there_is(desk: Desk) -> None:
    """A value that doesn't fit ends the process's reading, and not the machine's."""
    offered = desk.offer("UPDATE note SET text = zeroblob(120000000) WHERE id = 1;")
    limits = SMALL._replace(offered_bytes=1 << 30, written_bytes=1 << 30, memory_bytes=350 << 20)
    with pytest.raises(RefusedFile, match=r"memory|ended in the middle"):
        copy_rows(offered, desk.pattern, desk.target, limits)


def test_compressed_files(desk: Desk) -> None:
    """What zstandard has compressed is unpacked in the same process, as far as it is bearable."""
    offered = desk.offer()
    packed = desk.folder / "offered.db.zst"
    packed.write_bytes(zstandard.compress(offered.read_bytes()))
    report = copy_rows(packed, desk.pattern, desk.target, SMALL)
    assert (report.unpacked, report.rows) == (True, {"note": 3, "remark": 3})
    desk.target.unlink()
    packed.write_bytes(zstandard.compress(bytes(1 << 26)))
    assert packed.stat().st_size < 10_000
    with pytest.raises(RefusedFile, match="unpacked it has more than 1048576 bytes"):
        copy_rows(packed, desk.pattern, desk.target, SMALL)
    for content in (packed.read_bytes()[:50], b"\x28\xb5\x2f\xfd" + b"x" * 100):
        packed.write_bytes(content)
        with pytest.raises(RefusedFile):
            copy_rows(packed, desk.pattern, desk.target, SMALL)


def test_a_packed_file_that_wants_memory(desk: Desk) -> None:
    """A frame may ask its reader for two gigabytes; it isn't given them."""
    packed = desk.folder / "offered.db.zst"
    params = zstandard.ZstdCompressionParameters(window_log=30, compression_level=1)
    stream = zstandard.ZstdCompressor(compression_params=params).compressobj()
    packed.write_bytes(stream.compress(b"x" * 1000) + stream.flush())
    with pytest.raises(RefusedFile, match="can't be decompressed"):
        copy_rows(packed, desk.pattern, desk.target, SMALL)


def test_time_has_an_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that takes too long is ended, by the clock or by the processor's time, and the caller told."""
    offered = desk.offer()
    monkeypatch.setattr(running, "_PROGRAM", "import time; time.sleep(600)")
    begun = time.monotonic()
    with pytest.raises(RefusedFile, match=r"took longer than 0\.5 seconds"):
        copy_rows(offered, desk.pattern, desk.target, SMALL._replace(seconds=0.5))
    assert time.monotonic() - begun < 20
    busy = (
        "import sys; sys.path.insert(0, sys.argv[1]); from tenants.confined.cage import _limit;"
        "from tenants.confined import Limits; _limit(Limits(cpu_seconds=1))\nwhile True: pass"
    )
    monkeypatch.setattr(running, "_PROGRAM", busy)
    with pytest.raises(RefusedFile, match=r"1 seconds of a processor|ended in the middle"):
        copy_rows(offered, desk.pattern, desk.target, SMALL._replace(cpu_seconds=1))


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import os; os.abort()", r"ended in the middle \(-6\)"),
        ("import os; os.kill(os.getpid(), 9)", r"ended in the middle \(-9\)"),
        ("print('{\"rows\": ')", "ended in the middle"),
        ("print('x' * 5_000_000)", "ended in the middle"),
        ("print('{\"rows\": [1]}')", "ended in the middle"),
        ("raise SystemExit(3)", "ended in the middle"),
    ],
)
def test_a_process_that_crashes(
    desk: Desk, program: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it ends, and whatever it says, that is a refusal, and there is no new file."""
    offered = desk.offer()
    monkeypatch.setattr(running, "_PROGRAM", program)
    with pytest.raises(RefusedFile, match=said):
        copy_rows(offered, desk.pattern, desk.target, SMALL)
    assert not desk.target.exists()


def test_it_ends_with_whoever_started_it(desk: Desk) -> None:
    """Nothing goes on reading once the server is gone: the process has asked the kernel to be ended then."""
    code = (
        "import os, subprocess, sys\n"
        "program = 'import os, sys, time; from tenants.confined.cage import confine;'\n"
        "program += 'from tenants.confined import Limits;'\n"
        "program += 'confine(Limits(), [], sys.argv[1]); print(os.getpid(), flush=True);'\n"
        "program += 'time.sleep(600)'\n"
        "p = subprocess.Popen([sys.executable, '-c', program, sys.argv[1]], stdout=subprocess.PIPE)\n"
        "print(p.stdout.readline().decode(), flush=True); sys.stdin.readline(); os.kill(os.getpid(), 9)"
    )
    other = Child(code, desk.folder)
    pid = int(other.hears())
    other.told()
    other.process.communicate(timeout=60)
    deadline = time.monotonic() + 30
    while _is_alive(pid):
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_pattern_with_virtual_tables(desk: Desk) -> None:
    """Stores that hold such tables can't be copied by rows, and the error says what can be done."""
    blank = prepared_copy(
        desk.router, desk.books("blank"), "CREATE VIRTUAL TABLE words USING fts5(text);"
    )
    with pytest.raises(TenantError, match="have a virtual table, words"):
        pattern_of(blank)


# Whatever the schema


NAMES = st.text(
    st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), min_size=1, max_size=12
)
VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(max_size=20),
    st.binary(max_size=20),
)


@settings(max_examples=40, deadline=None)
@given(
    table=NAMES.filter(lambda name: not name.lower().startswith(("sqlite_", "store_", "schema_"))),
    columns=st.lists(NAMES, min_size=2, max_size=2, unique_by=lambda name: name.lower()),
    rows=st.lists(st.tuples(VALUES, VALUES), max_size=5),
)
def test_any_names_and_values(
    table: str, columns: list[str], rows: list[tuple[object, object]]
) -> None:
    """Quotes, brackets, keywords and foreign letters in names; every kind of value: the copy has them as they are."""
    first, second = map(quoted, columns)
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(copying, "confine", lambda *_: [])
        folder = Path(name)
        blank, offered, target = folder / "blank.db", folder / "offered.db", folder / "target.db"
        with changing(blank) as connection:
            connection.executescript(f"PRAGMA application_id = {sqlite.APPLICATION_ID};")
            connection.execute("CREATE TABLE store_identity (role TEXT)")
            connection.execute("INSERT INTO store_identity VALUES ('books')")
            try:
                connection.execute(f"CREATE TABLE {quoted(table)} ({first}, {second})")
            except sqlite.driver.OperationalError:
                return  # names that SQLite takes for equal
        shutil.copy(blank, offered)
        with changing(offered) as connection:
            connection.executemany(f"INSERT INTO {quoted(table)} VALUES (?, ?)", rows)
            found = connection.execute(f"SELECT {first}, {second} FROM {quoted(table)}").fetchall()
        answer = take(offered, pattern_of(str(blank)), target)
        assert answer.refused == ""
        assert answer.rows == {table: len(rows)}
        assert rows_of(target, f"SELECT {first}, {second} FROM {quoted(table)}") == found
