"""Errors of merges, reverts and of two who write at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.utils import DatabaseError, OperationalError

from .base import DoltRouterError


class MergeConflict(DoltRouterError, DatabaseError):
    """Two sides changed the same cells, or the result breaks a constraint; nothing was written.

    Attributes:
        source, target: names of the branches.
        tables: mapping of table name to number of rows in conflict or violation.
        violations: list of `versioning.conflicts.Violation`: rows that break a constraint.
        schema_conflicts: mapping of table name to what its two definitions disagree in.
    """

    code = "merge_conflict"

    def __init__(
        self,
        source: str,
        target: str,
        tables: Mapping[str, int],
        verb: str = "merge",
        violations: Iterable[Any] = (),
        schema_conflicts: Mapping[str, str] | None = None,
    ) -> None:
        self.source = source
        self.target = target
        self.branch = target
        self.tables = dict(tables)
        self.violations = list(violations)
        self.schema_conflicts = dict(schema_conflicts or {})
        look = f" See the rows with: manage.py dolt conflicts {source}" if verb == "merge" else ""
        super().__init__(
            f'Can\'t {verb} "{source}" into "{target}": {"; ".join(self._reasons())}. '
            f'Nothing was written. Make one side agree with the other on "{source}" (or on '
            f'"{target}") and {verb} again.{look}'
        )

    def _reasons(self) -> list[str]:
        kinds: dict[str, set[str]] = {}
        for violation in self.violations:
            kinds.setdefault(violation.table, set()).add(violation.kind)
        both, broken = [], []
        for table, count in sorted(self.tables.items()):
            rows = "row" if count == 1 else "rows"
            if table in kinds:
                broken.append(f"{table} ({count} {rows}: {', '.join(sorted(kinds[table]))})")
            else:
                both.append(f"{table} ({count} {rows})")
        found = []
        if both or not (broken or self.schema_conflicts):
            found.append(f"both changed {', '.join(both) or 'the same data'}")
        if broken:
            found.append(f"the result would break a constraint of {', '.join(broken)}")
        if self.schema_conflicts:
            found.append(f"both changed the schema of {', '.join(sorted(self.schema_conflicts))}")
        return found


class NotFastForward(DoltRouterError, ValueError):
    """`ff-only` was asked for, and the target has commits of its own; nothing was written."""

    code = "not_fast_forward"

    def __init__(self, source: str, target: str) -> None:
        self.source = source
        self.branch = self.target = target
        super().__init__(
            f'"{target}" has commits that "{source}" lacks, so it can\'t be fast-forwarded. '
            f'Merge "{target}" into "{source}" first, or merge with another strategy.'
        )


class StaleWrite(DoltRouterError, OperationalError):
    """Someone else changed the same cells first (server error 1213); nothing was written."""

    code = "stale_write"

    def __init__(self, branch: str | None) -> None:
        self.branch = branch
        where = f' on branch "{branch}"' if branch else ""
        super().__init__(
            f"Someone else changed the same data{where} while this was under way. Nothing was "
            "written. Load it again and repeat the change, or wrap the work in "
            "dolt_router.autocommit.retry_stale()."
        )


class NothingToCommit(DoltRouterError):
    """A revert or cherry-pick that would change nothing: it was done already."""

    code = "nothing_to_commit"

    def __init__(self, commit_hash: str, branch: str, verb: str) -> None:
        self.branch = branch
        super().__init__(
            f'There is nothing to {verb} of "{commit_hash}" on "{branch}": it was done there '
            "already. Nothing was written."
        )
