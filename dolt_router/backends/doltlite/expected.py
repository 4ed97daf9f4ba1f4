"""Tests of Django's own suite that fail on the embedded engine, each under its cause.

As in `dolt.expected`. None of them is about rows that are wrong.
"""

from __future__ import annotations

from ..dolt.expected import ALIAS
from ..dolt.expected import EXPECTED as ON_A_SERVER

# Not in the suite of Django 5.2.
NEW: set[str] = {
    "backends.base.test_creation.TestDbCreationTests.test_serialize_deprecation",
    "bulk_create.tests.BulkCreateTransactionTests.test_no_unnecessary_transaction",
}
# Not run, as they would spoil the tests after them.
SKIPPED: dict[str, set[str]] = {
    "A worker's database is a file: nothing is copied into memory, and the connection is closed": {
        "backends.sqlite.test_creation.TestDbSignatureTests."
        "test_setup_worker_connection_respects_test_database_name",
    },
}
EXPECTED: dict[str, set[str]] = {
    ALIAS: {
        *ON_A_SERVER[ALIAS],
        "backends.sqlite.tests.TestTransactionMode.test_invalid_transaction_mode",
    },
    "A write by itself is a transaction that ends as a Dolt commit, so more statements are sent": {
        "backends.base.test_base.DatabaseWrapperLoggingTests.test_commit_debug_log",
        "backends.tests.BackendTestCase.test_queries",
        "bulk_create.tests.BulkCreateTransactionTests.test_no_unnecessary_transaction",
        "cache.tests.CreateCacheTableForDBCacheTests."
        "test_createcachetable_observes_database_router",
        "cache.tests.DBCacheTests.test_delete_many_num_queries",
        "cache.tests.DBCacheTests.test_get_many_num_queries",
        "cache.tests.DBCacheWithTimeZoneTests.test_delete_many_num_queries",
        "cache.tests.DBCacheWithTimeZoneTests.test_get_many_num_queries",
    },
    "A transaction begins at its first write, and takes the file's one lock then (IMMEDIATE)": {
        "backends.sqlite.tests.TestTransactionMode.test_default_transaction_mode",
        "backends.sqlite.tests.TestTransactionMode.test_valid_transaction_modes",
    },
    "Who has read can't write once another has: the file changed (SQLITE_BUSY_SNAPSHOT)": {
        "delete_regress.tests.DeleteLockingTest.test_concurrent_delete",
    },
    "Django's methods are overridden where a test replaces the base class's": {
        "backends.base.test_creation.TestDbCreationTests.test_serialize_deprecation",
        "test_utils.tests.AssertNumQueriesUponConnectionTests."
        "test_ignores_connection_configuration_queries",
    },
    "Of a migration that fails nothing is left, atomic or not": {
        "migrations.test_executor.ExecutorTests.test_atomic_operation_in_non_atomic_migration",
        "migrations.test_executor.ExecutorTests.test_non_atomic_migration",
    },
    "The engine isn't called SQLite, is always a file and always has JSON": {
        "backends.sqlite.test_creation.TestDbSignatureTests.test_custom_test_name",
        "backends.sqlite.test_features.FeaturesTests.test_supports_json_field_operational_error",
        "backends.sqlite.tests.Tests.test_check_database_version_supported",
    },
    "dbshell is doltlite's, not the program sqlite3": {
        "dbshell.test_sqlite.SqliteDbshellCommandTestCase."
        "test_non_zero_exit_status_when_path_to_db_is_path",
    },
}
