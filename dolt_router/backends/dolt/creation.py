"""Test databases, and branches within them."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.db.backends.mysql.creation import DatabaseCreation as MySQLCreation

from ...conf import conf
from .static_alias import StaticAlias


class DatabaseCreation(MySQLCreation):
    """Creates `test_<name>`; for an alias pinned to `name/branch` the branch in it too."""

    def create_test_db(self, *args: Any, **kwargs: Any) -> str:
        with StaticAlias(self.connection):
            return str(super().create_test_db(*args, **kwargs))

    def destroy_test_db(self, *args: Any, **kwargs: Any) -> None:
        with StaticAlias(self.connection):
            super().destroy_test_db(*args, **kwargs)

    def clone_test_db(self, *args: Any, **kwargs: Any) -> None:
        with StaticAlias(self.connection):
            super().clone_test_db(*args, **kwargs)

    def _create_test_db(self, verbosity: int, autoclobber: bool, keepdb: bool = False) -> str:
        name = self._get_test_db_name()
        base, _, branch = name.partition("/")
        if not branch:
            return str(super()._create_test_db(verbosity, autoclobber, keepdb))
        with self._nodb_cursor() as cursor:
            cursor.execute(f"CREATE DATABASE IF NOT EXISTS {self.connection.ops.quote_name(base)}")
        for needed in (str(conf.DEFAULT_BRANCH), branch):
            self._create_branch(base, needed)
        return name

    def _execute_create_test_db(
        self, cursor: Any, parameters: dict[str, str], keepdb: bool = False
    ) -> None:
        try:
            super()._execute_create_test_db(cursor, parameters, keepdb)  # type: ignore[misc]
        finally:  # Django takes "exists already" for success when the database is kept
            if keepdb or sys.exc_info()[0] is None:
                self._create_branch(parameters["dbname"].strip("`"), str(conf.DEFAULT_BRANCH))

    def _create_branch(self, base: str, branch: str) -> None:
        """Create a branch, unless it is there: a new database has the one that Dolt names."""
        with self._nodb_cursor() as cursor:
            cursor.execute(f"USE {self.connection.ops.quote_name(base)}")
            cursor.execute("SELECT name FROM dolt_branches")
            names = [name for (name,) in cursor.fetchall()]
            if branch not in names:
                start = conf.DEFAULT_BRANCH if conf.DEFAULT_BRANCH in names else names[0]
                cursor.execute("CALL dolt_branch(%s, %s)", [branch, start])

    def _connection_to(self, name: str) -> Any:
        return self.connection.__class__(
            {**self.connection.settings_dict, "NAME": name}, alias=self.connection.alias
        )

    def _destroy_test_db(self, test_database_name: str, verbosity: int) -> None:
        base = test_database_name.partition("/")[0]
        with self._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {self.connection.ops.quote_name(base)}")

    def _clone_db(self, source_database_name: str, target_database_name: str) -> None:
        """Copy every table inside the server: no mysqldump needed, and shared tables too."""
        quote = self.connection.ops.quote_name
        source = self._connection_to(source_database_name)
        target = self._connection_to(target_database_name)
        try:
            with source.cursor() as read, target.cursor() as write:
                for system in ("dolt_ignore", "dolt_nonlocal_tables"):
                    _copy_rows(read, write, system, skip_missing=True)
                tables = [
                    t.name for t in source.introspection.get_table_list(read) if t.type == "t"
                ]
                with target.one_dolt_commit("Clone the test database"):
                    write.execute("SET foreign_key_checks=0")
                    for table in tables:
                        read.execute(f"SHOW CREATE TABLE {quote(table)}")
                        write.execute(read.fetchone()[1])
                    for table in tables:
                        _copy_rows(read, write, table)
                    write.execute("SET foreign_key_checks=1")
        except Exception as error:
            self.log(f"Got an error cloning the test database: {error}")
            sys.exit(2)
        finally:
            source.close()
            target.close()

    def setup_worker_connection(self, _worker_id: int) -> None:
        super().setup_worker_connection(_worker_id)
        # Branches of the worker are aliases derived from the static entry.
        root: Any = self.connection.root_alias
        entry: dict[str, Any] = settings.DATABASES[root]  # type: ignore[assignment]
        entry["NAME"] = self.connection.settings_dict["NAME"]


def _copy_rows(read: Any, write: Any, table: str, skip_missing: bool = False) -> None:
    quoted = f"`{table}`"
    try:
        read.execute(f"SELECT * FROM {quoted}")
    except Exception:
        if skip_missing:
            return
        raise
    columns = ", ".join(f"`{column[0]}`" for column in read.description)
    rows = read.fetchall()
    if rows:
        marks = ", ".join(["%s"] * len(rows[0]))
        write.executemany(f"REPLACE INTO {quoted} ({columns}) VALUES ({marks})", rows)
