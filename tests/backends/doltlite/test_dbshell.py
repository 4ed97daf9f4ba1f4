"""The shell that stands in for SQLite's own."""

from __future__ import annotations

import pytest

from .conftest import Site as Project


def test_dbshell_runs_sql_on_the_branch(migrated: Project) -> None:
    migrated.manage("dolt", "branch", "side")
    words = ["dbshell", "--database", "side", "--"]
    shown = migrated.manage(*words, "SELECT active_branch() AS b", "SELECT count(*) FROM auth_user")
    assert shown.split("\n")[:4] == ["b", "side", "count(*)", "0"]


def test_dbshell_reads_statements_of_several_lines_and_tells_errors(migrated: Project) -> None:
    text = "SELECT 1\n  AS one;\nSELECT nowhere;\n"
    with pytest.raises(AssertionError, match="no such column: nowhere"):
        migrated.run("manage.py", "dbshell", input=text)


def test_users_are_no_rows_of_the_versioned_file(migrated: Project) -> None:
    shown = migrated.manage("dbshell", "--", "SELECT name FROM main.sqlite_master")
    assert "inventory_device" in shown and "auth_user" not in shown
