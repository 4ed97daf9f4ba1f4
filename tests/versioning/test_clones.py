"""Clone, and the shared tables of a site that runs on one."""

# ruff: noqa: F811 (fixtures are imported by name)

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dolt_router.exceptions import (
    DoltServerError,
    MergeConflict,
    RemoteError,
)
from dolt_router.versioning import branches, remotes
from dolt_router.versioning.provisioning import create_shared_tables, missing_shared_tables
from dolt_router.versioning.sharing import status
from tests.inventory.models import Device, Site
from tests.remote_sites import (  # noqa: F401
    MakeSite,
    log_of,
    make_site,
    no_remotes,
    origin,
    server_cursor,
    twin,
    versioned_rows,
)

THERE = "twin/main"


def test_clone_equals_the_source_on_every_branch(
    origin: str, make_branch: Any, make_site: MakeSite
) -> None:
    Device.objects.create(name="a", site=Site.objects.create(name="s"))
    make_branch("feature/x")
    Device.objects.using("feature/x").update(height=7)
    for name in ("main", "feature/x"):
        remotes.push(name)
    name = f"clone_{uuid.uuid4().hex[:8]}"
    make_site("copy", name)
    assert remotes.clone(origin, name) == (name, ("feature/x", "main"))
    for ref in ("main", "feature/x"):
        assert versioned_rows("copy", ref) == versioned_rows("default", ref)
        assert log_of("copy", ref) == log_of("default", ref)
    assert remotes.list_remotes("copy") == [("origin", origin)]


def test_clone_of_the_default_branch_alone(
    origin: str, make_branch: Any, make_site: MakeSite
) -> None:
    make_branch("feature/x")
    for name in ("main", "feature/x"):
        remotes.push(name)
    name = f"clone_{uuid.uuid4().hex[:8]}"
    make_site("copy", name)
    assert remotes.clone(origin, name, "source", single_branch=True).branches == ("main",)
    assert [remote.name for remote in remotes.list_remotes("copy")] == ["source"]


@pytest.mark.parametrize("name", ["", "../evil", "a/b", "a b", "-x", "a`b", "mysql", "a" * 65])
def test_clone_to_what_is_no_database_name_is_refused(origin: str, name: str) -> None:
    with pytest.raises(RemoteError, match="can't be the name of a database"):
        remotes.clone(origin, name)


def test_clone_to_a_database_that_exists_leaves_it_alone(twin: str, origin: str) -> None:
    rows = versioned_rows(twin)
    with pytest.raises(RemoteError, match="exists already"):
        remotes.clone(origin, connections[twin].settings_dict["NAME"])
    assert versioned_rows(twin) == rows


def test_clone_of_an_empty_remote_makes_no_database(origin: str) -> None:
    with pytest.raises(RemoteError, match="empty"):
        remotes.clone(origin, "never_made")
    with server_cursor() as cursor:
        cursor.execute("SHOW DATABASES")
        assert "never_made" not in {name for (name,) in cursor.fetchall()}


def test_site_on_a_clone_gets_its_shared_tables_and_rows(
    twin: str, tmp_path: Path, django_user_model: Any
) -> None:
    user = django_user_model.objects.create(username="ann")
    call_command("migrate", verbosity=0)
    Device.objects.create(name="hers", owner=user)
    remotes.push("main")
    dump = tmp_path / "shared.json"
    call_command("dumpdata", "contenttypes", "auth", database="default", output=str(dump))
    remotes.pull("main", using=twin)
    log = log_of(twin)

    assert "auth_user" in missing_shared_tables(twin)
    assert "auth_user" in create_shared_tables(twin)
    assert create_shared_tables(twin) == [] == missing_shared_tables(twin)
    call_command("loaddata", str(dump), database=twin, verbosity=0)
    call_command("migrate", database=twin, verbosity=0)

    assert log_of(twin) == log
    assert status("main", twin) == []
    for model in ("auth_user", "auth_permission", "django_content_type"):
        rows = []
        for alias in ("default", twin):
            with connections[f"{alias}/main"].cursor() as cursor:
                column = "username" if model == "auth_user" else "CONCAT(content_type_id, codename)"
                column = "model" if model == "django_content_type" else column
                cursor.execute(f"SELECT id, {column} FROM {model} ORDER BY id")
                rows.append(cursor.fetchall())
        assert rows[0] == rows[1], model
    branches.create("work", "main", twin)
    assert Device.objects.using("twin/work").get(owner__username="ann").name == "hers"
    Device.objects.create(pk=900, name="later")
    remotes.push("main")
    assert remotes.pull("main", using=twin).fast_forward
    assert django_user_model.objects.using(THERE).get().username == "ann"


def test_tables_of_an_app_that_are_there_in_part_are_not_touched(twin: str) -> None:
    create_shared_tables(twin)
    with connections[THERE].cursor() as cursor:
        cursor.execute("DROP TABLE auth_user_groups")
    with pytest.raises(DoltServerError, match=r"tables of auth .* auth_user_groups are missing"):
        create_shared_tables(twin)


def test_shared_migration_whose_record_was_pulled_is_run_after_it_is_taken_back(twin: str) -> None:
    create_shared_tables(twin)
    with connections[THERE].cursor() as cursor:
        cursor.execute("ALTER TABLE auth_user MODIFY first_name VARCHAR(30) NOT NULL")
    last = "0011_update_proxy_permissions"
    call_command("migrate", "auth", last, fake=True, database=twin, verbosity=0)
    call_command("migrate", "auth", database=twin, verbosity=0)
    with connections[THERE].cursor() as cursor:
        cursor.execute("SHOW CREATE TABLE auth_user")
        assert "`first_name` varchar(150)" in cursor.fetchone()[1]
    Device.objects.create(name="later")
    remotes.push("main")
    assert not remotes.pull("main", using=twin).fast_forward


def test_migration_that_two_sites_applied_conflicts(twin: str) -> None:
    for alias in ("default", twin):
        # The next number of each site's own counter: the same, unless a test moved one.
        MigrationRecorder(connections[f"{alias}/main"]).migration_qs.create(
            pk=9000, app="inventory", name="0002_more", applied=timezone.now()
        )
    remotes.push("main")
    with pytest.raises(MergeConflict) as caught:
        remotes.pull("main", using=twin)
    assert set(caught.value.tables) == {"django_migrations"}
    MigrationRecorder(connections["default/main"]).record_unapplied("inventory", "0002_more")


Edit = st.tuples(
    st.sampled_from(["main", "side"]),
    st.sampled_from(["make", "change", "drop"]),
    st.integers(1, 4),
)


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(edits=st.lists(Edit, min_size=1, max_size=6))
def test_whatever_was_pushed_is_what_a_clone_has(
    origin: str, make_site: MakeSite, edits: list[tuple[str, str, int]]
) -> None:
    if "side" not in branches.names():
        branches.create("side", "main")
    for ref, action, pk in edits:
        found = Device.objects.using(ref).filter(pk=pk)
        if action == "make" and not found.exists():
            Device.objects.using(ref).create(pk=pk, name=f"{ref}-{pk}")
        elif action == "change":
            found.update(height=found.first().height + 1 if found.exists() else 0)
        else:
            found.delete()
    for ref in ("main", "side"):
        remotes.push(ref)
    name = f"clone_{uuid.uuid4().hex[:8]}"
    make_site(f"copy{name}", name)
    remotes.clone(origin, name)
    for ref in ("main", "side"):
        assert versioned_rows(f"copy{name}", ref) == versioned_rows("default", ref)
        assert log_of(f"copy{name}", ref) == log_of("default", ref)
