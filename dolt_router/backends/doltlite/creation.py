"""Test databases: files beside the database, with their branches."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.backends.base.creation import TEST_DATABASE_PREFIX

from ...conf import conf
from ..dolt.static_alias import StaticAlias
from . import driver
from .copying import copy_database, remove_database
from .files import split_name

SQLiteCreation: Any = driver.creation.DatabaseCreation


class DatabaseCreation(SQLiteCreation):
    """Creates `test_<name>` beside `<name>`; for an alias pinned to a branch, the branch too."""

    @staticmethod
    def is_in_memory_db(database_name: Any) -> bool:
        return False

    def create_test_db(self, *args: Any, **kwargs: Any) -> str:
        with StaticAlias(self.connection):
            return str(super().create_test_db(*args, **kwargs))

    def destroy_test_db(self, *args: Any, **kwargs: Any) -> None:
        with StaticAlias(self.connection):
            super().destroy_test_db(*args, **kwargs)

    def clone_test_db(self, *args: Any, **kwargs: Any) -> None:
        with StaticAlias(self.connection):
            super().clone_test_db(*args, **kwargs)

    def _get_test_db_name(self) -> str:
        file, ref = split_name(str(self.connection.settings_dict["NAME"]))
        folder, name = os.path.split(file)
        chosen = str(self.connection.settings_dict["TEST"]["NAME"] or "")
        if not chosen:
            chosen = os.path.join(folder, TEST_DATABASE_PREFIX + name)
        elif chosen.startswith(TEST_DATABASE_PREFIX + folder) and folder:
            # Made by pytest-django from NAME, as if that were the name of a database: with a
            # suffix for the worker of pytest-xdist.
            chosen = os.path.join(folder, TEST_DATABASE_PREFIX + os.path.basename(chosen))
        return f"{chosen}/{ref}" if ref and not split_name(chosen)[1] else chosen

    def _create_test_db(self, verbosity: int, autoclobber: bool, keepdb: bool = False) -> str:
        name = self._get_test_db_name()
        file, ref = split_name(name)
        if not keepdb and os.path.exists(file):
            if verbosity >= 1:
                self.log(f"Destroying old test database '{file}'...")
            if not autoclobber:
                answer = input(
                    "Type 'yes' if you would like to try deleting the test database "
                    f"'{file}', or 'no' to cancel: "
                )
                if answer != "yes":
                    self.log("Tests cancelled.")
                    sys.exit(1)
            remove_database(file)
        if ref and ref != conf.DEFAULT_BRANCH:
            self._create_branch(file, ref)
        return name

    def _create_branch(self, file: str, ref: str) -> None:
        home = self._connection_to(file)
        try:
            with home.cursor() as cursor:
                cursor.execute("SELECT 1 FROM dolt_branches WHERE name = %s", [ref])
                if cursor.fetchone() is None:
                    cursor.execute("SELECT dolt_branch(%s)", [ref])
        finally:
            home.close()

    def _connection_to(self, name: str) -> Any:
        return self.connection.__class__(
            {**self.connection.settings_dict, "NAME": name}, alias=self.connection.alias
        )

    def _destroy_test_db(self, test_database_name: str, verbosity: int) -> None:
        remove_database(split_name(test_database_name)[0])

    def get_test_db_clone_settings(self, suffix: str) -> dict[str, Any]:
        entry = self.connection.settings_dict
        file, ref = split_name(str(entry["NAME"]))
        root, extension = os.path.splitext(file)
        clone = f"{root}_{suffix}{extension}"
        return {**entry, "NAME": f"{clone}/{ref}" if ref else clone}

    def _clone_test_db(self, suffix: str, verbosity: int, keepdb: bool = False) -> None:
        source = split_name(str(self.connection.settings_dict["NAME"]))[0]
        target = split_name(str(self.get_test_db_clone_settings(suffix)["NAME"]))[0]
        if os.path.exists(target):
            if keepdb:
                return
            if verbosity >= 1:
                self.log(f"Destroying old test database '{target}'...")
            remove_database(target)
        copy_database(source, target)

    def setup_worker_connection(self, _worker_id: int) -> None:
        clone = self.get_test_db_clone_settings(str(_worker_id))
        self.connection.close()
        self.connection.settings_dict = clone
        root: Any = self.connection.root_alias
        if connections[root] is not self.connection:
            return  # not the one that the site uses
        # Branches of the worker are aliases derived from the static entry.
        entry: dict[str, Any] = settings.DATABASES[root]  # type: ignore[assignment]
        entry["NAME"] = clone["NAME"]

    def test_db_signature(self) -> tuple[Any, ...]:
        entry = self.connection.settings_dict
        return str(entry["NAME"]), self._get_test_db_name()
