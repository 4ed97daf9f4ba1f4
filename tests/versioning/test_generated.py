"""Columns that the database computes, and unique constraints over expressions, on branches."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, models
from django.db.models import F, Value
from django.db.models.functions import Concat, Lower, Now, Random, Upper
from django.test.utils import isolate_apps

from dolt_router.autocommit import AutoDoltCommit
from dolt_router.exceptions import MergeConflict
from dolt_router.models import Branch, Commit
from dolt_router.versioning import values
from dolt_router.versioning.clashes import Clashes
from dolt_router.versioning.conflicts import key_text
from dolt_router.versioning.history import history_of, restore
from dolt_router.versioning.rows import row_changes
from dolt_router.versioning.sharing import status
from tests.versioning.objects import head, sql

UNIQUE = models.UniqueConstraint(Lower("name"), "site", name="port_name_once_a_site")
BOTH = models.UniqueConstraint(Concat("site", Value("/"), Lower("name")), name="port_path")


class Port(models.Model):
    name = models.CharField(max_length=30)
    site = models.CharField(max_length=10, default="zrh")
    speed = models.IntegerField(default=1)
    lanes = models.IntegerField(default=1)
    total = models.GeneratedField(
        expression=F("speed") * F("lanes"), output_field=models.IntegerField(), db_persist=True
    )
    label = models.GeneratedField(
        expression=Concat("name", Value("@"), "site"),
        output_field=models.CharField(max_length=50),
        db_persist=False,
    )

    class Meta:
        app_label = "histories"
        constraints = [UNIQUE, BOTH]
        indexes = [models.Index(Lower("site").desc(), "speed", name="port_by_site")]


@pytest.fixture
def ports(dolt: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(values._models(), Port._meta.db_table, Port)  # as an installed app's
    with connection.schema_editor() as editor:
        editor.create_model(Port)
    yield
    with connection.schema_editor() as editor:
        editor.delete_model(Port)


@pytest.fixture
def side(ports: None) -> Any:
    """`main` and `side` both have the port Eth0."""
    Port.objects.create(pk=1, name="Eth0")
    Branch.objects.create(name="side", start_point="main")
    return Port.objects.using("side")


def merge(**options: Any) -> None:
    Branch.objects.get(name="side").merge(**options)


def columns() -> list[str]:
    with connection.cursor() as cursor:
        described = connection.introspection.get_table_description(cursor, Port._meta.db_table)
    return [column.name for column in described]


def constraints() -> dict[str, Any]:
    with connection.cursor() as cursor:
        return connection.introspection.get_constraints(cursor, Port._meta.db_table)


def test_same_name_in_other_letters_is_refused_however_it_is_written(ports: None) -> None:
    Port.objects.create(name="Eth0")
    other = Port.objects.create(name="eth1")
    with pytest.raises(IntegrityError):
        Port.objects.create(name="ETH0")
    with pytest.raises(IntegrityError):
        Port.objects.filter(pk=other.pk).update(name="ETH0")
    with pytest.raises(IntegrityError):
        Port.objects.bulk_create([Port(name="e"), Port(name="E")])
    Port.objects.bulk_create([Port(name="ETH0"), Port(name="new")], ignore_conflicts=True)
    Port.objects.create(name="ETH0", site="gva")
    with pytest.raises(ValidationError):
        Port(name="eTh0").full_clean()
    names = [f"{port.name} {port.site}" for port in Port.objects.order_by("site", "name")]
    assert names == ["ETH0 gva", "Eth0 zrh", "eth1 zrh", "new zrh"]


def test_rows_that_break_a_new_constraint_keep_it_out_whole(ports: None) -> None:
    Port.objects.create(name="a", speed=1)
    Port.objects.create(name="b", speed=1)
    before = constraints()
    once = models.UniqueConstraint(F("speed") + F("lanes"), name="port_speed")
    with pytest.raises(IntegrityError), connection.schema_editor() as editor:
        editor.add_constraint(Port, once)
    assert constraints() == before
    Port.objects.filter(name="b").update(speed=2)
    with connection.schema_editor() as editor:
        editor.add_constraint(Port, once)
    with pytest.raises(IntegrityError):
        Port.objects.filter(name="b").update(speed=1)


def test_merge_of_the_same_name_in_other_letters_is_a_conflict(side: Any) -> None:
    Port.objects.create(name="Uplink")
    side.create(name="UPLINK")
    with pytest.raises(MergeConflict) as raised:
        merge()
    assert "__key_" not in str(raised.value)
    assert [port.name for port in Port.objects.order_by("pk")] == ["Eth0", "Uplink"]
    assert status("main") == []


def test_constraint_holds_after_both_sides_changed_a_part_of_its_expression(side: Any) -> None:
    Port.objects.update(site="gva", lanes=3)
    side.update(name="Fast0", speed=10)
    merge()
    port = Port.objects.get()
    assert (port.name, port.site, port.total, port.label) == ("Fast0", "gva", 30, "Fast0@gva")
    with pytest.raises(IntegrityError):
        Port.objects.create(name="FAST0", site="gva")
    for name, site in (("Eth0", "gva"), ("Fast0", "zrh"), ("Eth0", "zrh")):
        Port.objects.create(name=name, site=site)


def test_diff_tells_what_people_changed(side: Any) -> None:
    Port.objects.update(name="Fast0", speed=5)
    port = Port.objects.create(name="new")
    changed, added = sorted(
        row_changes("side", "main", Port), key=lambda row: row.kind != "modified"
    )
    assert [(c.field, c.old, c.new) for c in changed.fields] == [
        ("name", "Eth0", "Fast0"),
        ("speed", 1, 5),
        ("total", 1, 5),
    ]
    assert [(c.field, c.new) for c in added.fields] == [
        ("id", port.pk),
        *[("name", "new"), ("site", "zrh"), ("speed", 1), ("lanes", 1), ("total", 1)],
    ]


def test_conflict_is_resolved_field_by_field(side: Any) -> None:
    Port.objects.update(name="Ours", speed=2)
    side.update(name="Theirs", speed=3)
    (conflict,) = Branch.objects.get(name="side").conflicts()
    assert [field.field for field in conflict.fields] == ["name", "speed"]
    merge(resolve=lambda _conflict: {"name": "Theirs", "speed": 2})
    port = Port.objects.get()
    assert (port.name, port.speed, port.total, port.label) == ("Theirs", 2, 2, "Theirs@zrh")
    with pytest.raises(IntegrityError):
        Port.objects.create(name="theirs")
    Port.objects.create(name="ours")


def test_resolutions_that_break_a_constraint_are_told_and_nothing_is_merged(side: Any) -> None:
    Port.objects.create(pk=2, name="Eth1")
    Branch.objects.get(name="side").sync()
    for pk in (1, 2):
        Port.objects.filter(pk=pk).update(name=f"Ours{pk}")
        side.filter(pk=pk).update(name=f"Theirs{pk}")
    with pytest.raises(MergeConflict) as raised:
        merge(resolve=lambda _conflict: {"name": "Same"})
    assert [violation.table for violation in raised.value.violations] == [Port._meta.db_table]
    assert sorted(Port.objects.values_list("name", flat=True)) == ["Ours1", "Ours2"]
    assert status("main") == []


def test_keys_of_conflicts_are_told(side: Any) -> None:
    Port.objects.update(name="Ours")
    side.update(name="Theirs")
    assert Clashes("side", "main").keys(Port._meta.db_table) == (key_text({"id": 1}),)


def test_row_deleted_on_one_side_comes_back_by_resolving(side: Any) -> None:
    Port.objects.all().delete()
    side.update(name="Theirs")
    merge(resolve="theirs")
    assert Port.objects.get().label == "Theirs@zrh"


def test_history_and_restoring(ports: None) -> None:
    port = Port.objects.create(name="a")
    first = head()
    with AutoDoltCommit("Renamed"):
        Port.objects.update(name="b", speed=9)
    renamed = history_of(port)[0]
    assert {change.field for change in renamed.changes} >= {"name", "speed"}
    restore(port, first)
    port.refresh_from_db()
    assert (port.name, port.total, port.label) == ("a", 1, "a@zrh")


def test_revert_and_cherry_pick(side: Any) -> None:
    side.update(name="Fast0")
    Commit.objects.on("side")[0].cherry_pick(onto="main")
    assert Port.objects.get().label == "Fast0@zrh"
    with pytest.raises(IntegrityError):
        Port.objects.create(name="fast0")
    Commit.objects.on("main")[0].revert(on="main")
    Port.objects.create(name="fast0")
    with pytest.raises(IntegrityError):
        Port.objects.create(name="ETH0")


def test_introspection_shows_the_model_s_own_columns(ports: None) -> None:
    assert columns() == ["id", "name", "site", "speed", "lanes", "total", "label"]
    found = constraints()
    assert found["port_name_once_a_site"]["unique"]
    assert found["port_name_once_a_site"]["columns"] == [None, "site"]
    assert not found["port_by_site"]["unique"]
    out = StringIO()
    call_command("inspectdb", Port._meta.db_table, stdout=out)
    assert "key_" not in out.getvalue()


def test_index_goes_whole_and_under_its_new_name(ports: None) -> None:
    old = Port._meta.indexes[0]
    new = models.Index(*old.expressions, name="port_renamed")
    with connection.schema_editor() as editor:
        editor.rename_index(Port, old, new)
        editor.add_index(Port, old)  # the old name is free again
        editor.remove_index(Port, new)
        editor.remove_constraint(Port, UNIQUE)
        editor.remove_constraint(Port, BOTH)
    assert "port_renamed" not in constraints() and "port_by_site" in constraints()
    Port.objects.bulk_create([Port(name="a"), Port(name="A")])
    with connection.schema_editor() as editor:
        editor.remove_index(Port, old)
    sql(f"SELECT * FROM {Port._meta.db_table}")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {Port._meta.db_table}")
        assert not [column for column in cursor.description if column[0].startswith("__")]


def test_column_that_others_are_made_of_is_not_dropped(ports: None) -> None:
    Port.objects.create(name="a")
    for field, reason in (("speed", "speed|total"), ("name", "name|expression|label")):
        with pytest.raises(DatabaseError, match=reason), connection.schema_editor() as editor:
            editor.remove_field(Port, Port._meta.get_field(field))
    assert Port.objects.get().label == "a@zrh"


@pytest.mark.parametrize("expression", [Random(), Now()], ids=["random", "now"])
def test_expression_that_is_not_always_the_same_is_refused(ports: None, expression: Any) -> None:
    Port.objects.create(name="a")
    before = constraints()
    with pytest.raises(DatabaseError), connection.schema_editor() as editor:
        editor.add_index(Port, models.Index(expression, name="port_unsteady"))
    assert constraints() == before


@isolate_apps("tests.inventory")
def test_index_over_a_stored_generated_column_is_an_error(dolt: None) -> None:
    class Stored(models.Model):
        name = models.CharField(max_length=9)
        upper = models.GeneratedField(
            expression=Upper("name"), output_field=models.CharField(max_length=9), db_persist=True
        )
        twin = models.GeneratedField(
            expression=Upper("name"), output_field=models.CharField(max_length=9), db_persist=False
        )

        class Meta:
            app_label = "inventory"
            indexes = [models.Index(fields=["-upper"]), models.Index(fields=["twin"])]

    found = Stored.check(databases=["default"])
    expected = [] if connection.vendor == "sqlite" else [("dolt_router.E020", "upper")]
    assert [(e.id, e.obj.name) for e in found] == expected


@isolate_apps("tests.inventory")
def test_generated_number_past_64_bits_is_refused(dolt: None) -> None:
    class Big(models.Model):
        one = models.BigIntegerField()
        other = models.BigIntegerField()
        total = models.GeneratedField(
            expression=F("one") + F("other"), output_field=models.BigIntegerField(), db_persist=True
        )
        product = models.GeneratedField(
            expression=F("one") * F("other") + 1,
            output_field=models.BigIntegerField(),
            db_persist=False,
        )

        class Meta:
            app_label = "inventory"

    with connection.schema_editor() as editor:
        editor.create_model(Big)
    try:
        big = Big.objects.create(one=2**62, other=1)
        big.refresh_from_db()
        assert (big.total, big.product) == (2**62 + 1, 2**62 + 1)
        for values in ({"one": 2**63 - 1}, {"other": 2**62}):
            with pytest.raises(DatabaseError):
                Big.objects.update(**values)
                Big.objects.values_list("total", "product").get()
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(Big)


def test_longer_column_makes_a_longer_expression(ports: None) -> None:
    long = models.CharField(max_length=60)
    long.set_attributes_from_name("name")
    field = Port._meta.get_field("name")
    with connection.schema_editor() as editor:
        editor.remove_field(Port, Port._meta.get_field("label"))
    with connection.schema_editor() as editor:

        class Longer(models.Model):
            name = models.CharField(max_length=60)
            site = models.CharField(max_length=10)

            class Meta:
                app_label = "longer"
                db_table = Port._meta.db_table

        editor.alter_field(Port, field, Longer._meta.get_field("name"))
    insert = f"INSERT INTO {Port._meta.db_table} (name, site, speed, lanes) VALUES "
    with AutoDoltCommit("Long"):
        sql(insert + f"('{'a' * 50}', 'zrh', 1, 1)")
    with pytest.raises(IntegrityError):
        sql(insert + f"('{'A' * 50}', 'zrh', 1, 1)")
    with AutoDoltCommit("Short"):
        sql(f"DELETE FROM {Port._meta.db_table}")
    with connection.schema_editor() as editor:  # or the fixture could not drop its field
        editor.alter_field(Longer, Longer._meta.get_field("name"), field)
