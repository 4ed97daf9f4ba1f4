"""Faults of Dolt that are left: docs/dolt-notes.md. When one of these passes, say so there."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import Count, Value


@pytest.mark.xfail(strict=True, reason="1105: does not exist in scope")
def test_same_aggregate_of_a_constant_twice(things: Any) -> None:
    both = things[:3].aggregate(a=Count(Value("a")), b=Count(Value("a")))
    assert both == {"a": 3, "b": 3}
