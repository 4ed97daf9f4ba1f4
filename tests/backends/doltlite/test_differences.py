"""The rows of the table in docs/embedded.md that no other test is about."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, OperationalError, connection, connections, transaction
from django.test import TestCase

from dolt_router import use_branch
from dolt_router.autocommit import AutoDoltCommit
from dolt_router.exceptions import (
    AnotherBranchIsWriting,
    BranchDoesNotExist,
    BranchExists,
    MergeConflict,
    UnsupportedByEngine,
)
from dolt_router.models import Branch, Commit
from dolt_router.versioning import merges, rows
from dolt_router.versioning.commits import parents
from dolt_router.versioning.points import at
from dolt_router.versioning.resets import collect_garbage
from dolt_router.versioning.sharing import untrack
from tests.conftest import EMBEDDED, MakeBranch
from tests.inventory.models import Device, Site

from .conftest import Site as Project

pytestmark = pytest.mark.skipif(not EMBEDDED, reason="DOLT_ROUTER_TEST_ENGINE is not doltlite")


@contextmanager
def another_at_work(work: Callable[[], Any], branch: str = "main") -> Iterator[None]:
    """Another thread is in an `atomic` block on a branch, where it has done some work."""
    begun, go_on = threading.Event(), threading.Event()

    def other() -> None:
        with use_branch(branch), transaction.atomic():
            work()
            begun.set()
            go_on.wait(20)
        connections.close_all()

    thread = threading.Thread(target=other)
    thread.start()
    assert begun.wait(10)
    try:
        yield
    finally:
        go_on.set()
        thread.join()


def impatient() -> None:
    """Let this thread wait for a tenth of a second only."""
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        assert cursor.fetchone() == (20_000,)  # milliseconds
        cursor.execute("PRAGMA busy_timeout = 100")


@pytest.mark.parametrize("branch", ["main", "feature/x"])
def test_writer_that_waited_too_long_is_told_and_writes_nothing(feature: str, branch: str) -> None:
    impatient()
    with another_at_work(lambda: Site.objects.create(name="first"), branch):
        with pytest.raises(OperationalError, match="locked"), AutoDoltCommit():
            Site.objects.create(name="second")
    assert [site.name for site in Site.objects.using(branch)] == ["first"]
    assert not Site.objects.filter(name="second").exists()


def test_atomic_block_holds_the_lock_from_its_first_statement_on(dolt: None) -> None:
    impatient()
    with another_at_work(lambda: Site.objects.count()):
        with pytest.raises(OperationalError, match="locked"), AutoDoltCommit():
            Site.objects.create(name="s")
    with another_at_work(lambda: None):  # it has said nothing yet
        Site.objects.create(name="s")


def test_names_of_branches_heed_case_and_cannot_differ_by_it_alone(feature: str) -> None:
    with pytest.raises(BranchDoesNotExist):
        Site.objects.using("FEATURE/X").count()
    with pytest.raises(BranchExists):
        Branch.objects.create(name="Feature/X")


def test_dates_have_whole_seconds_and_hashes_40_characters(dolt: None) -> None:
    Site.objects.create(name="s")
    commit = Commit.objects.all()[0]
    assert commit.date.microsecond == 0 and len(commit.commit_hash) == 40


def test_patterns_heed_no_case(dolt: None) -> None:
    Site.objects.create(name="Berlin")
    assert Site.objects.filter(name__startswith="ber").exists()
    assert Site.objects.filter(name__contains="LIN").exists()
    assert not Site.objects.filter(name="berlin").exists()
    Site.objects.create(name="Örebro")
    assert not Site.objects.filter(name__startswith="ö").exists()


def test_failed_migration_takes_all_back_with_its_transaction(
    scratch_database: None, settings: Any
) -> None:
    head = Commit.objects.all()[0]
    settings.MIGRATION_MODULES = {"inventory": "tests.inventory.failing"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM main.sqlite_master")
        before = cursor.fetchone()
    with pytest.raises(Exception, match="."):
        call_command("migrate", "inventory", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM main.sqlite_master")
        assert cursor.fetchone() == before
    assert Commit.objects.all()[0] == head


def test_preview_of_a_merge_needs_the_lock_and_leaves_nothing(feature: str) -> None:
    Site.objects.using(feature).create(name="there")
    branch, head = Branch.objects.get(name=feature), Commit.objects.all()[0]
    assert branch.preview_merge().is_clean
    assert Commit.objects.all()[0] == head and not Site.objects.exists()
    with transaction.atomic():
        Site.objects.create(name="here")
        with pytest.raises(AnotherBranchIsWriting):
            branch.preview_merge()


def test_conflicting_merge_tells_tables_and_leaves_nothing(feature: str) -> None:
    with AutoDoltCommit():
        site = Site.objects.create(name="s")
    Branch.objects.get(name=feature).sync()
    Site.objects.filter(pk=site.pk).update(name="main's")
    Site.objects.using(feature).filter(pk=site.pk).update(name="branch's")
    head = Commit.objects.all()[0]
    with pytest.raises(MergeConflict) as told:
        Branch.objects.get(name=feature).merge()
    assert told.value.tables == {"inventory_site": 1}
    assert Commit.objects.all()[0] == head and Site.objects.get().name == "main's"


def test_raw_merge_that_conflicts_raises_and_can_be_resolved(feature: str) -> None:
    with AutoDoltCommit():
        site = Site.objects.create(name="s")
    Branch.objects.get(name=feature).sync()
    Site.objects.filter(pk=site.pk).update(name="main's")
    Site.objects.using(feature).filter(pk=site.pk).update(name="branch's")
    with connection.plain_sql(), connection.cursor() as cursor:
        cursor.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseError, match="conflict"):
            cursor.execute("SELECT dolt_merge(%s)", [feature])
        cursor.execute('SELECT "table", num_conflicts FROM dolt_conflicts')
        assert cursor.fetchall() == [("inventory_site", 1)]
        cursor.execute("UPDATE inventory_site SET name = 'both'")
        cursor.execute("DELETE FROM dolt_conflicts_inventory_site")
        cursor.execute("SELECT dolt_commit('-A', '-m', 'resolved')")
        cursor.execute("COMMIT")
    assert Site.objects.get().name == "both"
    assert Commit.objects.all()[0].message == "resolved"
    assert len(parents(Commit.objects.all()[0].commit_hash)) == 2


def test_column_that_came_later_is_missing_before_and_never_null(dolt: None) -> None:
    with connection.cursor() as cursor, AutoDoltCommit("before"):
        cursor.execute("CREATE TABLE shelf (id INTEGER PRIMARY KEY, name TEXT)")
        cursor.execute("INSERT INTO shelf (id, name) VALUES (1, 'a')")
    before = Commit.objects.all()[0].commit_hash
    with connection.cursor() as cursor, AutoDoltCommit("after"):
        cursor.execute("ALTER TABLE shelf ADD COLUMN colour TEXT")
        cursor.execute("UPDATE shelf SET colour = 'red'")
    (change,) = rows.row_changes(before, "main", "shelf")
    assert [(f.field, f.old, f.new) for f in change.fields] == [("colour", rows.MISSING, "red")]
    coloured = Commit.objects.all()[0].commit_hash
    with connection.cursor() as cursor, AutoDoltCommit("renamed"):
        cursor.execute("ALTER TABLE shelf RENAME COLUMN colour TO paint")
        cursor.execute("UPDATE shelf SET name = 'b'")
    (change,) = rows.row_changes(coloured, "main", "shelf")
    assert [(f.field, f.old, f.new) for f in change.fields] == [
        ("name", "a", "b"),
        ("paint", rows.MISSING, "red"),
    ]
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE shelf")


def test_past_of_a_table_by_raw_sql(dolt: None) -> None:
    Site.objects.create(name="s")
    head = Commit.objects.all()[0].commit_hash
    Site.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM dolt_at_inventory_site(%s)", [head])
        assert cursor.fetchall() == [("s",)]
        sql = "SELECT from_name, diff_type FROM dolt_diff_inventory_site(%s, 'main')"
        cursor.execute(sql, [head])
        assert cursor.fetchall() == [("s", "removed")]
    assert at(Site.objects.all(), head).get().name == "s"


def test_garbage_collection_shrinks_the_file_and_keeps_history(make_branch: MakeBranch) -> None:
    for number in range(60):
        make_branch(f"b/{number}")
        with use_branch(f"b/{number}"):
            Device.objects.bulk_create([Device(name=f"d{i}") for i in range(50)])
        Branch.objects.get(name=f"b/{number}").delete(force=True)
    count = Commit.objects.count()
    file = Path(connection.base_name)
    before = file.stat().st_size
    collect_garbage()
    assert file.stat().st_size < before / 2
    assert Commit.objects.count() == count
    for mode in ("shallow", "full"):
        with pytest.raises(UnsupportedByEngine, match=mode):
            collect_garbage(mode)


def test_transaction_mode_is_not_used(dolt: None) -> None:
    connection.ensure_connection()
    sent: list[str] = []
    connection.transaction_mode = "EXCLUSIVE"
    connection.connection.set_trace_callback(sent.append)
    try:
        with transaction.atomic():
            Site.objects.create(name="s")
    finally:
        connection.close()
        connection.transaction_mode = None
    begun = [sql for sql in sent if sql.startswith("BEGIN")]
    assert begun == ["BEGIN IMMEDIATE"]


def test_branches_are_not_made_merged_or_deleted_by_who_has_written(
    feature: str, make_branch: MakeBranch
) -> None:
    make_branch("feature/y")
    Site.objects.using("feature/y").create(name="to be merged")
    with pytest.raises(AnotherBranchIsWriting), AutoDoltCommit():
        Site.objects.create(name="s")
        Branch.objects.create(name="side", start_point="main")
    with pytest.raises(AnotherBranchIsWriting), AutoDoltCommit():
        Site.objects.using(feature).create(name="s")
        Branch.objects.create(name="side", start_point="main")
    with pytest.raises(AnotherBranchIsWriting), AutoDoltCommit():
        Site.objects.create(name="s")
        Branch.objects.get(name=feature).delete()
    with pytest.raises(AnotherBranchIsWriting), AutoDoltCommit():
        Site.objects.create(name="s")
        merges.merge("feature/y", feature)
    assert sorted(Branch.objects.values_list("name", flat=True)) == [feature, "feature/y", "main"]
    assert not Site.objects.using(feature).exists()
    assert not Site.objects.exists()


def test_diff_as_sql_is_in_sqlites_words(feature: str) -> None:
    Site.objects.using(feature).create(name="it's")
    out = StringIO()
    call_command("dolt", "diff", "main", feature, "--format", "sql", stdout=out)
    assert 'INSERT INTO "inventory_site"' in out.getvalue() and "'it''s'" in out.getvalue()


def test_versioned_table_cannot_be_made_shared(dolt: None) -> None:
    with pytest.raises(UnsupportedByEngine, match="Making a versioned table shared"):
        untrack(["inventory_site"])


@pytest.mark.parametrize(
    "words",
    [
        ("remote", "add", "origin", "file:///nowhere"),
        ("fetch", "origin"),
        ("push", "origin", "main"),
        ("pull", "origin", "main"),
        ("clone", "file:///nowhere", "copy"),
    ],
    ids=lambda words: words[0],
)
def test_every_verb_of_remotes_is_refused(dolt: None, words: tuple[str, ...]) -> None:
    with pytest.raises(Exception, match="the embedded engine.*docs/embedded.md"):
        call_command("dolt", *words)


class OneBranchInATestCase(TestCase):
    """Django's TestCase holds one transaction, and with it the lock."""

    @classmethod
    def setUpClass(cls) -> None:
        Branch.objects.create(name="side", start_point="main")
        super().setUpClass()

    @classmethod
    def tearDownClass(cls) -> None:
        super().tearDownClass()
        Branch.objects.get(name="side").delete(force=True)

    def test_second_branch_is_refused(self) -> None:
        Site.objects.create(name="s")
        with pytest.raises(AnotherBranchIsWriting):
            Site.objects.using("side").create(name="s")
        with pytest.raises(AnotherBranchIsWriting):
            Branch.objects.create(name="more")
        assert Site.objects.count() == 1


def test_project_moves_from_plain_sqlite_as_the_page_says(site: Project) -> None:
    settings = site.folder / "embedded_settings.py"
    embedded = settings.read_text()
    plain = (
        "DATABASES = {'default': DATABASES['plain']}\nDATABASE_ROUTERS = []\n"
        "INSTALLED_APPS = [app for app in INSTALLED_APPS if 'dolt_router' not in app]\n"
    )
    settings.write_text(embedded + plain)
    site.manage("migrate", "--verbosity", "0")
    site.manage(
        "shell",
        "-c",
        "from django.contrib.auth.models import User, Permission;"
        "from tests.inventory.models import Site, Device;"
        "ann = User.objects.create_user('ann');"
        "ann.user_permissions.add(Permission.objects.first());"
        "Device.objects.create(name='d', owner=ann, site=Site.objects.create(name='Berlin'))",
    )
    site.manage(*DUMP)
    settings.write_text(embedded)
    site.manage("migrate", "--verbosity", "0")
    site.manage("loaddata", "all.json")
    shown = site.manage(
        "dbshell",
        "--",
        "SELECT d.name, s.name, u.username FROM inventory_device d "
        "JOIN inventory_site s ON s.id = d.site_id JOIN auth_user u ON u.id = d.owner_id",
    )
    assert shown.splitlines()[1] == "d|Berlin|ann"
    assert "added 1 site, added 1 device" in site.manage("dolt", "log", "--oneline", "-n", "1")


DUMP = [
    "dumpdata",
    "--natural-foreign",
    "--natural-primary",
    "-e",
    "contenttypes",
    "-e",
    "auth.permission",
    "-o",
    "all.json",
]


def test_every_row_of_the_page_names_tests_that_are_there() -> None:
    text = (Path(__file__).parents[3] / "docs" / "embedded.md").read_text()
    lines = text.partition("## What differs")[2].splitlines()
    rows = [line for line in lines if line.startswith("| ") and "shown by" not in line]
    assert len(rows) > 20
    for row in rows:
        named = re.findall(r"`([\w/]+\.py)::(\w+)`", row.rpartition(" | ")[2])
        assert named, row
        for file, test in named:
            places = [Path(__file__).parent / file, Path(__file__).parents[2] / file]
            found = [place for place in places if place.exists()]
            assert found, file
            assert f"def {test}(" in found[0].read_text(), f"{file} has no {test}"


def test_the_page_names_the_same_command() -> None:
    page = (Path(__file__).parents[3] / "docs" / "embedded.md").read_text()
    assert " ".join(DUMP) in " ".join(page.split())
