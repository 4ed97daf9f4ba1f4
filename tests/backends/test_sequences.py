"""The first INSERT into a table that was renamed or fetched: Dolt would wait for ever."""

# ruff: noqa: F811 (fixtures are imported by name)

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, connections, models
from django.db.migrations.operations import CreateModel, RenameModel
from django.db.migrations.state import ProjectState

from dolt_router import use_branch
from dolt_router.backends.dolt.pool import Session
from dolt_router.backends.dolt.sequences import renames
from dolt_router.versioning import branches, remotes
from tests.remote_sites import make_site, no_remotes, origin, twin  # noqa: F401

PATIENCE = 20  # seconds


class Names:
    """Names of tables that no test had before: a counter outlives its table."""

    def __init__(self) -> None:
        mark = uuid.uuid4().hex[:8]
        self.crate, self.box, self.chest = (f"{n}_{mark}" for n in ("crate", "box", "chest"))


@pytest.fixture
def names(dolt: None) -> Iterator[Names]:
    names = Names()
    yield names
    connections["default"].close()
    with connection.cursor() as cursor:
        for table in vars(names).values():
            cursor.execute(f"DROP TABLE IF EXISTS {table}")


@pytest.fixture
def insert(dolt: None) -> Iterator[Callable[..., int]]:
    """Inserts a row into a table by itself, and gives its id; an error when it takes too long."""
    sessions = []

    def insert_row(table: str, alias: str = "default") -> int:
        params = connections[alias].get_connection_params()
        session = Session(**params | {"read_timeout": PATIENCE})
        sessions.append(session)
        with session.cursor() as cursor:
            cursor.execute(f"INSERT INTO `{table}` (size) VALUES (1)")
            identity = int(cursor.lastrowid)
            session.commit()
        return identity

    yield insert_row
    for session in sessions:
        session.close()


@pytest.fixture(params=["main", "feature/x"])
def place(request: Any, names: Names, make_branch: Any) -> Iterator[str]:
    if request.param != "main":
        make_branch(request.param)
    with use_branch(request.param):
        yield request.param


def make(table: str, rows: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {table} (id int AUTO_INCREMENT PRIMARY KEY, size int)")
        for _ in range(rows):
            cursor.execute(f"INSERT INTO {table} (size) VALUES (1)")


@pytest.mark.parametrize(
    "sql",
    [
        "RENAME TABLE {0.crate} TO {0.box}",
        "ALTER TABLE `{0.crate}` RENAME TO `{0.box}`",
        "alter table {0.crate} rename {0.box}",
    ],
)
def test_insert_into_a_renamed_table_goes_on_with_the_ids(
    place: str, names: Names, insert: Callable[..., int], sql: str
) -> None:
    make(names.crate, rows=2)
    with connection.cursor() as cursor:
        cursor.execute(sql.format(names))
    assert insert(names.box, f"default/{place}") == 3


def test_two_tables_renamed_at_once_are_both_ready(
    place: str, names: Names, insert: Callable[..., int]
) -> None:
    make(names.crate, rows=0)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {names.box} LIKE {names.crate}")
        cursor.execute(f"INSERT INTO {names.box} (size) VALUES (1)")
        cursor.execute(f"RENAME TABLE {names.crate} TO {names.chest}, {names.box} TO {names.crate}")
    assert [insert(names.chest, f"default/{place}"), insert(names.crate, f"default/{place}")] == [
        1,
        2,
    ]


def test_renamed_model_takes_rows(place: str, names: Names, insert: Callable[..., int]) -> None:
    fields = [("id", models.AutoField(primary_key=True)), ("size", models.IntegerField())]
    states = [ProjectState()]
    for operation in (CreateModel(names.crate, fields), RenameModel(names.crate, names.box)):
        states.append(states[-1].clone())
        operation.state_forwards("crates", states[-1])
        with connection.schema_editor() as editor:
            operation.database_forwards("crates", editor, states[-2], states[-1])
    assert insert(f"crates_{names.box}", f"default/{place}") == 1
    with connection.schema_editor() as editor:
        editor.delete_model(states[-1].apps.get_model("crates", names.box))


@pytest.mark.parametrize("how", ["pull", "fetch"])
def test_rows_are_added_to_a_table_that_another_site_made(
    twin: str, names: Names, insert: Callable[..., int], how: str
) -> None:
    make(names.crate, rows=2)
    remotes.push("main")
    if how == "pull":
        remotes.pull("main", using=twin)
        assert insert(names.crate, f"{twin}/main") == 3
    else:
        remotes.fetch(using=twin)
        branches.create("theirs", "origin/main", using=twin)
        assert insert(names.crate, f"{twin}/theirs") == 3


def test_forced_push_that_was_refused_leaves_tables_that_take_rows(
    twin: str, names: Names, insert: Callable[..., int]
) -> None:
    make(names.crate, rows=1)
    remotes.push("main")
    with pytest.raises(remotes.RemoteError, match="moved"):
        remotes.push("main", force=True, using=twin)
    branches.create("theirs", "origin/main", using=twin)
    assert insert(names.crate, f"{twin}/theirs") == 2


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("RENAME TABLE `a` TO `b`", [("a", "b")]),
        ("rename table a to b, c to `d e`", [("a", "b"), ("c", "d e")]),
        ("ALTER TABLE a RENAME AS b", [("a", "b")]),
        ("ALTER TABLE a ADD COLUMN c int, RENAME TO b", [("a", "b")]),
        ("ALTER TABLE a RENAME COLUMN b TO c", []),
        ("ALTER TABLE a RENAME INDEX b TO c", []),
        ("ALTER TABLE a ADD COLUMN c int", []),
        ("CREATE TABLE a (id int)", []),
    ],
)
def test_old_and_new_names_of_tables_are_told_from_the_statement(
    sql: str, names: list[tuple[str, str]]
) -> None:
    assert renames(sql) == names
