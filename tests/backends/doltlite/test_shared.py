"""Shared tables on the embedded engine: one live copy for all branches, in a file of its own."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import IntegrityError, connection, connections, transaction
from django.test import Client

from dolt_router import use_branch
from dolt_router.autocommit import AutoDoltCommit
from dolt_router.exceptions import MixedTransaction, SharedTableWrite
from dolt_router.models import Branch, Commit, Tag
from tests.conftest import EMBEDDED
from tests.inventory.models import Device, Site

pytestmark = pytest.mark.skipif(not EMBEDDED, reason="DOLT_ROUTER_TEST_ENGINE is not doltlite")


def tables(schema: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT name FROM {schema}.sqlite_master WHERE type = 'table'")
        return {name for (name,) in cursor.fetchall() if not name.startswith(("sqlite_", "dolt_"))}


def log_change(user: User, device: Device) -> LogEntry:
    return LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(Device),
        object_id=str(device.pk),
        action_flag=CHANGE,
    )


def test_shared_tables_are_in_their_own_file_and_versioned_ones_in_the_other(dolt: None) -> None:
    assert {"auth_user", "django_session", "django_admin_log"} <= tables("shared")
    assert not any(name.startswith("auth_") for name in tables("main"))
    assert {"inventory_device", "django_migrations"} <= tables("main")


def test_the_shared_file_is_plain_sqlite(dolt: None) -> None:
    User.objects.create_user("ann")
    path = f"{connection.base_name}-shared"
    connections.close_all()
    with sqlite3.connect(path) as plain:
        assert plain.execute("SELECT username FROM auth_user").fetchall() == [("ann",)]
    plain.close()


def test_user_made_later_is_seen_joined_and_pointed_to_from_a_branch(feature: str) -> None:
    ann = User.objects.create_user("ann")
    with use_branch(feature):
        Device.objects.create(name="d", owner=ann)
        assert Device.objects.get(owner__username="ann").owner == ann
        assert Device.objects.select_related("owner").get().owner.username == "ann"
        assert ann.device_set.get().name == "d"
        ann.username = "anna"
        ann.save()
        assert Device.objects.filter(owner__username="anna").exists()
    assert User.objects.using(feature).get().username == "anna"


def test_shared_rows_are_in_no_commit(feature: str, log: Any) -> None:
    log.mark()
    log.mark(feature)
    with use_branch(feature):
        User.objects.create_user("ann")
    assert log() == [] and log(feature) == []


def test_write_to_a_shared_table_on_a_branch_is_refused_by_alias_and_raw(feature: str) -> None:
    with pytest.raises(SharedTableWrite):
        User.objects.using(feature).create(username="no")
    for sql in (
        "INSERT INTO auth_user (username) VALUES ('no')",
        'UPDATE "auth_user" SET is_staff = 1',
        "WITH some AS (SELECT 1) DELETE FROM auth_user",
    ):
        with pytest.raises(SharedTableWrite), connections[feature].cursor() as cursor:
            cursor.execute(sql)
    assert not User.objects.exists()


def test_shared_and_versioned_rows_of_a_block_stay_or_go_together(dolt: None) -> None:
    with transaction.atomic():
        ann = User.objects.create_user("ann")
        log_change(ann, Device.objects.create(name="d", owner=ann))
    assert (User.objects.count(), Device.objects.count(), LogEntry.objects.count()) == (1, 1, 1)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        Device.objects.create(name="e", owner=User.objects.create_user("bob"))
        1 / 0  # noqa: B018
    assert (User.objects.count(), Device.objects.count()) == (1, 1)


def test_shared_row_is_read_back_in_its_own_block(dolt: None) -> None:
    with transaction.atomic():
        Site.objects.create(name="s")
        User.objects.create_user("ann")
        assert User.objects.get().username == "ann"
        assert [site.name for site in Site.objects.all()] == ["s"]
        User.objects.filter(username="ann").update(first_name="Ann")
        assert User.objects.filter(first_name="Ann").count() == 1


def test_shared_row_of_a_branchs_block_is_written_while_the_branch_is(feature: str) -> None:
    with use_branch(feature), AutoDoltCommit("both"):
        device = Device.objects.create(name="d")
        ann = User.objects.create_user("ann")
        device.owner = ann
        device.save()
        log_change(ann, device)
    assert Device.objects.using(feature).get().owner == ann
    assert LogEntry.objects.get().user == ann
    with pytest.raises(ZeroDivisionError), use_branch(feature), AutoDoltCommit("neither"):
        Device.objects.create(name="e", owner=User.objects.create_user("bob"))
        1 / 0  # noqa: B018
    assert User.objects.count() == 1 == Device.objects.using(feature).count()


def test_join_over_uncommitted_rows_of_both(dolt: None) -> None:
    User.objects.create_user("old")
    with transaction.atomic():
        ann = User.objects.create_user("ann", password="pw")
        Device.objects.create(name="d", owner=ann)
        found = Device.objects.select_related("owner").get(owner__username="ann")
        assert (found.owner.date_joined, found.owner.password) == (ann.date_joined, ann.password)
        assert found.owner.is_active is True and found.owner.last_login is None
        assert list(User.objects.exclude(device=None)) == [ann]
        Device.objects.filter(owner__in=User.objects.filter(username="ann")).update(height=7)
        with transaction.atomic():
            User.objects.filter(username="ann").update(username="anna")
            assert Device.objects.filter(owner__username="anna").get().height == 7
    assert Device.objects.get(owner__username="anna").height == 7


def test_shared_row_made_of_uncommitted_versioned_ones_is_refused(dolt: None) -> None:
    copy = "INSERT INTO auth_group (name) SELECT name FROM inventory_site"
    with transaction.atomic(), connection.cursor() as cursor:
        Site.objects.create(name="s")
        with pytest.raises(MixedTransaction, match="inventory_site"):
            cursor.execute(copy)
    with connection.cursor() as cursor:
        cursor.execute(copy)
    assert [group.name for group in Group.objects.all()] == ["s"]


def test_join_that_needs_uncommitted_rows_of_one_side_is_right(dolt: None) -> None:
    ann = User.objects.create_user("ann")
    with transaction.atomic():
        Device.objects.create(name="d", owner=ann)
        assert Device.objects.filter(owner__username="ann").count() == 1
    with transaction.atomic():
        User.objects.filter(pk=ann.pk).update(username="anna")
        assert Device.objects.filter(owner__username="anna").count() == 1


def test_savepoint_takes_back_rows_of_both_files(dolt: None) -> None:
    with transaction.atomic():
        Site.objects.create(name="kept")
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            User.objects.create_user("gone")
            Site.objects.create(name="gone")
            1 / 0  # noqa: B018
        User.objects.create_user("kept")
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            User.objects.create_user("gone")
            1 / 0  # noqa: B018
    assert [user.username for user in User.objects.all()] == ["kept"]
    assert [site.name for site in Site.objects.all()] == ["kept"]


def test_keys_within_the_shared_file_hold(dolt: None) -> None:
    with pytest.raises(IntegrityError), connection.cursor() as cursor:
        cursor.execute("INSERT INTO auth_user_groups (user_id, group_id) VALUES (77, 88)")


def test_user_that_is_deleted_takes_what_django_says_on_this_branch_only(feature: str) -> None:
    ann = User.objects.create_user("ann")
    Device.objects.create(name="here", owner=ann)
    Device.objects.using(feature).create(name="there", owner=ann)
    with use_branch(feature):
        User.objects.get().delete()
    owned = {alias: Device.objects.using(alias).get().owner_id for alias in ("main", feature)}
    assert sorted(owned.values(), key=str) == [ann.pk, None]


def test_point_in_history_sees_the_live_users(dolt: None) -> None:
    ann = User.objects.create_user("ann")
    Device.objects.create(name="d", owner=ann)
    Tag.objects.create(name="v1")
    ann.username = "anna"
    ann.save()
    assert Device.objects.using("v1").get(owner__username="anna").name == "d"


def test_schema_of_shared_tables_is_introspected_from_any_branch(feature: str) -> None:
    for alias in ("default", feature):
        wrapper = connections[alias]
        with wrapper.cursor() as cursor:
            names = wrapper.introspection.table_names(cursor)
            constraints = wrapper.introspection.get_constraints(cursor, "auth_user")
            columns = wrapper.introspection.get_table_description(cursor, "auth_user")
            relations = wrapper.introspection.get_relations(cursor, "auth_user_groups")
        assert {"auth_user", "inventory_device"} <= set(names)
        assert any(c["unique"] and c["columns"] == ["username"] for c in constraints.values())
        assert "last_login" in [column.name for column in columns]
        assert {target[1] for target in relations.values()} == {"auth_user", "auth_group"}


def test_login_and_session_while_on_a_branch(feature: str) -> None:
    User.objects.create_user("ann", password="pw")
    client = Client()
    assert client.login(username="ann", password="pw")
    session = client.session
    session["dolt-branch"] = feature
    session.save()
    assert client.get("/names/").status_code == 200
    head = Commit.objects.on(feature)[0]
    client.get("/names/")
    assert Commit.objects.on(feature)[0] == head
    assert Branch.objects.get(name=feature).hash == head.commit_hash


def test_flush_empties_both_files_and_starts_their_ids_afresh(dolt: None) -> None:
    User.objects.create_user("ann")
    Site.objects.create(name="s")
    call_command("flush", interactive=False, verbosity=0)
    assert not User.objects.exists() and not Site.objects.exists()
    assert Commit.objects.all()[0].message == "Flush"
    assert (User.objects.create_user("bob").pk, Site.objects.create(name="t").pk) == (1, 1)
