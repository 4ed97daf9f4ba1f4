"""A row for any model: values made from the fields' types, parents first."""

from __future__ import annotations

import datetime
import decimal
import itertools
import uuid
from typing import Any

from django.db import models
from django.db.models import Model

_MOMENT = datetime.datetime(2024, 5, 6, 7, 8, 9, tzinfo=datetime.timezone.utc)


class Filler:
    """Makes rows on one alias; numbers them, so that unique fields differ."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self._count = itertools.count(1)
        self._made: dict[type[Model], Model] = {}

    def make(self, model: type[Model], depth: int = 0) -> Model:
        """Save a new row of the model, and of those that it must point to.

        Raises:
            Exception: whatever the app's own rules or the database say against it.
        """
        if depth > 6:
            raise RuntimeError(f"{model._meta.label} points to itself in a circle")
        number = next(self._count)
        instance: Any = model()
        for field in model._meta.concrete_fields:
            if isinstance(field, models.AutoField) or getattr(field, "parent_link", False):
                continue
            if field.remote_field:
                if not field.null:
                    parent = self._parent(field, depth)
                    setattr(instance, field.attname, getattr(parent, field.target_field.attname))
            elif not (field.null and field.unique):
                setattr(instance, field.attname, value_for(field, number))
        # The app's own save() may want files, mails or parents that there are not.
        models.Model.save_base(instance, using=self.alias, force_insert=False)
        self._made.setdefault(model, instance)
        return instance

    def _parent(self, field: Any, depth: int) -> Any:
        """A row to point to; one of its own where the field is part of a unique key."""
        other = field.remote_field.model
        meta = field.model._meta
        keys = [*meta.unique_together, *(each.fields for each in meta.total_unique_constraints)]
        if not field.unique and not any(field.name in names for names in keys):
            if other in self._made:
                return self._made[other]
        return self.make(other, depth + 1)


def value_for(field: Any, number: int) -> Any:
    """A value that the field's column takes; another for each number."""
    if field.choices and not field.unique:
        return _first_choice(field.flatchoices)
    kind = field.get_internal_type()
    if isinstance(field, models.GenericIPAddressField):
        return f"10.0.0.{number % 250}"
    if isinstance(field, models.FileField) and not field.unique:
        return ""  # an image is opened for its size
    if isinstance(field, models.UUIDField):
        return uuid.UUID(int=number)
    if isinstance(field, models.JSONField):
        return [] if isinstance(field.get_default(), list) else {"number": number}
    if isinstance(field, (models.DateTimeField, models.DateField, models.TimeField)):
        moment = _MOMENT + datetime.timedelta(minutes=number)
        if isinstance(field, models.DateTimeField):
            return moment
        return moment.time() if isinstance(field, models.TimeField) else moment.date()
    if isinstance(field, models.DurationField):
        return datetime.timedelta(minutes=number)
    if isinstance(field, models.DecimalField):
        return decimal.Decimal(number % 9)
    if isinstance(field, models.FloatField):
        return float(number)
    if isinstance(field, models.BooleanField):
        return False
    if isinstance(field, models.BinaryField):
        return b"%d" % number
    if isinstance(field, models.IntegerField):
        return number
    if field.blank and not field.unique:
        return ""
    return _text(field, kind, number)


def _text(field: Any, kind: str, number: int) -> str:
    room = field.max_length or 60
    if kind == "EmailField" or "email" in field.name:
        return f"p{number}@example.org"[:room]
    if kind == "URLField":
        return f"https://example.org/{number}"[:room]
    return f"{number:04d}{field.name}"[:room] if room > 4 else str(number)[-room:]


def _first_choice(choices: Any) -> Any:
    values = [value for value, _label in choices if value not in (None, "")]
    return values[0] if values else ""
