"""Rows in the app's tables, edited on main and on a branch, and merged."""

from __future__ import annotations

import traceback
from typing import Any

from django.db import models
from django.db.models import Model

from dolt_router import use_branch
from dolt_router.shared import is_shared
from dolt_router.versioning import branches
from dolt_router.versioning.merges import merge
from dolt_router.versioning.sharing import status

from .described import models_of
from .filler import Filler, value_for

EDITS = "third-party/edits"


def run(labels: list[str]) -> dict[str, Any]:
    """Two rows a table on main; the first is edited on a branch, the second on main.

    Both edits must be on main after the merge, and neither before it.

    Returns:
        `filled`: labels of the models that took part; `unfilled`: why others did not.
    """
    pairs: list[tuple[type[Model], Any, Any, Any]] = []
    unfilled, failures = dict[str, str](), list[str]()
    filler = Filler("default")
    for model in models_of(labels):
        field = _editable(model)
        try:
            first, second = filler.make(model), filler.make(model)
        except Exception as error:
            unfilled[model._meta.label] = f"{type(error).__name__}: {error}"[:200]
            traceback.print_exc()
            continue
        pairs.append((model, field, first.pk, second.pk))
    branches.create(EDITS, "main")
    wanted = {}
    with use_branch(EDITS):
        for model, field, first, _second in pairs:
            wanted[model, first] = _edit(model, field, first)
    for model, field, first, second in pairs:
        if not is_shared(model) and field is not None:
            if _value(model, field, first) == wanted[model, first]:
                failures.append(f"{model._meta.label}: the branch's edit is on main")
        wanted[model, second] = _edit(model, field, second)
    try:
        merge(EDITS, "main")
    except Exception as error:
        traceback.print_exc()
        failures.append(f"{type(error).__name__}: {error}"[:300])
        return {"failures": failures, "filled": len(pairs), "unfilled": unfilled}
    for model, field, *keys in pairs:
        for key in keys:
            if field is not None and _value(model, field, key) != wanted[model, key]:
                failures.append(f"{model._meta.label}: an edit is lost")
            if not model._base_manager.filter(pk=key).exists():
                failures.append(f"{model._meta.label}: a row is gone")
    failures += [f"{row['table_name']} is left uncommitted" for row in status("main")]
    return {"failures": failures, "filled": len(pairs), "unfilled": unfilled}


def _editable(model: type[Model]) -> Any:
    """A field whose value may change without breaking a key; None when there is none."""
    meta = model._meta
    keys = [*meta.unique_together, *(each.fields for each in meta.total_unique_constraints)]
    plain = (models.CharField, models.TextField, models.IntegerField, models.BooleanField)
    for field in meta.local_concrete_fields:
        if isinstance(field, models.AutoField) or not isinstance(field, plain):
            continue
        if field.unique or field.remote_field or field.choices:
            continue
        if not any(field.name in names for names in keys):
            return field
    return None


def _edit(model: type[Model], field: Any, key: Any) -> Any:
    if field is None:
        return None
    new: Any = value_for(field, 777)
    if isinstance(field, models.BooleanField):
        new = not _value(model, field, key)
    elif isinstance(field, (models.CharField, models.TextField)):
        new = "edited"[: field.max_length]
    model._base_manager.filter(pk=key).update(**{field.attname: new})
    return _value(model, field, key)


def _value(model: type[Model], field: Any, key: Any) -> Any:
    return model._base_manager.values_list(field.attname, flat=True).get(pk=key)
