"""Statements are told apart by what they do to the connection, and scripts are split where statements end."""

from __future__ import annotations

import pytest

from tenants.statements import Kind, kind_of, split


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT 1", Kind.READ),
        ("  select 1", Kind.READ),
        ("VALUES (1)", Kind.READ),
        ("EXPLAIN DELETE FROM t", Kind.READ),
        ("WITH x AS (SELECT 1) SELECT replace('a', 'b', 'c') FROM x", Kind.READ),
        ("WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", Kind.WRITE),
        ("with x as (select 1) update t set a = 1", Kind.WRITE),
        ("WITH x AS (SELECT 1) DELETE FROM t", Kind.WRITE),
        ("INSERT INTO t VALUES (1)", Kind.WRITE),
        ("/* note */ insert into t values (1)", Kind.WRITE),
        ("-- note\nDROP TRIGGER x", Kind.WRITE),
        ("CREATE TABLE t (a)", Kind.WRITE),
        ("VACUUM", Kind.WRITE),
        ("BEGIN IMMEDIATE", Kind.CONTROL),
        ("end", Kind.CONTROL),
        ("SAVEPOINT s", Kind.CONTROL),
        ("PRAGMA journal_mode", Kind.READ),
        ("PRAGMA table_info(t)", Kind.READ),
        ("PRAGMA main.foreign_key_check('t')", Kind.READ),
        ("PRAGMA foreign_keys = OFF", Kind.SETTING),
        ("pragma query_only(1)", Kind.SETTING),
        ('PRAGMA "main".synchronous=OFF', Kind.SETTING),
        ("/* hidden */ PRAGMA foreign_keys=0", Kind.SETTING),
        ("CREATE TEMPORARY TABLE t (a)", Kind.SETTING),
        ("PRAGMA user_version = 3", Kind.WRITE),
        ("ATTACH 'x' AS y", Kind.ATTACH),
        ("-- hidden\nattach database 'x' as y", Kind.ATTACH),
        ("", Kind.READ),
        ("-- nothing", Kind.READ),
    ],
)
def test_what_a_statement_does(sql: str, kind: Kind) -> None:
    """However it is written, and whatever comment hides it, a statement is told for what it does."""
    assert kind_of(sql) is kind


def test_a_script_is_split_where_statements_end() -> None:
    """Semicolons in strings, comments and triggers end no statement; each comes with its line; the last needs none."""
    script = (
        "-- a; comment\nCREATE TABLE a (x TEXT DEFAULT ';'); CREATE TABLE b (y);\n\n"
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n  UPDATE b SET y = 1;\n  DELETE FROM b;\nEND;\n"
        "/* b; */ INSERT INTO a VALUES ('x;\ny')\n-- end; of it\n"
    )
    found = [(line, statement.split()[1]) for line, statement in split(script)]
    assert found == [(2, "TABLE"), (2, "TABLE"), (4, "TRIGGER"), (8, "INTO")]
