"""What the embedded engine can do, where it differs from SQLite. One flag a line."""

from __future__ import annotations

from typing import Any

import django
from django.utils.functional import cached_property

from ..dolt.testcases import is_derived
from . import driver
from .expected import ALIAS, EXPECTED, NEW, SKIPPED

SQLiteFeatures: Any = driver.features.DatabaseFeatures


class DatabaseFeatures(SQLiteFeatures):
    """Facts about doltlite 0.51."""

    # The test database is a file, as every database of this engine.
    test_db_allows_multiple_connections = True

    @cached_property
    def django_test_skips(self) -> dict[str, set[str]]:
        skipped = SKIPPED if django.VERSION >= (6, 0) else {}  # there is no such test before
        return {**super().django_test_skips, **skipped}

    @cached_property
    def django_test_expected_failures(self) -> set[str]:
        expected: set[str] = super().django_test_expected_failures.union(*EXPECTED.values())
        if self.connection.alias == self.connection.root_alias and is_derived(self.connection):
            expected -= EXPECTED[ALIAS]
        return expected if django.VERSION >= (6, 0) else expected - NEW

    @cached_property
    def supports_json_field(self) -> bool:
        return True  # always built in; Django would connect to ask, also for a system check

    @cached_property
    def disallowed_simple_test_case_connection_methods(self) -> list[tuple[str, str]]:
        # See `dolt.testcases`.
        if is_derived(self.connection):
            return []
        return list(super().disallowed_simple_test_case_connection_methods)
