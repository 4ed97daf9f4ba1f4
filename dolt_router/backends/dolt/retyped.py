"""An expression put into SQL of another type, while it stays of the same field for Django."""

from __future__ import annotations

from copy import copy
from typing import Any

from django.core.exceptions import FieldError
from django.db.models import Func

# Forms, SQL with `{}` for an expression.
WHOLE = "CAST({} AS DECIMAL(65, 0))"
SIGNED = "CAST({} AS SIGNED)"
FLOAT = "CAST({} AS DOUBLE)"


class Retyped(Func):
    """`form` is SQL with `{}` for the expression, once or more often."""

    def __init__(self, expression: Any, form: str, output_field: Any = None) -> None:
        try:
            field = output_field or expression.output_field
        except FieldError:  # of mixed types: Django doesn't ask for one in a condition
            field = None
        super().__init__(expression, output_field=field)
        self.form = form

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, Any]:
        sql, params = compiler.compile(self.source_expressions[0])
        return self.form.replace("{}", sql), tuple(params) * self.form.count("{}")


def with_left(node: Any, form: str) -> Any:
    """A copy of a comparison, or of a step, with its left side put into `form`."""
    changed = copy(node)
    changed.lhs = Retyped(node.lhs, form)
    return changed


def with_right(node: Any, form: str) -> Any:
    """A copy of a comparison, or of a step, with its right side put into `form`."""
    changed = copy(node)
    changed.rhs = Retyped(node.rhs, form)
    return changed


def with_source(node: Any, form: str, output_field: Any = None) -> Any:
    """A copy of `node` with its first argument put into `form`, which gives an `output_field`."""
    changed = node.copy()
    first, *rest = changed.get_source_expressions()
    changed.set_source_expressions([Retyped(first, form, output_field), *rest])
    return changed
