"""Server errors become the package's, keep their cause, and say what to do."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import MySQLdb
import pytest
from django.db import DataError, OperationalError, connection, connections, transaction
from django.db.models.signals import post_save
from django.db.utils import NotSupportedError
from django.test import Client

from dolt_router import use_branch
from dolt_router.autocommit import retry_stale
from dolt_router.backends.dolt.base import DatabaseWrapper
from dolt_router.exceptions import (
    BranchDoesNotExist,
    CrossBranchWrite,
    DoltRouterError,
    DoltServerError,
    ReadOnlyRevision,
)
from dolt_router.models import Branch, Commit
from tests.inventory.models import Device


def entry(**changes: Any) -> dict[str, Any]:
    return {**connections.settings["default"], **changes}


def test_missing_database_is_not_taken_for_a_missing_branch(db: None) -> None:
    with pytest.raises(DoltServerError, match='Database "nowhere" does not exist') as caught:
        DatabaseWrapper(entry(NAME="nowhere"), "default").ensure_connection()
    assert "CREATE DATABASE `nowhere`" in str(caught.value)
    assert isinstance(caught.value, OperationalError)


def test_unknown_branch_keeps_the_servers_error_as_cause(db: None) -> None:
    with pytest.raises(BranchDoesNotExist) as caught:
        Device.objects.using("nope").count()
    assert isinstance(caught.value.__cause__, MySQLdb.OperationalError)
    assert caught.value.__cause__.args[0] == 1049
    assert (caught.value.branch, caught.value.using) == ("nope", "default")


def test_branch_deleted_under_an_open_connection(feature: str) -> None:
    Device.objects.using(feature).count()
    with connections["default"].plain_sql(), connections["default"].cursor() as cursor:
        cursor.execute("CALL dolt_branch('-D', %s)", [feature])
    with pytest.raises(BranchDoesNotExist) as caught:
        Device.objects.using(feature).create(name="a")
    assert caught.value.__cause__ is not None
    assert feature not in connections


def test_write_to_a_commit(dolt: None) -> None:
    point = Commit.objects.on("main")[0].commit_hash
    with pytest.raises(ReadOnlyRevision, match="manage.py dolt branch <name>") as caught:
        Device.objects.using(f"default/{point}").create(name="a")
    assert isinstance(caught.value, NotSupportedError)


def test_other_errors_of_dolt_are_in_its_words(dolt: None) -> None:
    with connections["default"].plain_sql(), connection.cursor() as cursor:
        with pytest.raises(DoltServerError, match="unknown option") as caught:
            cursor.execute("CALL dolt_merge('--no-such-flag', 'x')")
    assert isinstance(caught.value, OperationalError)
    assert isinstance(caught.value.__cause__, MySQLdb.Error)


def test_no_error_tells_the_password(db: None) -> None:
    for changes in ({"PASSWORD": "s3cret-pw"}, {"PASSWORD": "s3cret-pw", "USER": "nobody"}):
        with pytest.raises(Exception) as caught:  # noqa: PT011
            DatabaseWrapper(entry(NAME="nowhere", **changes), "default").ensure_connection()
        assert "s3cret" not in str(caught.value) + str(caught.value.__cause__)


def test_statement_that_would_leave_the_branch_says_how(feature: str) -> None:
    with connections[feature].cursor() as cursor:
        with pytest.raises(CrossBranchWrite, match=r"use_branch"):
            cursor.execute("USE inventory")
        cursor.execute("SELECT active_branch()")
        assert cursor.fetchone()[0] == feature


@pytest.mark.parametrize("length", [102, 10_000])
def test_text_that_is_too_long_is_a_data_error_as_on_mysql(feature: str, length: int) -> None:
    with pytest.raises(DataError, match="^.{8}string 'a"):
        Device.objects.using(feature).create(name="a\n" * length)
    assert not Device.objects.using(feature).exists()


@pytest.fixture
def database_meanwhile(dolt: None) -> Iterator[None]:
    """With the next row that is saved a database is made, as by somebody else."""
    name = f"scratch_{uuid.uuid4().hex[:8]}"

    def make(**kwargs: Any) -> None:
        post_save.disconnect(make)
        with connections["default"]._nodb_cursor() as cursor:
            cursor.execute(f"CREATE DATABASE `{name}`")

    post_save.connect(make)
    yield
    post_save.disconnect(make)
    with connections["default"]._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")


def test_savepoint_after_a_database_was_made_is_refused_and_writes_nothing(
    feature: str, database_meanwhile: None
) -> None:
    headers = {"x-dolt-branch": feature, "accept": "application/json"}
    answer = Client().post("/many/?name=a", headers=headers)
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:dolt-router:savepoint_refused"
    assert "scratch_" in answer.json()["detail"]
    assert not Device.objects.using(feature).exists()
    assert Client().post("/many/?name=a", headers=headers).status_code == 200


def test_work_whose_savepoint_was_refused_is_done_again(
    feature: str, database_meanwhile: None
) -> None:
    tries = []

    @retry_stale()
    def work() -> None:
        tries.append(1)
        with use_branch(feature), transaction.atomic():
            Device.objects.create(name="a")
            with transaction.atomic():
                Device.objects.create(name="b")

    work()
    assert len(tries) == 2
    assert Device.objects.using(feature).count() == 2


def test_branch_that_a_procedure_misses_is_the_one_named(dolt: None) -> None:
    with connections["default"].plain_sql(), connection.cursor() as cursor:
        with pytest.raises(BranchDoesNotExist) as caught:
            cursor.execute("CALL dolt_merge('no-such-branch')")
    assert caught.value.branch == "no-such-branch"


def test_every_error_is_one_family() -> None:
    assert issubclass(BranchDoesNotExist, DoltRouterError)
    assert Branch.DoesNotExist is not BranchDoesNotExist
