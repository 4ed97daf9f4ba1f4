"""Introspection and schema changes of the embedded engine."""

from __future__ import annotations

import pytest
from django.db import (
    connection,
    models,
)
from django.test.utils import isolate_apps

from dolt_router.backends.doltlite.introspection import spaced
from dolt_router.models import Commit
from dolt_router.versioning.sharing import status
from tests.conftest import EMBEDDED

embedded = pytest.mark.skipif(not EMBEDDED, reason="DOLT_ROUTER_TEST_ENGINE is not doltlite")


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
