"""Fixtures of the backend's tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .things import table_of_things


@pytest.fixture
def things(dolt: None) -> Iterator[Any]:
    """The rows of a table of awkward values, in the order of `things.ROWS`."""
    with table_of_things("default") as model:
        yield model.objects.order_by("pk")
