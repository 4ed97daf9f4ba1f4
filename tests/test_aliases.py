"""The alias grammar, everywhere Django takes an alias."""

from __future__ import annotations

import threading
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.db.models import Sum
from django.utils.functional import SimpleLazyObject

from dolt_router import branch_alias, current_branch, use_branch
from dolt_router.exceptions import (
    BranchDoesNotExist,
    CrossBranchRelation,
    CrossBranchWrite,
    InvalidBranchName,
    ReadOnlyRevision,
    SharedTableWrite,
)
from dolt_router.models import Branch, Commit
from tests.inventory.models import Device, Site, Tag


def here() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT active_branch()")
        return str(cursor.fetchone()[0])


def test_default_is_the_active_branch(feature: str) -> None:
    assert here() == "main"
    with use_branch(feature):
        assert (here(), current_branch()) == (feature, feature)
        with use_branch("main"):
            assert here() == "main"
        assert here() == feature
    assert here() == "main"


def test_short_and_full_alias_are_one_connection(feature: str) -> None:
    assert connections["feature/x"] is connections["default/feature/x"]
    assert connections["default"] is connections["default/main"] is connections["main"]
    assert branch_alias(feature) == "default/feature/x"


def test_typo_raises_with_the_nearest_name_and_is_not_kept(feature: str) -> None:
    with pytest.raises(BranchDoesNotExist, match='Did you mean "feature/x"') as caught:
        Device.objects.using("feture/x").count()
    assert caught.value.suggestions == ["feature/x"]
    with pytest.raises(BranchDoesNotExist), use_branch("nope"):
        Device.objects.create(name="a")
    assert "nope" not in str(list(connections))


def test_other_case_is_not_the_branch(feature: str) -> None:
    with pytest.raises(BranchDoesNotExist, match='"feature/x"'):
        Device.objects.using("Feature/X").count()


@pytest.mark.parametrize(
    "name", ["", "-x", "a b", "a..b", "a:b", "a~1", "é", "HEAD", "a/", "x" * 300]
)
def test_malformed_name_is_refused_before_the_server(dolt: None, name: str) -> None:
    with pytest.raises(InvalidBranchName):
        use_branch(name)
    with pytest.raises(InvalidBranchName):
        connections[f"default/{name}"]


@pytest.mark.parametrize(
    "name", ["a'b", "x`y", "50%", "a%sb", "v1.0_x-y", "deep/er/and/er", "a{b}", "a;b", 'a"b']
)
def test_every_legal_name_works(make_branch: Any, name: str) -> None:
    make_branch(name)
    Device.objects.using(f"default/{name}").create(name="on it")
    assert Device.objects.using(name).get().name == "on it"
    assert Commit.objects.on(name)[0].message == "Added 1 device"
    Branch.objects.get(name=name).merge(into="main")
    assert Device.objects.get().name == "on it"


def test_commit_and_tag_are_read_only_views(feature: str) -> None:
    Device.objects.create(name="before")
    old = Commit.objects.on("main")[0].commit_hash
    Device.objects.create(name="after")
    with connection.cursor() as cursor:
        cursor.execute("CALL dolt_tag('v1', %s)", [old])
    for ref in (old, "v1"):
        assert [d.name for d in Device.objects.using(f"default/{ref}")] == ["before"]
        with pytest.raises(ReadOnlyRevision):
            Device.objects.using(f"default/{ref}").create(name="rewrite history")
    with connection.cursor() as cursor:
        cursor.execute("CALL dolt_tag('-d', 'v1')")


def test_every_way_runs_on_its_branch(feature: str) -> None:
    with use_branch(feature):
        site = Site.objects.create(name="s")
        Device.objects.bulk_create([Device(name=n, site=site) for n in "abc"])
        Device.objects.filter(name="a").update(height=4)
        device = Device.objects.get(name="b")
    # Outside the block: each object stays on its branch.
    device.name = "b2"
    device.save()
    device.tags.set([Tag.objects.using(feature).create(name="t")])
    device.refresh_from_db()
    assert device._state.db == "default/feature/x" == branch_alias(feature)
    assert [t.name for t in device.tags.all()] == ["t"]
    assert [d.name for d in Device.objects.using(feature).prefetch_related("tags", "site")] == [
        "a",
        "b2",
        "c",
    ]
    assert Device.objects.using(feature).aggregate(total=Sum("height"))["total"] == 6
    assert [d.name for d in Device.objects.using(feature).raw("SELECT * FROM inventory_device")]
    with transaction.atomic(using=feature):
        assert Device.objects.using(feature).select_for_update().get(name="a").height == 4
    Device.objects.using(feature).filter(name="c").delete()
    assert Device.objects.using(feature).count() == 2
    assert Device.objects.count() == 0


def test_subquery_with_another_spelling_of_the_same_branch(feature: str) -> None:
    site = Site.objects.using("feature/x").create(name="s")
    Device.objects.using("default/feature/x").create(name="d", site=site)
    sites = Site.objects.using("feature/x")
    assert Device.objects.using("default/feature/x").filter(site__in=sites).count() == 1
    site.devices.add(Device.objects.using("default/feature/x").get())


def test_relation_across_branches_is_refused_with_the_way_to_do_it(feature: str) -> None:
    site = Site.objects.create(name="on main")
    device = Device.objects.using(feature).create(name="on feature")
    with pytest.raises(CrossBranchRelation, match=r"relation can't cross branches.*objects.using"):
        device.site = site


def test_other_databases_are_left_alone(dolt: None) -> None:
    from dolt_router.routers import BranchRouter

    device = Device(name="elsewhere")
    device._state.db = "other"
    router = BranchRouter()
    assert router.db_for_write(Device, instance=device) is None
    assert router.allow_relation(device, Site()) is None
    assert router.allow_migrate("other", "inventory") is None


def test_shared_table_on_a_branch_connection_is_refused_before_it_is_sent(feature: str) -> None:
    from django.contrib.auth.models import Group

    with pytest.raises(SharedTableWrite, match="auth_group"):
        Group.objects.using(feature).create(name="g")
    with use_branch(feature):
        Group.objects.create(name="g")
        assert Group.objects.using(feature).count() == 1
    with connections[feature].cursor() as cursor, pytest.raises(SharedTableWrite):
        cursor.execute("DELETE FROM `auth_group` WHERE 1=1")
    assert Group.objects.count() == 1


@pytest.mark.parametrize(
    "sql",
    [
        "USE inventory",
        "CALL dolt_checkout('main')",
        "INSERT INTO `inventory/main`.inventory_tag (name) VALUES ('x')",
        "SELECT 1; USE inventory",
        "/* x */ uSe inventory",
    ],
)
def test_raw_sql_cannot_leave_the_branch(feature: str, sql: str) -> None:
    with connections[feature].cursor() as cursor, pytest.raises(CrossBranchWrite):
        cursor.execute(sql)


def test_iteration_shows_static_and_open_aliases(feature: str) -> None:
    assert set(connections.settings) <= set(connections)
    assert "default/feature/x" not in list(connections)
    Device.objects.using(feature).count()
    assert "default/feature/x" in list(connections)
    assert "feature/x" in connections
    assert "nope/y" not in connections
    assert len({id(c) for c in connections.all()}) == len(connections.all())
    connections.close_all()
    opened = connections.all(initialized_only=True)
    assert all(c.connection is None for c in opened if getattr(c, "is_dolt", False))


def test_a_wrappers_own_alias_is_one_of_the_connections(feature: str) -> None:
    assert connections["default"].alias in connections
    assert connections[feature].alias in connections
    assert connections[connections[feature].alias] is connections[feature]


def test_commands_take_branches(feature: str) -> None:
    call_command("migrate", database="feature/x", verbosity=0)
    call_command("check", databases=["feature/x"], stdout=StringIO())
    Site.objects.using(feature).create(name="dumped")
    out = StringIO()
    call_command("dumpdata", "inventory.site", "--database=feature/x", stdout=out)
    assert "dumped" in out.getvalue()
    with pytest.raises(CommandError, match="Did you mean"):
        call_command("dumpdata", "--database=featur/x", stdout=out)


def test_wrapper_belongs_to_its_thread(feature: str) -> None:
    mine = connections[feature]
    theirs: list[Any] = []

    def other() -> None:
        theirs.append(connections[feature])
        connections.close_all()

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert theirs[0] is not mine


def test_lazy_object_as_the_value_of_a_foreign_key(feature: str) -> None:
    user = User.objects.create_user("ann")
    lazy = SimpleLazyObject(lambda: user)  # what `request.user` is
    with use_branch(feature):
        device = Device(name="x", owner=lazy)
        device.save()
    assert Device.objects.using(feature).get().owner == user
