"""Fixtures of the tests of versioning."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection, connections

from tests.versioning.objects import MODELS, Rack, sql


@pytest.fixture
def scratch(dolt: None) -> Iterator[None]:
    """The tables of `tests.versioning.objects`, dropped afterwards."""
    with connection.schema_editor() as editor:
        for model in MODELS:
            editor.create_model(model)
    yield
    connections["default"].close()
    with connection.constraint_checks_disabled():
        for model in (Rack.parts.through, *reversed(MODELS)):
            sql(f"DROP TABLE IF EXISTS {model._meta.db_table}")
