"""Values of system tables as the model fields' Python values, and back."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.signals import setting_changed
from django.db.models import Field, Model

if TYPE_CHECKING:
    from ..backends.dolt.base import DatabaseWrapper


@lru_cache(maxsize=1)
def _models() -> dict[str, type[Model]]:
    found: dict[str, type[Model]] = {}
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy:
            found.setdefault(model._meta.db_table.lower(), model)
    return found


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == "INSTALLED_APPS":
        _models.cache_clear()


setting_changed.connect(_forget, dispatch_uid="dolt_router.values")


def model_of(table: str) -> type[Model] | None:
    """The model whose table this is, those of many-to-many fields included; or None."""
    return _models().get(table.lower())


def field_of(table: str, column: str) -> Field[Any, Any] | None:
    """The field of the table's model that has this column; None without one."""
    model = model_of(table)
    if model is None:
        return None
    return next((f for f in model._meta.local_fields if f.column == column), None)


def python_value(connection: DatabaseWrapper, table: str, column: str, value: Any) -> Any:
    """What the ORM would have read: `value` through the field's converters."""
    read = None if value is None else reader(connection, table, column)
    return value if read is None else read(value)


def reader(connection: DatabaseWrapper, table: str, column: str) -> Callable[[Any], Any] | None:
    """`python_value` for one column, looked up once; None where the driver's value is it."""
    field = field_of(table, column)
    if field is None:
        return None
    expression = field.get_col(field.model._meta.db_table)
    converters = [
        *connection.ops.get_db_converters(expression),
        *field.get_db_converters(connection),
    ]
    if not converters:
        return None

    def read(value: Any) -> Any:
        for convert in converters:
            value = convert(value, expression, connection)
        return value

    return read


def database_value(connection: DatabaseWrapper, table: str, column: str, value: Any) -> Any:
    """What the ORM would write for a Python value (a model instance for a foreign key)."""
    if isinstance(value, Model):
        value = value.pk
    field = field_of(table, column)
    return value if field is None else field.get_db_prep_save(value, connection)


def quote(name: str) -> str:
    """`name` as an identifier."""
    return "`" + name.replace("`", "``") + "`"
