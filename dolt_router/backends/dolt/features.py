"""What Dolt can do, where it differs from MySQL 8. One flag a line, with its reason."""

from __future__ import annotations

import django
from django.db.backends.mysql.features import DatabaseFeatures as MySQLFeatures
from django.utils.functional import cached_property

from .expected import ALIAS, EXPECTED, NEW, OLD
from .testcases import is_derived


class DatabaseFeatures(MySQLFeatures):
    """Facts about Dolt 1.86."""

    # Dolt reports MySQL 8.0.x, which newer Django refuses; the Dolt version is what counts
    # and is checked when connecting.
    minimum_database_version = None  # type: ignore[assignment]
    # FOR UPDATE is parsed and takes no lock: conflicts show at commit (error 1213). NOWAIT
    # and SKIP LOCKED promise a behaviour that isn't there.
    has_select_for_update_nowait = False
    has_select_for_update_skip_locked = False
    # EXPLAIN FORMAT=TREE is the only format.
    supported_explain_formats = {"TREE"}
    # By way of hidden columns: see `functional`.
    supports_expression_indexes = True
    # The slice stands in a derived table: see `slices`.
    allow_sliced_subqueries_with_in = True
    # CREATE INDEX takes columns alone, without DESC (error 1105, a syntax error).
    supports_index_column_ordering = False
    # The test database is cloned by copying its tables (see creation).
    can_clone_databases = True
    # SHOW CREATE TABLE gives check constraints with their names.
    can_introspect_check_constraints = True
    # Table names keep their case and are found without regard to it.
    ignores_table_name_case = True

    @cached_property
    def django_test_expected_failures(self) -> set[str]:
        expected: set[str] = super().django_test_expected_failures.union(*EXPECTED.values())
        if self.connection.alias == self.connection.root_alias and is_derived(self.connection):
            expected -= EXPECTED[ALIAS]
        return expected if django.VERSION >= (6, 0) else (expected - NEW) | OLD

    @cached_property
    def _mysql_storage_engine(self) -> str:
        # MySQL's storage engines don't exist; Dolt says InnoDB. Asking information_schema for it
        # breaks later foreign keys on the connection.
        return "InnoDB"

    @cached_property
    def disallowed_simple_test_case_connection_methods(self) -> list[tuple[str, str]]:
        # Django's TestCase replaces these on every alias it iterates over and puts them
        # back by iterating again; branches come and go in between. Before Django 6.0 there
        # is no such flag: see `testcases`.
        if is_derived(self.connection):
            return []
        return list(super().disallowed_simple_test_case_connection_methods)
