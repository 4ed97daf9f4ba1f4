"""Dolt's own permissions, for users who speak SQL: tried as those users."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import MySQLdb
import pytest
from django.core.management import call_command
from django.db import connection

from dolt_router.models import Branch
from dolt_router.review.models import BranchGrant, BranchRule
from tests.review.conftest import person

ALL = ("create_branch", "merge_branch", "delete_branch", "force_branch")


def sql(statement: str, *values: Any) -> Any:
    with connection.plain_sql(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def as_user(name: str, branch: str, statement: str) -> bool:
    """Whether the SQL user may; run on that branch."""
    place = connection.settings_dict
    session = MySQLdb.connect(
        host=place["HOST"],
        port=int(place["PORT"]),
        user=name,
        passwd="pw",
        database=f"{place['NAME']}/{branch}",
        autocommit=True,
    )
    try:
        session.cursor().execute(statement)
    except MySQLdb.OperationalError as error:
        assert "permission" in str(error) or "cannot" in str(error), error
        return False
    finally:
        session.close()
    return True


@pytest.fixture
def sql_users(dolt: None) -> Iterator[None]:
    database = connection.settings_dict["NAME"]
    before = sql("SELECT * FROM dolt_branch_control")
    for name in ("mia", "max", "alien"):
        sql(f"CREATE USER '{name}'@'%%' IDENTIFIED BY 'pw'")
        sql(f"GRANT ALL ON `{database}`.* TO '{name}'@'%%'")
    yield
    for name in ("mia", "max", "alien"):
        sql(f"DROP USER '{name}'@'%%'")
    sql("DELETE FROM dolt_branch_namespace_control WHERE `database` = %s", database)
    for row in sql("SELECT * FROM dolt_branch_control"):
        if row not in before and row[2] != "root":
            sql(
                "DELETE FROM dolt_branch_control "
                "WHERE `database` = %s AND branch = %s AND user = %s AND host = %s",
                *row[:4],
            )


def mirror(*words: str) -> str:
    out = StringIO()
    call_command("dolt", "permissions", *words, stdout=out)
    return out.getvalue()


def test_sql_users_may_what_their_namesakes_may(sql_users: None) -> None:
    person("mia", *ALL)
    max_ = person("max")
    BranchGrant.objects.create(
        pattern="max/*", verbs=["create", "write", "merge", "delete", "force"], user=max_
    )
    for name in ("max/one", "free-1", "free_2", "freeX2"):
        Branch.objects.create(name=name)
    BranchRule.objects.create(pattern="main")
    BranchGrant.objects.create(pattern="freeX2", verbs=["write"], deny=True, everyone=True)
    assert "free" in mirror("--dry-run")
    write = "INSERT INTO inventory_tag (name) VALUES ('x')"
    assert as_user("alien", "free-1", "DELETE FROM inventory_tag")  # nothing is written yet
    mirror("--mirror")
    assert as_user("mia", "free-1", write)
    assert not as_user("mia", "main", write)
    assert not as_user("mia", "freeX2", write)
    assert not as_user("mia", "free_2", write)  # Dolt would let her to freeX2 as well
    assert not as_user("mia", "max/one", write)  # closed by the grant
    assert as_user("max", "max/one", write)
    assert not as_user("max", "free-1", write)
    assert not as_user("alien", "free-1", write)
    assert as_user("alien", "free-1", "SELECT * FROM inventory_tag")
    assert as_user("max", "max/one", "CALL dolt_branch('max/two')")
    assert not as_user("max", "max/one", "CALL dolt_branch('theirs')")
    assert not as_user("max", "max/one", "CALL dolt_branch('-D', 'free-1')")
    Branch.objects.create(name="site/still-may")


def test_what_a_user_may_is_told(feature: str, ann: Any, rule: BranchRule) -> None:
    told = mirror("--of", "ann", "--branch", "main")
    assert "pull requests only" in told and "merge" in told
