"""What a statement does, told from its text: what isn't known to only read counts as a write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dolt_router.backends.dolt.statements import Kind, classify

READS = [
    "SELECT 1",
    "  select a from t where b = 'insert into x; delete from y'",
    "(SELECT 1) UNION (SELECT 2)",
    "SELECT `update` FROM `delete`",
    "SHOW TABLES",
    "EXPLAIN FORMAT=TREE SELECT 1",
    "DESCRIBE t",
    "WITH a AS (SELECT 1) SELECT * FROM a",
    "WITH RECURSIVE a (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM a) SELECT * FROM a",
    "/* DELETE FROM t */ SELECT 1",
    "-- DELETE FROM t\nSELECT 1",
    "TABLE t",
    "VALUES ROW(1, 2)",
    "SELECT 'it''s; UPDATE t SET a = 1'",
    'SELECT "a\\"; UPDATE t SET a = 1"',
    "SELECT 1;",
    "",
]
WRITES = [
    ("INSERT INTO t (a) VALUES (1)", ("t",)),
    ("insert ignore into `T` values (1)", ("t",)),
    ("INSERT INTO `db/x`.`t` VALUES (1)", ("t",)),
    ("INSERT INTO t SELECT * FROM u", ("t",)),
    ("INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = 2", ("t",)),
    ("REPLACE INTO t VALUES (1)", ("t",)),
    ("UPDATE t SET a = 1", ("t",)),
    ("UPDATE `t` SET a = (SELECT 1 FROM u)", ("t",)),
    ("DELETE FROM t WHERE a IN (SELECT b FROM u)", ("t",)),
    ("DELETE t FROM t JOIN u ON t.a = u.a", ("t",)),
    ("DELETE x FROM t x", ("t",)),
    ("DELETE x FROM u y JOIN t AS x ON x.a = y.a WHERE x.b IN (SELECT b FROM x y)", ("t",)),
    ("DELETE x FROM u JOIN t x USING (a)", ("t",)),
    ("DELETE `X`.* FROM `t` `X`, u", ("t",)),
    ("DELETE x, y FROM t AS x, u y", ("t", "u")),
    ("DELETE FROM x USING t x INNER JOIN u", ("t",)),
    ("/*!50000 DELETE FROM t */", ("t",)),
    ("INSERT /*! IGNORE */ INTO t VALUES (1)", ("t",)),
    ("WITH a AS (SELECT 1) DELETE FROM t", ("t",)),
    ("WITH a AS (SELECT 1) UPDATE t SET b = 1", ("t",)),
    ("/* SELECT */ DELETE FROM t", ("t",)),
    ("-- SELECT 1\nDELETE FROM t", ("t",)),
    ("# SELECT 1\nDELETE FROM t", ("t",)),
    ("SELECT 1; DELETE FROM t", ("t",)),
    ("DELETE FROM t; SELECT 1", ("t",)),
    ("LOAD DATA INFILE 'x' INTO TABLE t", ("t",)),
]
SCHEMA = [
    ("CREATE TABLE t (a int)", ("t",)),
    ("ALTER TABLE t ADD b int", ("t",)),
    ("DROP TABLE IF EXISTS t", ("t",)),
    ("CREATE INDEX i ON t (a)", ("t",)),
    ("DROP INDEX i ON t", ("t",)),
    ("TRUNCATE t", ("t",)),
    ("TRUNCATE TABLE `t`", ("t",)),
]


@pytest.mark.parametrize("sql", READS)
def test_reads(sql: str) -> None:
    assert classify(sql).kind is Kind.READ
    assert classify(sql.encode()).kind is Kind.READ


@pytest.mark.parametrize(("sql", "tables"), WRITES)
def test_writes_and_their_tables(sql: str, tables: tuple[str, ...]) -> None:
    assert classify(sql).kind is Kind.WRITE
    assert classify(sql).tables == tables


@pytest.mark.parametrize(("sql", "tables"), SCHEMA)
def test_schema_changes_and_their_tables(sql: str, tables: tuple[str, ...]) -> None:
    assert (classify(sql).kind, classify(sql).tables) == (Kind.SCHEMA, tables)


@pytest.mark.parametrize(
    "sql",
    [
        "CALL something()",
        "DO SLEEP(0)",
        "ANALYZE TABLE t",
        "CALL dolt_commit('-am', 'x')",
        "EXPLAIN ANALYZE DELETE FROM t",
        "GRANT ALL ON *.* TO u",
        "frobnicate the database",
        "SELECT 1 /*! ; DELETE FROM t */",
        "/*! DELETE FROM t */",
        "/*!50000 DELETE FROM t */",
    ],
)
def test_what_is_not_known_to_read_counts_as_a_write(sql: str) -> None:
    assert classify(sql).kind in (Kind.WRITE, Kind.SCHEMA)


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT a FROM t FOR UPDATE", Kind.LOCK),
        ("SELECT a FROM t\nFOR\nSHARE", Kind.LOCK),
        ("SELECT a FROM t LOCK IN SHARE MODE", Kind.LOCK),
        ("SAVEPOINT s", Kind.TRANSACTION),
        ("ROLLBACK TO SAVEPOINT s", Kind.TRANSACTION),
        ("COMMIT", Kind.SESSION),
        ("SET @a = 1", Kind.SESSION),
        ("CREATE TEMPORARY TABLE t (a int)", Kind.SESSION),
        ("USE other", Kind.MOVE),
        ("CALL DOLT_CHECKOUT('x')", Kind.MOVE),
        ("call `dolt_checkout`('x')", Kind.MOVE),
        ("SELECT 1; USE other", Kind.MOVE),
    ],
)
def test_other_kinds(sql: str, kind: Kind) -> None:
    assert classify(sql).kind is kind


@pytest.mark.parametrize(
    "sql", ["SET @a = 1", "SELECT @a := 1", "SELECT 1 INTO @a", "SELECT GET_LOCK('x', 1)"]
)
def test_session_state_leaves_a_trace(sql: str) -> None:
    assert classify(sql).traces


@pytest.mark.parametrize("sql", ["INSERT INTO `other`.`t` VALUES (1)", "DELETE FROM other.t"])
def test_another_database_is_seen(sql: str) -> None:
    assert classify(sql).foreign == "other"


@given(
    st.text(max_size=40),
    st.sampled_from(["'{}'", '"{}"', "`{}`", "/*{}*/"]),
    st.sampled_from(["DELETE FROM t", "UPDATE t SET a = 1", "INSERT INTO t VALUES (1)"]),
)
def test_no_literal_or_comment_hides_a_write(text: str, quotes: str, write: str) -> None:
    """A well-formed literal before a second statement never swallows it."""
    mark = quotes[0]
    safe = text.replace("\\", "").replace("*/", "").replace("!", "")
    if mark != "/":
        safe = safe.replace(mark, mark * 2)
    if mark == "`":
        safe = safe or "a"
    sql = f"SELECT {quotes.format(safe)} {'1' if mark == '/' else ''}; {write}"
    assert classify(sql).kind is Kind.WRITE
