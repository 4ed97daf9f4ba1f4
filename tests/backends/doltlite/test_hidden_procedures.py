"""Functions that change a branch are seen wherever they stand in a statement, however spelled."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import override_settings

from dolt_router import use_branch
from dolt_router.backends.dolt.statements import Kind
from dolt_router.backends.doltlite.statements import classify
from dolt_router.exceptions import BranchProtected
from dolt_router.models import Branch
from dolt_router.versioning import branches
from tests.conftest import EMBEDDED
from tests.inventory.models import Site

embedded = pytest.mark.skipif(not EMBEDDED, reason="DOLT_ROUTER_TEST_ENGINE is not doltlite")

SPELLINGS = [
    "SELECT dolt_merge('feature/x')",
    "SELECT DoLt_MeRgE('feature/x')",
    "SELECT \"dolt_merge\"('feature/x')",
    "SELECT [dolt_merge] ('feature/x')",
    "SELECT `dolt_merge`/* here */('feature/x')",
    "SELECT 1 WHERE dolt_merge('feature/x') IS NOT NULL",
    "WITH a AS (SELECT dolt_merge('feature/x')) SELECT * FROM a",
    "VALUES (dolt_merge('feature/x'))",
]


@embedded
@pytest.mark.parametrize("sql", SPELLINGS)
def test_protected_branch_is_merged_into_by_no_spelling(dolt: None, sql: str) -> None:
    Site.objects.create(name="there")
    Branch.objects.create(name="feature/x")
    with use_branch("feature/x"):
        Site.objects.create(name="theirs")
    head = branches.resolve("main")
    with override_settings(DOLT_ROUTER={"PROTECTED_BRANCHES": ["main"]}):
        with pytest.raises(BranchProtected), connection.cursor() as cursor:
            cursor.execute(sql)
    assert branches.resolve("main") == head


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'dolt_merge(1)'",
        "EXPLAIN QUERY PLAN SELECT dolt_merge('x')",
        "SELECT dolt_merge_base('a', 'b')",
        'SELECT "dolt_merge" FROM t',
    ],
)
def test_what_only_looks_like_a_procedure_reads(sql: str) -> None:
    assert classify(sql).kind is Kind.READ
