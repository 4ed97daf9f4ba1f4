"""Fetch and pull, and two sites that do so to each other."""

# ruff: noqa: F811 (fixtures are imported by name)

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection, connections, models
from django.test import override_settings

from dolt_router.exceptions import (
    BranchDoesNotExist,
    MergeConflict,
    NotFastForward,
    RemoteError,
    StaleWrite,
)
from dolt_router.models import Branch, Commit
from dolt_router.versioning import branches, remotes
from dolt_router.versioning.sharing import status
from tests.inventory.models import Device, Site
from tests.remote_sites import (  # noqa: F401
    MakeSite,
    log_of,
    make_site,
    no_remotes,
    origin,
    twin,
    versioned_rows,
)

THERE = "twin/main"


def head(alias: str = "default", ref: str = "main") -> str:
    return log_of(alias, ref)[0]


def test_fetch_tells_what_changed_and_moves_no_branch(twin: str, make_branch: Any) -> None:
    assert remotes.fetch(using=twin).updated == ()
    before = head()
    Device.objects.create(name="a")
    make_branch("feature/x")
    with connection.cursor() as cursor:
        cursor.execute("CALL dolt_tag('v1', 'main')")
    remotes.push("main")
    remotes.push("feature/x")
    with connection.cursor() as cursor:
        cursor.execute("CALL dolt_push('origin', 'v1')")
    updates = remotes.fetch(using=twin).updated
    assert updates[:2] == (
        ("origin/feature/x", None, head()),
        ("origin/main", before, head()),
    )
    assert [(update.name, update.before) for update in updates[2:]] == [("tags/v1", None)]
    assert head(twin) == before
    assert Device.objects.using(f"twin/{updates[1].after}").count() == 1


def test_fetch_of_one_branch_and_prune(twin: str, make_branch: Any) -> None:
    for name in ("one", "two"):
        make_branch(name)
        remotes.push(name)
    assert [u.name for u in remotes.fetch(branch="two", using=twin).updated] == ["origin/two"]
    with pytest.raises(RemoteError, match="no such branch"):
        remotes.fetch(branch="three", using=twin)
    with pytest.raises(ValueError, match="prune"):
        remotes.fetch(branch="two", prune=True, using=twin)
    with connection.cursor() as cursor:
        cursor.execute("CALL dolt_push('origin', ':two')")
    updates = remotes.fetch(prune=True, using=twin).updated
    assert [(u.name, u.after is None) for u in updates] == [
        ("origin/one", False),
        ("origin/two", True),
    ]


def test_pull_fast_forwards(twin: str) -> None:
    Device.objects.create(name="a")
    remotes.push("main")
    assert remotes.pull("main", using=twin) == (head(), True, False)
    assert remotes.pull("main", using=twin) == (head(), False, True)
    assert Device.objects.using(THERE).get().name == "a"


class Part(models.Model):
    name = models.CharField(max_length=20)

    class Meta:
        app_label = "scratch"


@pytest.mark.parametrize("by", ["pull", "branch"])
def test_rows_made_after_a_pull_get_ids_that_are_free(twin: str, by: str) -> None:
    remotes.push("main")
    remotes.pull("main", using=twin)
    with connection.schema_editor() as editor:
        editor.create_model(Part)
    try:
        for model in (Part, Device):
            for name in ("one", "two"):
                model.objects.create(name=name)
        remotes.push("main")
        if by == "pull":
            remotes.pull("main", using=twin)
            there = THERE
        else:
            (update,) = remotes.fetch(using=twin).updated
            branches.create("try", update.after, using=twin)
            there = "twin/try"
        for model in (Part, Device):
            made = model.objects.using(there).create(name="three")
            assert made.pk > max(model.objects.values_list("pk", flat=True))
        assert status("main", twin) == []
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(Part)


def test_pull_of_a_branch_that_moved_on_both_sides_is_a_merge_commit(twin: str) -> None:
    Device.objects.create(pk=1, name="here")
    remotes.push("main")
    Device.objects.using(THERE).create(pk=2, name="there")
    result = remotes.pull("main", author="Ann <ann@example.org>", using=twin)
    merged = Commit.objects.on("main", twin)[0]
    assert result == (merged.commit_hash, False, False)
    assert merged.message == 'Merge branch "main" of remote "origin"'
    assert merged.author == "Ann <ann@example.org>"
    assert {d.name for d in Device.objects.using(THERE)} == {"here", "there"}
    remotes.push("main", using=twin)
    assert remotes.pull("main").fast_forward
    assert log_of("default") == log_of(twin)


def test_pull_that_conflicts_names_tables_and_rows_and_changes_nothing(twin: str) -> None:
    for pk in (1, 2):
        Device.objects.create(pk=pk, name=f"d{pk}", height=1)
    Site.objects.create(pk=1, name="s")
    remotes.push("main")
    remotes.pull("main", using=twin)
    for alias, height in (("default/main", 2), (THERE, 3)):
        Device.objects.using(alias).update(height=height)
        Site.objects.using(alias).update(name=alias)
    remotes.push("main")
    rows, log = versioned_rows(twin), log_of(twin)
    with pytest.raises(MergeConflict, match=r'pull "origin/main" into "main"') as caught:
        remotes.pull("main", using=twin)
    assert caught.value.tables == {"inventory_device": 2, "inventory_site": 1}
    assert (versioned_rows(twin), log_of(twin)) == (rows, log)
    assert status("main", twin) == []


def test_pull_with_ff_only_refuses_a_branch_that_moved(twin: str) -> None:
    Device.objects.create(pk=1, name="here")
    remotes.push("main")
    Device.objects.using(THERE).create(pk=2, name="there")
    with pytest.raises(NotFastForward):
        remotes.pull("main", strategy="ff-only", using=twin)


@override_settings(DOLT_ROUTER={"PROTECTED_BRANCHES": ["main"]})
def test_protected_branch_takes_a_pull(twin: str, make_branch: Any) -> None:
    make_branch("work")
    Device.objects.using("work").create(name="a")
    Branch.objects.get(name="work").merge(into="main")
    remotes.push("main")
    assert remotes.pull("main", using=twin).fast_forward


def test_pull_takes_the_remotes_branch_where_a_branch_here_has_the_same_name(twin: str) -> None:
    branches.create("origin/main", "main", twin)
    Device.objects.create(name="a")
    remotes.push("main")
    assert remotes.pull("main", using=twin).commit_hash == head()
    assert Device.objects.using(THERE).count() == 1


def test_pull_of_what_is_not_there(twin: str) -> None:
    with pytest.raises(BranchDoesNotExist):
        remotes.pull("nope", using=twin)
    branches.create("only/here", "main", twin)
    with pytest.raises(RemoteError, match="no such branch"):
        remotes.pull("only/here", using=twin)


def test_two_sites_that_write_at_once_converge(twin: str) -> None:
    failures: list[BaseException] = []

    def site(alias: str, first: int) -> None:
        try:
            for number in range(6):
                Device.objects.using(f"{alias}/main").create(pk=first + number, name=alias)
                publish(alias)
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    def publish(alias: str) -> None:
        for _attempt in range(50):
            try:
                remotes.pull("main", using=alias)
                remotes.push("main", using=alias)
                return
            except (RemoteError, StaleWrite):
                continue
        raise AssertionError("never got through")

    threads = [
        threading.Thread(target=site, args=(alias, first))
        for alias, first in (("default", 1000), (twin, 2000))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for alias in ("default", twin):
        remotes.pull("main", using=alias)
    assert head() == head(twin)
    assert versioned_rows("default") == versioned_rows(twin)
    assert Device.objects.count() == 12
    assert status("main") == [] == status("main", twin)


def test_rows_made_on_both_sides_get_the_same_key_and_conflict(twin: str) -> None:
    here = Site.objects.create(name="here")
    remotes.push("main")
    there = Site.objects.using(THERE).create(pk=here.pk, name="there")
    assert here.pk == there.pk
    with pytest.raises(MergeConflict):
        remotes.pull("main", using=twin)
