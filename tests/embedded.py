"""What of the suite the embedded engine can't run, and why; see CONTRIBUTING.md.

Everything that isn't named here passes on both engines. docs/embedded.md says the same in users'
words.
"""

from __future__ import annotations

# Modules about the server itself: its driver, its process, its settings, its faults and what is
# done about them, remotes.
MODULES = [
    "backends/test_combined.py",
    "backends/test_converting.py",
    "backends/test_errors.py",
    "backends/test_limits.py",
    "backends/test_joined_queries.py",
    "backends/test_known_faults.py",
    "backends/test_other_servers.py",
    "backends/test_queries.py",
    "backends/test_bits.py",
    "backends/test_decimals.py",
    "backends/test_documents.py",
    "backends/test_rewritten.py",
    "backends/test_rewritten_values.py",
    "backends/test_savepoints.py",
    "backends/test_schema.py",
    "backends/test_sequences.py",
    "backends/test_storing.py",
    "backends/test_unsigned.py",
    "backends/test_wide.py",
    "invariants/test_durable.py",
    "remote_sites.py",
    "test_copied_history.py",
    "test_copies.py",
    "review/test_mirror.py",
    "test_django_runner.py",
    "test_remote_commands.py",
    "test_servers.py",
    "test_testing.py",
    "versioning/test_clones.py",
    "versioning/test_pulls.py",
    "versioning/test_remote_servers.py",
    "versioning/test_remotes.py",
]

# Modules that make databases of their own, on whichever engine, or need none, or are about what
# is above the engines (the permission matrix, translations). The run on a server had them already:
# `bootstrap.py test` leaves them out of the second run. Not so a run by hand.
EITHER = [
    "backends/doltlite/test_collecting.py",
    "backends/doltlite/test_copying.py",
    "backends/doltlite/test_dbshell.py",
    "backends/doltlite/test_durable.py",
    "backends/doltlite/test_loading.py",
    "backends/doltlite/test_statements.py",
    "backends/test_statements.py",
    "browser",
    "fuzz",
    "review/test_matrix.py",
    "test_django_suite.py",
    "test_translation.py",
]

_WORDS = "it sends MySQL's own words"
_QUOTES = "it looks for MySQL's quotation marks or types in SQL that is shown"
_SECONDS = "dates of commits have whole seconds there, and the test needs finer ones"
_RENAMES = "history doesn't follow renamed columns and tables there"
_ONE_WRITER = "one transaction writes to a file at a time there: the other one waits"
_CASE = "`startswith` heeds no case there, as in SQLite"

TESTS = {
    "admin_objects/test_history.py::test_history_costs_few_queries": (
        "history reads each commit by a query of its own there, without a round trip"
    ),
    "invariants/test_bounded_connections.py::test_2000_branches_touched_by_one_thread": _WORDS,
    "invariants/test_no_check_in_a_view_only.py::"
    "test_protected_branch_refuses_every_direct_way[two statements]": "the driver takes one",
    "invariants/test_nothing_leaks.py::test_session_state_of_a_request_is_gone_in_the_next": _WORDS,
    "invariants/test_shared_rows_at_once.py::"
    "test_rows_of_two_transactions_at_once_are_both_kept": _ONE_WRITER,
    "invariants/test_shared_rows_at_once.py::"
    "test_same_cell_of_two_transactions_is_a_stale_write": _ONE_WRITER,
    "invariants/test_shared_rows_at_once.py::test_keys_from_before_are_dropped": _WORDS,
    "backends/test_zones.py::"
    "test_zone_in_the_definition_of_a_table_is_refused_where_it_would_be_wrong": (
        "Python tells the time there, and is right"
    ),
    "versioning/test_generated.py::test_generated_number_past_64_bits_is_refused": (
        "SQLite goes on with a float, whichever backend asks"
    ),
    "review/test_together.py::"
    "test_request_with_an_old_transaction_merges_nothing_unapproved": _ONE_WRITER,
    "review/test_together.py::"
    "test_change_requested_in_a_request_that_ends_after_the_merge_is_refused": _ONE_WRITER,
    "test_aliases.py::test_raw_sql_cannot_leave_the_branch[USE inventory]": _WORDS,
    "test_aliases.py::test_raw_sql_cannot_leave_the_branch[SELECT 1; USE inventory]": _WORDS,
    "test_aliases.py::test_raw_sql_cannot_leave_the_branch[/* x */ uSe inventory]": _WORDS,
    "test_autocommit.py::test_foreign_writer_is_not_in_this_commit": _ONE_WRITER,
    "test_autocommit.py::test_retry_stale_repeats_the_work": _ONE_WRITER,
    "test_autocommit.py::test_session_variable_does_not_leak_to_the_next_branch": _WORDS,
    "test_autocommit.py::test_stale_write_raises_and_writes_nothing": _ONE_WRITER,
    "test_checks.py::test_server_that_gives_an_id_twice_is_a_warning": "it is about a server",
    "test_docs.py::test_every_command_of_the_tasks": "remotes are among the tasks",
    "test_dolt_command.py::test_command_that_needs_no_server_runs_without_one": "no server at all",
    "test_dolt_command.py::test_share_moves_tracked_tables_out_and_keeps_the_rows": (
        "a versioned table can't be made shared there"
    ),
    "test_history_commands.py::test_restore_to_a_moment_and_of_a_deleted_object": _SECONDS,
    "test_verbs.py::test_diff_by_row_and_as_a_file": _QUOTES,
    "test_verbs.py::test_diff_of_the_schema": _QUOTES,
    "test_verbs.py::test_gc_and_json_of_the_lists": "it collects garbage in ways of the server",
    "versioning/test_branches.py::test_default_branch_of_another_name_in_a_new_database": (
        "a new file has the default branch that the settings name"
    ),
    "versioning/test_commit_query.py::test_author_by_name_or_address": _SECONDS,
    "versioning/test_commit_query.py::test_chains_are_ordered_counted_and_sliced_by_the_server": (
        _SECONDS
    ),
    "versioning/test_commit_query.py::test_commits_behind_a_merge_are_found": _SECONDS,
    "versioning/test_commit_query.py::test_queries_are_of_the_querysets_own_branch": _SECONDS,
    "versioning/test_commit_query.py::test_since_and_until_hold_the_moment_itself": _SECONDS,
    "versioning/test_commit_query.py::test_touching_a_model_holds_its_many_to_many_tables": (
        _SECONDS
    ),
    "versioning/test_commits.py::test_log_is_newest_first_and_sliced_by_the_server": _CASE,
    "versioning/test_commits.py::test_order_of_the_log_holds_for_every_way_of_asking": _CASE,
    "versioning/test_diffs.py::test_schema_changes_show_both_definitions": _QUOTES,
    "versioning/test_history.py::test_column_of_another_type_then": _WORDS,
    "versioning/test_history.py::test_history_goes_on_before_the_table_and_its_key_were_renamed": (
        _WORDS
    ),
    "versioning/test_history.py::test_merge_that_made_a_value_of_its_own_is_a_version": (
        "a raw merge that conflicts raises there"
    ),
    "versioning/test_history.py::test_name_that_went_over_to_another_column": _RENAMES,
    "versioning/test_history.py::test_renamed_added_and_dropped_columns": _RENAMES,
    "versioning/test_past.py::test_as_of_a_commit_tag_branch_and_datetime": _SECONDS,
    "versioning/test_past.py::test_as_of_through_renamed_columns": _RENAMES,
    "versioning/test_past.py::test_datetime_means_the_branch_then_not_what_was_merged_later": (
        _SECONDS
    ),
    "versioning/test_resets.py::test_garbage_is_collected_while_connections_are_open": (
        "it collects garbage in ways of the server"
    ),
    "versioning/test_rows.py::test_exports": _QUOTES,
}
