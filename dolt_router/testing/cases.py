"""`BranchTestCase`: each test on a branch of its own, with real commits."""

from __future__ import annotations

import uuid

from django.test import TransactionTestCase

from dolt_router import aliases, context
from dolt_router.versioning import branches


class TestBranch:
    """A throwaway branch, active between `enter` and `leave`; `name` is its name."""

    __test__ = False  # not a test, whatever pytest thinks of the name

    def __init__(self, start_point: str | None = None) -> None:
        self.name = f"test/{uuid.uuid4().hex[:12]}"
        self.start_point = start_point

    def enter(self) -> str:
        """Create the branch and make it the active one; returns its name."""
        branches.create(self.name, self.start_point)
        self._scope = context.use_branch(self.name)
        self._scope.__enter__()
        return self.name

    def leave(self) -> None:
        """Make active what was before, and delete the branch."""
        self._scope.__exit__(None, None, None)
        wrapper = aliases.handler()[aliases.branch_alias(self.name)]
        if wrapper.in_atomic_block:
            wrapper.close()
        branches.delete(self.name, force=True)


class BranchTestCase(TransactionTestCase):
    """Runs each test on a new branch, which is deleted afterwards.

    Writes are committed for real, so on_commit hooks run and `Commit.objects` shows what a
    request did; the default branch and its versioned rows stay as they are. Rows of shared
    tables are flushed after each test, as `TransactionTestCase` does with all tables.

    Attributes:
        branch: the name of the test's branch.
        start_point: where it starts; the default branch when None.
    """

    start_point: str | None = None
    branch: str

    def setUp(self) -> None:
        super().setUp()
        self._test_branch = TestBranch(self.start_point)
        self.branch = self._test_branch.enter()
        self.addCleanup(self._test_branch.leave)
