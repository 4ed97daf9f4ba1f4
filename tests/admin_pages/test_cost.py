"""What the pages ask the database for, whatever the number of branches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.utils import CursorWrapper
from django.test import Client

from dolt_router.review.models import BranchGrant, PullRequest
from dolt_router.versioning import branches
from tests.admin_pages.conftest import MakeUser, client_of
from tests.admin_pages.test_pages import edited, text_of, url
from tests.conftest import MakeBranch

__all__ = ["edited"]


@contextmanager
def sent() -> Iterator[list[str]]:
    """Every statement that is sent inside, by whichever connection."""
    statements: list[str] = []
    original: Any = CursorWrapper._execute  # type: ignore[attr-defined]

    def execute(self: Any, sql: str, *args: Any) -> Any:
        statements.append(str(sql))
        return original(self, sql, *args)

    CursorWrapper._execute = execute  # type: ignore[attr-defined]
    try:
        yield statements
    finally:
        CursorWrapper._execute = original  # type: ignore[attr-defined]


def lists_of_branches(statements: list[str]) -> int:
    return sum("FROM dolt_branches" in sql.replace("`", "").replace('"', "") for sql in statements)


def test_commit_page_lists_no_branches_where_none_is_closed(staff: Client, edited: str) -> None:
    with sent() as statements:
        response = staff.get(url("commit", branches.resolve(edited)))
    assert response.status_code == 200
    assert statements and lists_of_branches(statements) == 0


def test_commit_of_the_default_branch_is_open_without_a_list_of_branches(
    make_user: MakeUser, edited: str
) -> None:
    BranchGrant.objects.create(pattern="secret/*", verbs=["read"], user=make_user("ann"))
    client = client_of(make_user("eve", "view_device"))
    commit = branches.resolve("main")
    client.get(url("commit", commit))
    with sent() as statements:
        assert client.get(url("commit", commit)).status_code == 200
    # One by the gate, which knows commits by the branches that have them.
    assert lists_of_branches(statements) <= 1


def test_branches_are_read_once_and_closed_ones_not_counted(
    make_user: MakeUser, make_branch: MakeBranch
) -> None:
    for number in range(60):
        make_branch(f"open/{number:02}")
        make_branch(f"secret/{number:02}") if number % 10 == 0 else None
    BranchGrant.objects.create(pattern="secret/*", verbs=["read"], user=make_user("ann"))
    for user in (make_user("eve"), make_user("root", is_superuser=True)):
        client = client_of(user)
        shown = []
        for number in ("1", "2"):
            with sent() as statements:
                page = client.get(url("branch_changelist", o="1", p=number))
            # One more by the gate, for a reader to whom some are closed.
            assert lists_of_branches(statements) == (2 if user.username == "eve" else 1)
            shown += [branch.name for branch in page.context["cl"].result_list]
        seen = 61 if user.username == "eve" else 67
        assert page.context["cl"].result_count == len(shown) == len(set(shown)) == seen
        first = client.get(url("branch_changelist", o="1"))
        assert first.context["cl"].result_count == seen


def test_box_of_a_branch_is_djangos_own(root: Client, make_branch: MakeBranch) -> None:
    make_branch("a'b&c")
    page = text_of(root.get(url("branch_changelist")))
    assert 'value="a&#x27;b&amp;c" class="action-select"' in page
    assert 'aria-label="Select this object for an action - a&#x27;b&amp;c"' in page
    assert 'id="action-toggle"' in page
    german = root.get(url("branch_changelist"), headers={"accept-language": "de"})
    assert german.status_code == 200


def test_pull_request_counts_its_distance_once(
    root: Client, make_user: MakeUser, edited: str
) -> None:
    made = PullRequest.objects.open(
        source=edited, target="main", title="T", author=make_user("author")
    )
    address = f"/admin/dolt_review/pullrequest/{made.pk}/change/"
    assert root.get(address).status_code == 200
    with sent() as statements:
        assert root.get(address).status_code == 200
    assert not [sql for sql in statements if "dolt_log" in sql or "dolt_merge_base" in sql]
    assert lists_of_branches(statements) == 0
