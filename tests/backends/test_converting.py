"""Changing a field's type keeps its value, whatever the two types are."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.apps.registry import Apps
from django.db import connection, models

from dolt_router import use_branch
from dolt_router.models import Branch, Commit

DAY = datetime.date(2024, 2, 3)
MOMENT = datetime.datetime(2024, 2, 3, 4, 5, 6, 7, tzinfo=datetime.timezone.utc)
TIME = datetime.time(3, 4, 5, 6)
CHAR = models.CharField(max_length=100, null=True)
TEXT, INTEGER = models.TextField(null=True), models.BigIntegerField(null=True)
DECIMAL = models.DecimalField(max_digits=20, decimal_places=6, null=True)
CASES = [
    (models.DateField(), DAY, CHAR, "2024-02-03"),
    (models.DateField(), DAY, TEXT, "2024-02-03"),
    (models.DateField(), DAY, INTEGER, 20240203),
    (models.DateField(), DAY, models.JSONField(null=True), "2024-02-03"),
    (
        models.DateField(),
        DAY,
        models.DateTimeField(),
        datetime.datetime(2024, 2, 3, tzinfo=datetime.timezone.utc),
    ),
    (models.DateTimeField(), MOMENT, CHAR, "2024-02-03 04:05:06.000007"),
    (models.DateTimeField(), MOMENT, INTEGER, 20240203040506),
    (models.DateTimeField(), MOMENT, models.DateField(), DAY),
    (models.TimeField(), TIME, CHAR, "03:04:05.000006"),
    (models.TimeField(), TIME, TEXT, "03:04:05.000006"),
    (models.TimeField(), TIME, DECIMAL, Decimal("30405.000006")),
    (models.TextField(), "12", INTEGER, 12),
    (models.TextField(), "1.5", DECIMAL, Decimal("1.5")),
    (models.TextField(), "1.5", models.FloatField(), 1.5),
    (models.TextField(), "3:16:17.4567", models.TimeField(), datetime.time(3, 16, 17, 456700)),
    (models.TextField(), "2024-02-03", models.DateField(), DAY),
    (models.BinaryField(), b'{"a": [1]}', models.JSONField(), {"a": [1]}),
    (models.BinaryField(), b"12", models.IntegerField(), 12),
    (models.JSONField(), 3.25, DECIMAL, Decimal("3.25")),
    (models.IntegerField(), 12, CHAR, "12"),
    (models.BooleanField(), True, models.IntegerField(), 1),
]


def model_with(field: Any) -> type[models.Model]:
    """A model with the one field `value`; it is in no registry that outlives the test."""
    meta = type("Meta", (), {"app_label": "converting", "apps": Apps()})
    attributes = {"__module__": __name__, "Meta": meta, "value": field.clone()}
    return type("Converted", (models.Model,), attributes)


@pytest.mark.parametrize("place", ["main", "feature/x"])
@pytest.mark.parametrize(
    ("before", "value", "after", "expected"),
    CASES,
    ids=[f"{type(b).__name__}-{type(a).__name__}" for b, _, a, _ in CASES],
)
def test_a_changed_type_keeps_the_value(
    dolt: None, place: str, before: Any, value: Any, after: Any, expected: Any
) -> None:
    if place != "main":
        Branch.objects.create(name=place)
    old, new = model_with(before), model_with(after)
    with use_branch(place):
        with connection.schema_editor() as editor:
            editor.create_model(old)
        try:
            old.objects.create(value=value)
            count = Commit.objects.count()
            with connection.schema_editor() as editor:
                editor.alter_field(old, old._meta.get_field("value"), new._meta.get_field("value"))
            assert new.objects.get().value == expected
            assert Commit.objects.count() == count + 1
            with connection.cursor() as cursor:
                described = connection.introspection.get_table_description(
                    cursor, old._meta.db_table
                )
            assert [column.name for column in described] == ["id", "value"]
            assert described[1].null_ok == after.null
        finally:
            with connection.schema_editor() as editor:
                editor.delete_model(old)


def test_a_field_is_renamed_by_the_case_of_its_letters(dolt: None) -> None:
    old = model_with(models.IntegerField(default=3))
    renamed = models.IntegerField(default=3)
    renamed.set_attributes_from_name("VALUE")
    renamed.model = old
    with connection.schema_editor() as editor:
        editor.create_model(old)
    try:
        old.objects.create()
        with connection.schema_editor() as editor:
            editor.alter_field(old, old._meta.get_field("value"), renamed)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {old._meta.db_table}")
            assert [column[0] for column in cursor.description] == ["id", "VALUE"]
            assert cursor.fetchone()[1] == 3
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(old)
