"""Schema changes and introspection, on main and on a branch."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection, connections, models
from django.db.migrations.recorder import MigrationRecorder
from django.test import override_settings

from dolt_router import use_branch
from dolt_router.autocommit import AutoDoltCommit
from dolt_router.exceptions import BranchNeedsMigration
from dolt_router.models import Branch, Commit
from dolt_router.versioning.sharing import status, tracked_shared_tables, untrack
from tests.inventory.models import Device, Site


class Owner(models.Model):
    name = models.CharField(max_length=20)

    class Meta:
        app_label = "scratch"


class Thing(models.Model):
    owner = models.ForeignKey(Owner, on_delete=models.CASCADE)
    code = models.CharField(max_length=20)
    price = models.DecimalField(max_digits=7, decimal_places=2, default=0)
    size = models.PositiveIntegerField(default=1)

    class Meta:
        app_label = "scratch"
        unique_together = [("owner", "code")]
        indexes = [models.Index(fields=["owner", "size"], name="thing_owner_size")]


class Key(models.Model):
    group = models.ForeignKey(Group, on_delete=models.CASCADE)

    class Meta:
        app_label = "scratch"


@pytest.fixture(params=["main", "feature/x"])
def ref(request: Any, dolt: None) -> Iterator[str]:
    if request.param != "main":
        Branch.objects.create(name=request.param)
    with use_branch(request.param):
        yield request.param
        connections["default"].close()
        with connection.schema_editor() as editor:
            with connection.cursor() as cursor:
                existing = connection.introspection.table_names(cursor)
            for model in (Key, Thing, Owner):
                if model._meta.db_table in existing:
                    editor.delete_model(model)


def constraints(model: type[models.Model]) -> dict[str, Any]:
    with connection.cursor() as cursor:
        return connection.introspection.get_constraints(cursor, model._meta.db_table)


def test_introspection_is_right_on_every_branch(ref: str) -> None:
    with connection.schema_editor() as editor:
        editor.create_model(Owner)
        editor.create_model(Thing)
    found = constraints(Thing).values()
    assert [c["foreign_key"] for c in found if c["foreign_key"]] == [("scratch_owner", "id")]
    assert [c["columns"] for c in found if c["unique"] and not c["primary_key"]] == [
        ["owner_id", "code"]
    ]
    assert [c["columns"] for c in found if c["check"]] == [["size"]]
    assert [c["columns"] for c in found if c["primary_key"]] == [["id"]]
    with connection.cursor() as cursor:
        relations = connection.introspection.get_relations(cursor, "scratch_thing")
        fields = connection.introspection.get_table_description(cursor, "scratch_thing")
    assert relations["owner_id"][:2] == ("id", "scratch_owner")
    by_name = {field.name: field for field in fields}
    assert list(by_name) == ["id", "owner_id", "code", "price", "size"]
    assert by_name["code"].display_size == 20
    assert (by_name["price"].precision, by_name["price"].scale) == (7, 2)
    assert by_name["size"].is_unsigned and not by_name["code"].is_unsigned
    assert "auto_increment" in by_name["id"].extra


def test_schema_editor_is_one_commit(ref: str) -> None:
    before = Commit.objects.on(ref).count()
    with connection.schema_editor() as editor:
        editor.create_model(Owner)
        editor.create_model(Thing)
    assert Commit.objects.on(ref).count() == before + 1
    assert Commit.objects.on(ref)[0].message == "Create scratch_owner, create scratch_thing"
    assert status(ref) == []
    with connection.schema_editor() as editor:
        editor.remove_index(Thing, Thing._meta.indexes[0])
    assert Commit.objects.on(ref)[0].message == "Alter scratch_thing"


def test_index_under_a_foreign_key_may_go(ref: str) -> None:
    with connection.schema_editor() as editor:
        editor.create_model(Owner)
        editor.create_model(Thing)
    with connection.schema_editor() as editor:
        editor.remove_index(Thing, Thing._meta.indexes[0])
        editor.alter_unique_together(Thing, [("owner", "code")], [])
    owner = Owner.objects.create(name="o")
    Thing.objects.create(owner=owner, code="a")
    Thing.objects.create(owner=owner, code="a")
    assert status(ref) == []
    assert [c["foreign_key"] for c in constraints(Thing).values() if c["foreign_key"]]


def test_index_under_a_foreign_key_may_be_renamed(ref: str) -> None:
    with connection.schema_editor() as editor:
        editor.create_model(Owner)
        editor.create_model(Thing)
    with connection.schema_editor() as editor:
        editor.alter_unique_together(Thing, [("owner", "code")], [])
        old = Thing._meta.indexes[0]
        editor.rename_index(Thing, old, models.Index(fields=["owner", "size"], name="renamed"))
    Thing.objects.create(owner=Owner.objects.create(name="o"), code="a")
    assert "renamed" in constraints(Thing)
    with connection.schema_editor() as editor:
        renamed = models.Index(fields=["owner", "size"], name="renamed")
        editor.rename_index(Thing, renamed, old)


def test_fields_are_added_altered_and_removed(ref: str) -> None:
    with connection.schema_editor() as editor:
        editor.create_model(Owner)
    owner = Owner.objects.create(name="o")
    extra = models.ForeignKey(Owner, on_delete=models.CASCADE, null=True)
    extra.set_attributes_from_name("parent")
    extra.model = Owner
    with connection.schema_editor() as editor:
        editor.add_field(Owner, extra)
    assert [c for c in constraints(Owner).values() if c["foreign_key"]]
    longer = models.CharField(max_length=200, db_index=True)
    longer.set_attributes_from_name("name")
    longer.model = Owner
    with connection.schema_editor() as editor:
        editor.alter_field(Owner, Owner._meta.get_field("name"), longer, strict=True)
        editor.remove_field(Owner, extra)
    assert not [c for c in constraints(Owner).values() if c["foreign_key"]]
    assert Owner.objects.get(pk=owner.pk).name == "o"
    assert status(ref) == []


@pytest.mark.parametrize("ddl", [None, "ALTER TABLE scratch_owner RENAME TO scratch_holder"])
def test_renamed_table_counts_on(ref: str, ddl: str | None) -> None:
    with connection.schema_editor() as editor:
        editor.create_model(Owner)
    Branch.objects.create(name="later", start_point=ref)
    here = [Owner.objects.create(name="here").pk]
    elsewhere = [Owner.objects.using("later").create(name="there").pk for _ in range(3)]
    try:
        with connection.schema_editor() as editor:
            if ddl:
                editor.execute(ddl)
            else:
                editor.alter_db_table(Owner, "scratch_owner", "scratch_holder")
        Owner._meta.db_table = "scratch_holder"
        here += [Owner.objects.create(name="after").pk for _ in range(2)]
        assert len({*here, *elsewhere, 0}) == 7
        with connections["later"].schema_editor() as editor:
            editor.alter_db_table(Owner, "scratch_owner", "scratch_holder")
        elsewhere.append(Owner.objects.using("later").create(name="after").pk)
        assert len({*here, *elsewhere, 0}) == 8
        assert status(ref) == [] == status("later")
    finally:
        with connection.schema_editor() as editor:
            editor.alter_db_table(Owner, "scratch_holder", "scratch_owner")
        Owner._meta.db_table = "scratch_owner"


def test_full_text_index_with_a_parser_that_dolt_lacks(
    ref: str, caplog: pytest.LogCaptureFixture
) -> None:
    with connection.schema_editor() as editor:
        editor.create_model(Owner)
        editor.execute(
            "ALTER TABLE `scratch_owner`\n"
            "  ADD FULLTEXT INDEX `words` (`name`)\n"
            "  WITH PARSER ngram"
        )
    assert "no full-text parser ngram" in caplog.text
    assert constraints(Owner)["words"]["columns"] == ["name"]
    Owner.objects.create(name="the first")
    assert Owner.objects.extra(where=["MATCH (name) AGAINST ('first')"]).count() == 1


def test_key_to_a_shared_table_has_no_constraint_and_keeps_its_field(ref: str) -> None:
    with connection.schema_editor() as editor:
        editor.create_model(Key)
    assert not [c for c in constraints(Key).values() if c["foreign_key"]]
    assert Key._meta.get_field("group").db_constraint is True
    Key.objects.create(group=Group.objects.create(name="g"))
    assert Key.objects.get().group.name == "g"
    assert Key.objects.filter(group__name="g").exists()


def test_shared_tables_are_never_in_a_commit(dolt: None) -> None:
    assert tracked_shared_tables() == []
    assert untrack([]) is None


def test_inspectdb_hides_system_tables_unless_asked(feature: str) -> None:
    out = StringIO()
    call_command("inspectdb", database=feature, stdout=out)
    assert "InventoryDevice" in out.getvalue()
    assert "dolt_" not in out.getvalue()
    out = StringIO()
    call_command("inspectdb", "dolt_log", stdout=out)
    assert "commit_hash" in out.getvalue()


def test_each_migration_is_one_commit_on_a_branch(feature: str) -> None:
    before = Commit.objects.on(feature).count()
    call_command("migrate", "inventory", "zero", database=feature, verbosity=0)
    call_command("migrate", "inventory", database=feature, verbosity=0)
    messages = [c.message for c in Commit.objects.on(feature)[:2]]
    assert messages == ["Migrate inventory.0001_initial", "Unmigrate inventory.0001_initial"]
    assert Commit.objects.on(feature).count() == before + 2
    assert status(feature) == []
    assert Device.objects.count() == 0  # main is as it was


@override_settings(MIGRATION_MODULES={"inventory": "tests.inventory.failing"})
@pytest.mark.parametrize("name", ["main", "feature/x"])
def test_failed_migration_leaves_nothing(feature: str, name: str) -> None:
    Device.objects.using(name).create(name="kept")
    head = Commit.objects.on(name)[0]
    for _ in range(2):  # and can be repeated
        with pytest.raises(ValueError, match="at the end"):
            call_command("migrate", "inventory", database=name, verbosity=0)
        assert Commit.objects.on(name)[0] == head
        assert status(name) == []
        assert Device.objects.using(name).get().name == "kept"
        with connections[name].cursor() as cursor:
            tables = connections[name].introspection.table_names(cursor)
        assert "inventory_cable" not in tables and "inventory_plug" not in tables


@override_settings(MIGRATION_MODULES={"inventory": "tests.inventory.failing"})
def test_failed_migration_keeps_what_was_uncommitted_before(feature: str) -> None:
    with connections[feature].plain_sql(), connections[feature].cursor() as cursor:
        cursor.execute("INSERT INTO inventory_site (name) VALUES ('by another tool')")
    with pytest.raises(ValueError, match="at the end"):
        call_command("migrate", "inventory", database=feature, verbosity=0)
    assert Site.objects.using(feature).get().name == "by another tool"


@pytest.mark.parametrize(
    "sql", ["CREATE TABLE made (id int PRIMARY KEY)", "ALTER TABLE inventory_site ADD c int"]
)
def test_schema_change_in_a_failed_unit_leaves_nothing(feature: str, sql: str) -> None:
    before = Commit.objects.on(feature).count()
    with pytest.raises(ValueError), AutoDoltCommit(branch=feature):
        Device.objects.create(name="before")
        with connection.cursor() as cursor:
            cursor.execute(sql)
        Device.objects.create(name="after")
        raise ValueError
    assert status(feature) == []
    assert not Device.objects.using(feature).exists()
    with AutoDoltCommit("both", branch=feature), connection.cursor() as cursor:
        Device.objects.create(name="before")
        cursor.execute(sql)
    assert Commit.objects.on(feature).count() == before + 1
    assert status(feature) == []


def test_branch_made_before_a_migration_says_so(feature: str) -> None:
    call_command("migrate", "inventory", "zero", database=feature, verbosity=0)
    with pytest.raises(
        BranchNeedsMigration, match="migrate --database=default/feature/x"
    ) as caught:
        Device.objects.using(feature).count()
    assert caught.value.missing == ["inventory.0001_initial"]
    out = StringIO()
    call_command("check", databases=[feature], stdout=out, stderr=out)
    assert "lacks 1 migration(s): inventory.0001_initial" in out.getvalue()


def test_column_error_with_all_migrations_stays_a_column_error(feature: str) -> None:
    from django.db.utils import OperationalError

    with pytest.raises(OperationalError) as caught:
        Device.objects.using(feature).extra(where=["nope = 1"]).count()
    assert not isinstance(caught.value, BranchNeedsMigration)


def test_flush_is_one_commit_on_a_branch_and_leaves_shared_rows(feature: str) -> None:
    Group.objects.create(name="stays")
    Site.objects.using(feature).create(name="goes")
    before = Commit.objects.on(feature).count()
    call_command("flush", database=feature, interactive=False, verbosity=0)
    assert not Site.objects.using(feature).exists()
    assert Commit.objects.on(feature).count() == before + 1
    assert Group.objects.get().name == "stays"


def test_dumped_data_loads_on_a_branch_as_one_commit(feature: str, tmp_path: Any) -> None:
    Site.objects.create(name="here")
    dump = tmp_path / "sites.json"
    call_command("dumpdata", "inventory", output=str(dump), verbosity=0)
    before = Commit.objects.on(feature).count()
    call_command("loaddata", str(dump), database=feature, verbosity=0)
    assert Site.objects.using(feature).get().name == "here"
    assert Commit.objects.on(feature).count() == before + 1


def test_dbshell_is_on_the_branch(feature: str) -> None:
    wrapper = connections[feature]
    args, _env = wrapper.client.settings_to_cmd_args_env(wrapper.settings_dict, [])
    assert args[-1].endswith("/feature/x")
    main = connections["default"]
    args, _env = main.client.settings_to_cmd_args_env(main.settings_dict, [])
    assert args[-1].endswith("/main")


def test_migration_recorder_reads_the_branch(feature: str) -> None:
    recorder = MigrationRecorder(connections[feature])
    assert ("inventory", "0001_initial") in recorder.applied_migrations()
