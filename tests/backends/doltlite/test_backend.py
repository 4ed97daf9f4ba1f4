"""The embedded backend: names, connections, transactions, introspection, the shell."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import (
    IntegrityError,
    NotSupportedError,
    OperationalError,
    connection,
    connections,
    models,
    transaction,
)
from django.test.utils import isolate_apps

from dolt_router import use_branch
from dolt_router.autocommit import AutoDoltCommit
from dolt_router.backends.dolt.statements import Kind
from dolt_router.backends.doltlite.files import split_name
from dolt_router.backends.doltlite.introspection import spaced
from dolt_router.backends.doltlite.statements import classify, identifiers, in_sqlite
from dolt_router.exceptions import (
    AnotherBranchIsWriting,
    BranchDoesNotExist,
    CrossBranchWrite,
    DoltServerError,
    ReadOnlyRevision,
    UnsupportedByEngine,
)
from dolt_router.models import Branch, Commit, Remote
from dolt_router.versioning.sharing import status
from tests.conftest import EMBEDDED, MakeBranch
from tests.inventory.models import Device, Site

from .conftest import Site as Project

embedded = pytest.mark.skipif(not EMBEDDED, reason="DOLT_ROUTER_TEST_ENGINE is not doltlite")


def wrapper_of(name: str) -> Any:
    """A wrapper of the embedded engine that no alias has."""
    home = connections["default"]
    return type(home)({**home.settings_dict, "NAME": name}, "default")


# -- names --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("inventory.db", ("inventory.db", "")),
        ("there.db/feature/x", ("there.db", "feature/x")),
        ("folder/new.db", ("folder/new.db", "")),
        ("folder/new.db/side", ("folder/new.db", "side")),
        ("folder/nosuffix", ("folder/nosuffix", "")),
        ("folder/file/side.x", ("folder/file", "side.x")),
        ("missing/inventory.db", ("missing/inventory.db", "")),
    ],
)
def test_file_and_branch_of_a_name(tmp_path: Path, name: str, expected: tuple[str, str]) -> None:
    (tmp_path / "folder.d" / "folder").mkdir(parents=True)
    root = tmp_path / "folder.d"
    (root / "there.db").touch()
    (root / "folder" / "file").touch()
    file, ref = split_name(str(root / name))
    assert (os.path.relpath(file, root), ref) == expected


@pytest.mark.parametrize("name", [":memory:", "file:memory?mode=memory"])
def test_name_that_is_no_file_is_refused(name: str) -> None:
    from dolt_router.backends.doltlite.base import DatabaseWrapper

    entry = {**connections["other"].settings_dict, "NAME": name}
    with pytest.raises(ImproperlyConfigured, match="needs the path of a file"):
        DatabaseWrapper(entry).get_connection_params()


@embedded
def test_unknown_branch_makes_no_file_and_names_the_nearest(feature: str) -> None:
    folder = Path(connection.base_name).parent
    before = set(folder.iterdir())
    with pytest.raises(BranchDoesNotExist, match='Did you mean "feature/x"'):
        connections["feature/y"].ensure_connection()
    with pytest.raises(BranchDoesNotExist):
        connections["Feature/X"].ensure_connection()  # names heed case
    assert set(folder.iterdir()) == before


@embedded
def test_database_that_is_not_there_is_made_on_the_default_branch_only(
    dolt: None, tmp_path: Path
) -> None:
    file = str(tmp_path / "new.db")
    with pytest.raises(BranchDoesNotExist):
        wrapper_of(f"{file}/side").ensure_connection()
    assert not os.path.exists(file)
    home = wrapper_of(file)
    home.ensure_connection()
    home.close()
    assert os.path.getsize(file) and os.path.exists(file + "-shared")
    missing = wrapper_of(str(tmp_path / "no" / "where.db"))
    with pytest.raises(OperationalError):
        missing.ensure_connection()


@embedded
def test_default_branch_of_another_name(empty_database: None, settings: Any) -> None:
    settings.DOLT_ROUTER = {"DEFAULT_BRANCH": "trunk"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT active_branch()")
        assert cursor.fetchone() == ("trunk",)
        cursor.execute("SELECT name FROM dolt_branches")
        assert cursor.fetchall() == [("trunk",)]
    connections.close_all()


@embedded
def test_branch_in_a_static_entry(feature: str) -> None:
    Site.objects.using(feature).create(name="there")
    pinned = wrapper_of(f"{connection.settings_dict['NAME']}/{feature}")
    with pinned.cursor() as cursor:
        cursor.execute("SELECT name FROM inventory_site")
        assert cursor.fetchall() == [("there",)]
    assert (pinned.ref, pinned.is_home) == (feature, False)
    pinned.close()


@embedded
def test_tag_and_commit_are_read_only(feature: str) -> None:
    Site.objects.using(feature).create(name="s")
    commit = Commit.objects.on(feature)[0].commit_hash
    assert len(commit) == 40
    with connection.cursor() as cursor:
        cursor.execute("CALL dolt_tag('v1', %s)", [commit])
    for ref in ("v1", commit):
        assert Site.objects.using(ref).get().name == "s"
        with pytest.raises(ReadOnlyRevision):
            Site.objects.using(ref).create(name="no")


# -- connections --------------------------------------------------------------------------


@embedded
def test_connections_are_bounded_whatever_the_number_of_branches(make_branch: MakeBranch) -> None:
    def descriptors() -> int:
        own = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")]
        paths = [os.readlink(fd) for fd in own if os.path.lexists(fd)]
        return sum(connection.base_name in path for path in paths)

    names = [make_branch(f"b/{i}") for i in range(60)]
    for name in names[:5]:
        Site.objects.using(name).count()
    before = descriptors()
    for name in names:
        Site.objects.using(name).count()
    assert descriptors() <= before
    assert len(list(connections)) < 10


@embedded
def test_branch_that_another_connection_deleted_is_noticed_before_the_next_request(
    feature: str,
) -> None:
    wrapper = connections[feature]
    assert Site.objects.using(feature).count() == 0
    thread = threading.Thread(target=_delete, args=(feature,))
    thread.start()
    thread.join()
    wrapper.close_if_unusable_or_obsolete()
    with pytest.raises(BranchDoesNotExist):
        wrapper.ensure_connection()


def _delete(name: str) -> None:
    Branch.objects.get(name=name).delete(force=True)
    connections.close_all()


@embedded
def test_write_to_a_branch_that_was_deleted_meanwhile_is_told(feature: str) -> None:
    wrapper = connections[feature]
    wrapper.ensure_connection()
    thread = threading.Thread(target=_delete, args=(feature,))
    thread.start()
    thread.join()
    with pytest.raises(BranchDoesNotExist), wrapper.cursor() as cursor:
        cursor.execute("INSERT INTO inventory_site (name) VALUES ('s')")


@embedded
def test_state_that_was_set_is_gone_after_the_request(dolt: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA recursive_triggers = OFF")
        cursor.execute("CREATE TEMP TABLE t (n INTEGER)")
    connection.close_if_unusable_or_obsolete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM temp.sqlite_master WHERE type = 'table'")
        assert cursor.fetchall() == []


# -- transactions ---------------------------------------------------------------------------


@embedded
def test_waiting_writer_goes_on_when_the_other_is_done(dolt: None) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def other() -> None:
        with transaction.atomic():
            Site.objects.create(name="first")
            begun.set()
            go_on.wait(10)
        connections.close_all()

    thread = threading.Thread(target=other)
    thread.start()
    begun.wait(10)
    threading.Timer(0.3, go_on.set).start()
    with transaction.atomic():
        assert [site.name for site in Site.objects.all()] == ["first"]  # not the state before
        Site.objects.create(name="second")
    thread.join()
    assert Site.objects.count() == 2


@embedded
def test_two_branches_in_one_block_are_refused_at_once(feature: str) -> None:
    with pytest.raises(AnotherBranchIsWriting, match='"main".*"feature/x"'), AutoDoltCommit():
        Site.objects.using(feature).create(name="s")
        Site.objects.using("main").create(name="s")
    assert not Site.objects.exists() and not Site.objects.using(feature).exists()
    with AutoDoltCommit():
        Site.objects.using(feature).create(name="s")
        assert Site.objects.using("main").count() == 0  # reading is fine
        with pytest.raises(AnotherBranchIsWriting):
            Branch.objects.create(name="more")
    with use_branch(feature), transaction.atomic():
        Site.objects.create(name="t")
        with transaction.atomic(using="default/main"):
            assert Site.objects.using("main").count() == 0


@embedded
def test_lock_is_kept_whatever_else_the_process_does_with_the_file(feature: str) -> None:
    file = connection.base_name

    def locks() -> set[str]:
        inode = str(os.stat(file).st_ino)
        lines = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
        return {line[3] for line in lines if line[5].rpartition(":")[2] == inode}

    def others() -> None:
        Site.objects.using(feature).count()
        Branch.objects.count()
        for name in ("nowhere", "Feature/X"):
            with pytest.raises(BranchDoesNotExist):
                Site.objects.using(name).count()
        connections.close_all()

    with transaction.atomic():
        Site.objects.create(name="s")
        held = locks()
        assert "WRITE" in held
        thread = threading.Thread(target=others)
        thread.start()
        thread.join()
        others_here = connections[feature]
        others_here.ensure_connection()
        others_here.close()
        assert locks() == held


@embedded
def test_read_only_block_with_savepoints_takes_no_lock(feature: str) -> None:
    with AutoDoltCommit():
        assert Site.objects.count() == 0
        with transaction.atomic():
            pass  # a savepoint
        thread = threading.Thread(target=lambda: (_add("other"), connections.close_all()))
        thread.start()
        thread.join(15)
        assert not thread.is_alive()
    assert Site.objects.get().name == "other"


def _add(name: str) -> None:
    Site.objects.create(name=name)


@embedded
def test_write_that_gives_rows_back_is_counted_and_committed(dolt: None, log: Any) -> None:
    log.mark()
    Site.objects.bulk_create([Site(name="a"), Site(name="b")])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE inventory_site SET name = name || '!' RETURNING name")
        assert cursor.fetchmany(1) == [("a!",)]
        assert cursor.fetchall() == [("b!",)]
    assert log() == ["Changed 2 sites", "Added 2 sites"]
    assert status("main") == []


@embedded
def test_deferred_key_that_is_broken_stops_the_commit_and_leaves_nothing(dolt: None) -> None:
    head = Commit.objects.all()[0]
    with pytest.raises(IntegrityError), transaction.atomic():
        Device.objects.create(name="d", site_id=4711)
    assert not Device.objects.exists()
    assert Commit.objects.all()[0] == head and status("main") == []


@embedded
def test_rows_are_read_while_others_are_written(dolt: None) -> None:
    Site.objects.bulk_create([Site(name=f"s{i}") for i in range(500)])
    with transaction.atomic():
        for site in Site.objects.iterator(chunk_size=100):
            Device.objects.create(name=f"d{site.pk}", site=site)
    assert Device.objects.count() == 500


@embedded
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT dolt_checkout('main')",
        "SELECT dolt_connect_branch('main')",
        "CALL dolt_checkout('main')",
    ],
)
def test_connection_cannot_be_moved_to_another_branch(feature: str, sql: str) -> None:
    with pytest.raises(CrossBranchWrite), connections[feature].cursor() as cursor:
        cursor.execute(sql)


@embedded
def test_procedures_are_called_in_either_form(dolt: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CALL dolt_branch(%s)", ["one"])
        cursor.execute("SELECT dolt_branch(%s)", ["two"])
    assert {"one", "two"} <= {branch.name for branch in Branch.objects.all()}
    with pytest.raises(DoltServerError, match="already exists"), connection.cursor() as cursor:
        cursor.execute("CALL dolt_branch('one')")


@embedded
def test_ids_of_two_branches_do_not_collide(feature: str) -> None:
    Site.objects.using(feature).create(name="there")
    Site.objects.create(name="here")
    Branch.objects.get(name=feature).merge()
    assert {site.name for site in Site.objects.all()} == {"here", "there"}


@embedded
def test_what_the_engine_lacks_is_told(dolt: None) -> None:
    with pytest.raises(UnsupportedByEngine, match="the embedded engine.*docs/embedded.md") as told:
        Remote.objects.create(name="origin", url="file:///nowhere")
    assert isinstance(told.value, NotSupportedError)


# -- schema -----------------------------------------------------------------------------------


def test_definition_is_spaced_as_djangos_parser_wants_it() -> None:
    sql = """CREATE TABLE "t"("a" text CHECK("a" <> 'x(y,z'),UNIQUE("a"))"""
    assert spaced(sql) == """CREATE TABLE "t" ("a" text CHECK ("a" <> 'x(y,z'), UNIQUE ("a"))"""
    sql = """CREATE INDEX i ON "t"("a" DESC,(LOWER("b")) ASC, "c")"""
    assert spaced(sql) == """CREATE INDEX i ON "t" ("a" DESC, (LOWER ("b")) ASC, "c")"""


@embedded
@isolate_apps("tests.inventory")
def test_constraints_are_introspected_from_the_engines_own_form(dolt: None) -> None:
    class Shelf(models.Model):
        row = models.PositiveIntegerField()
        place = models.IntegerField(db_index=True)
        note = models.JSONField(null=True)

        class Meta:
            app_label = "inventory"
            constraints = [
                models.UniqueConstraint(fields=["row", "place"], name="one_a_place"),
                models.CheckConstraint(condition=models.Q(place__gte=0), name="place_not_below"),
            ]
            indexes = [models.Index(fields=["row", "-place"], name="by_row")]

    with connection.schema_editor() as editor:
        editor.create_model(Shelf)
    assert Commit.objects.all()[0].message == "Create inventory_shelf"
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, "inventory_shelf")
        columns = connection.introspection.get_table_description(cursor, "inventory_shelf")
    assert found["one_a_place"]["unique"] and found["one_a_place"]["columns"] == ["row", "place"]
    assert found["place_not_below"]["check"]
    assert found["by_row"]["orders"] == ["ASC", "DESC"]
    assert any(c["primary_key"] and c["columns"] == ["id"] for c in found.values())
    assert [column.name for column in columns if column.has_json_constraint] == ["note"]
    with connection.schema_editor() as editor:
        editor.delete_model(Shelf)
    assert status("main") == []


@embedded
def test_failed_schema_change_leaves_nothing(dolt: None) -> None:
    head = Commit.objects.all()[0]
    with pytest.raises(ZeroDivisionError), connection.schema_editor() as editor:
        editor.execute("CREATE TABLE half (id INTEGER PRIMARY KEY)", None)
        1 / 0  # noqa: B018
    assert "half" not in connection.introspection.table_names()
    assert Commit.objects.all()[0] == head and status("main") == []


# -- statements ---------------------------------------------------------------------------------


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


# -- dbshell ------------------------------------------------------------------------------------


def test_dbshell_runs_sql_on_the_branch(migrated: Project) -> None:
    migrated.manage("dolt", "branch", "side")
    words = ["dbshell", "--database", "side", "--"]
    shown = migrated.manage(*words, "SELECT active_branch() AS b", "SELECT count(*) FROM auth_user")
    assert shown.split("\n")[:4] == ["b", "side", "count(*)", "0"]


def test_dbshell_reads_statements_of_several_lines_and_tells_errors(migrated: Project) -> None:
    text = "SELECT 1\n  AS one;\nSELECT nowhere;\n"
    with pytest.raises(AssertionError, match="no such column: nowhere"):
        migrated.run("manage.py", "dbshell", input=text)


def test_users_are_no_rows_of_the_versioned_file(migrated: Project) -> None:
    shown = migrated.manage("dbshell", "--", "SELECT name FROM main.sqlite_master")
    assert "inventory_device" in shown and "auth_user" not in shown
