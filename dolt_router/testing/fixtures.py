"""pytest fixtures that need Django."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def dolt_branch(transactional_db: Any) -> Iterator[str]:
    """A throwaway branch, active for the test and deleted after it; the value is its name."""
    from .cases import TestBranch

    branch = TestBranch()
    name = branch.enter()
    yield name
    branch.leave()
