"""What a NAME of the embedded engine means, and which are refused."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import (
    OperationalError,
    connection,
    connections,
)

from dolt_router.backends.doltlite.files import split_name
from dolt_router.exceptions import (
    BranchDoesNotExist,
    ReadOnlyRevision,
)
from dolt_router.models import Commit
from tests.conftest import EMBEDDED
from tests.inventory.models import Site

embedded = pytest.mark.skipif(not EMBEDDED, reason="DOLT_ROUTER_TEST_ENGINE is not doltlite")


def wrapper_of(name: str) -> Any:
    """A wrapper of the embedded engine that no alias has."""
    home = connections["default"]
    return type(home)({**home.settings_dict, "NAME": name}, "default")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("inventory.db", ("inventory.db", "")),
        ("there.db/feature/x", ("there.db", "feature/x")),
        ("folder/new.db", ("folder/new.db", "")),
        ("folder/new.db/side", ("folder/new.db", "side")),
        ("folder/nosuffix", ("folder/nosuffix", "")),
        ("folder/file/side.x", ("folder/file", "side.x")),
        ("missing/inventory.db", ("missing/inventory.db", "")),
    ],
)
def test_file_and_branch_of_a_name(tmp_path: Path, name: str, expected: tuple[str, str]) -> None:
    (tmp_path / "folder.d" / "folder").mkdir(parents=True)
    root = tmp_path / "folder.d"
    (root / "there.db").touch()
    (root / "folder" / "file").touch()
    file, ref = split_name(str(root / name))
    assert (os.path.relpath(file, root), ref) == expected


@pytest.mark.parametrize("name", [":memory:", "file:memory?mode=memory"])
def test_name_that_is_no_file_is_refused(name: str) -> None:
    from dolt_router.backends.doltlite.base import DatabaseWrapper

    entry = {**connections["other"].settings_dict, "NAME": name}
    with pytest.raises(ImproperlyConfigured, match="needs the path of a file"):
        DatabaseWrapper(entry).get_connection_params()


@embedded
def test_unknown_branch_makes_no_file_and_names_the_nearest(feature: str) -> None:
    folder = Path(connection.base_name).parent
    before = set(folder.iterdir())
    with pytest.raises(BranchDoesNotExist, match='Did you mean "feature/x"'):
        connections["feature/y"].ensure_connection()
    with pytest.raises(BranchDoesNotExist):
        connections["Feature/X"].ensure_connection()  # names heed case
    assert set(folder.iterdir()) == before


@embedded
def test_database_that_is_not_there_is_made_on_the_default_branch_only(
    dolt: None, tmp_path: Path
) -> None:
    file = str(tmp_path / "new.db")
    with pytest.raises(BranchDoesNotExist):
        wrapper_of(f"{file}/side").ensure_connection()
    assert not os.path.exists(file)
    home = wrapper_of(file)
    home.ensure_connection()
    home.close()
    assert os.path.getsize(file) and os.path.exists(file + "-shared")
    missing = wrapper_of(str(tmp_path / "no" / "where.db"))
    with pytest.raises(OperationalError):
        missing.ensure_connection()


@embedded
def test_default_branch_of_another_name(empty_database: None, settings: Any) -> None:
    settings.DOLT_ROUTER = {"DEFAULT_BRANCH": "trunk"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT active_branch()")
        assert cursor.fetchone() == ("trunk",)
        cursor.execute("SELECT name FROM dolt_branches")
        assert cursor.fetchall() == [("trunk",)]
    connections.close_all()


@embedded
def test_branch_in_a_static_entry(feature: str) -> None:
    Site.objects.using(feature).create(name="there")
    pinned = wrapper_of(f"{connection.settings_dict['NAME']}/{feature}")
    with pinned.cursor() as cursor:
        cursor.execute("SELECT name FROM inventory_site")
        assert cursor.fetchall() == [("there",)]
    assert (pinned.ref, pinned.is_home) == (feature, False)
    pinned.close()


@embedded
def test_tag_and_commit_are_read_only(feature: str) -> None:
    Site.objects.using(feature).create(name="s")
    commit = Commit.objects.on(feature)[0].commit_hash
    assert len(commit) == 40
    with connection.cursor() as cursor:
        cursor.execute("CALL dolt_tag('v1', %s)", [commit])
    for ref in ("v1", commit):
        assert Site.objects.using(ref).get().name == "s"
        with pytest.raises(ReadOnlyRevision):
            Site.objects.using(ref).create(name="no")
