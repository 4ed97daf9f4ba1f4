"""What a statement is, told by its text, in SQLite's words."""

from __future__ import annotations

import pytest

from dolt_router.backends.dolt.statements import Kind
from dolt_router.backends.doltlite.statements import classify, identifiers, in_sqlite


@pytest.mark.parametrize(
    ("sql", "kind", "tables"),
    [
        ('SELECT "dolt_log"."message" FROM "dolt_log"', Kind.READ, ()),
        ("select dolt_hashof('main'), dolt_merge_base('a', 'b')", Kind.READ, ()),
        ("SELECT 1 WHERE 'dolt_commit(' = ''", Kind.READ, ()),
        ("SELECT dolt_commit('-A')", Kind.WRITE, None),
        ("  /* x */ select DOLT_MERGE ('b')", Kind.WRITE, None),
        ("SELECT dolt_checkout('b')", Kind.MOVE, None),
        ('INSERT OR IGNORE INTO "T" ("a") VALUES (%s)', Kind.WRITE, ("t",)),
        ("REPLACE INTO [t] VALUES (1)", Kind.WRITE, ("t",)),
        ("UPDATE OR REPLACE main.t SET a = 1", Kind.WRITE, ("t",)),
        ('DELETE FROM "a""b"', Kind.WRITE, ('a"b',)),
        ("WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", Kind.WRITE, ("t",)),
        ("WITH x AS (SELECT 1) SELECT * FROM x", Kind.READ, ()),
        ('CREATE UNIQUE INDEX "i" ON "t" ("a")', Kind.SCHEMA, ("t",)),
        ('CREATE TABLE IF NOT EXISTS "t" ("a" int)', Kind.SCHEMA, ("t",)),
        ('ALTER TABLE "new__t" RENAME TO "t"', Kind.SCHEMA, ("new__t",)),
        ('DROP INDEX IF EXISTS "i"', Kind.SCHEMA, None),
        ("CREATE TEMP TABLE t (n)", Kind.SESSION, ()),
        ("PRAGMA table_info('t')", Kind.READ, ()),
        ("PRAGMA main.cache_size = 4", Kind.SESSION, ()),
        ("PRAGMA foreign_keys = OFF", Kind.LOCK, ()),
        ("ATTACH 'x' AS y", Kind.SESSION, ()),
        ("VACUUM", Kind.WRITE, None),
        ("EXPLAIN QUERY PLAN DELETE FROM t", Kind.READ, ()),
        ("SAVEPOINT a", Kind.TRANSACTION, ()),
        ("ROLLBACK TO SAVEPOINT a", Kind.TRANSACTION, ()),
        ("ROLLBACK", Kind.SESSION, ()),
        ("", Kind.READ, ()),
    ],
)
def test_statements_are_told_by_their_text(
    sql: str, kind: Kind, tables: tuple[str, ...] | None
) -> None:
    statement = classify(sql)
    assert (statement.kind, statement.tables) == (kind, tables)


def test_words_of_a_statement_leave_out_literals_and_comments() -> None:
    sql = "SELECT \"A\".x FROM `b` -- c\nJOIN [d] ON 'e' = /* f */ g"
    assert identifiers(sql) >= {"a", "x", "b", "d", "g"}
    assert not identifiers(sql) & {"c", "e", "f"}


def test_words_of_a_server_are_put_in_sqlites() -> None:
    assert in_sqlite("CALL `dolt_reset`('--hard')") == "SELECT dolt_reset('--hard')"
    assert in_sqlite("START TRANSACTION") == "BEGIN IMMEDIATE"
    assert in_sqlite("CALL something(1)") == "CALL something(1)"
