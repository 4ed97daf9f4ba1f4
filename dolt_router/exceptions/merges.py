"""Errors of merges, reverts and of two who write at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db.utils import DatabaseError, OperationalError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from .base import DoltRouterError, worded


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
        self.verb = verb
        super().__init__(source, target, self.tables, verb)

    def __str__(self) -> str:
        return self.told(lambda table: True)

    def told(self, may_view: Callable[[str], bool]) -> str:
        """The text for somebody who may view the tables for which `may_view` says so.

        The others are not named: how many they are is all that is told.
        """
        values = {"verb": self.verb, "source": self.source, "target": self.target}
        text = _(
            'Can\'t %(verb)s "%(source)s" into "%(target)s": %(reasons)s. Nothing was written. '
            'Make one side agree with the other on "%(source)s" (or on "%(target)s") and '
            "%(verb)s again."
        ) % {**values, "reasons": "; ".join(self._reasons(may_view))}
        if self.verb == "merge":
            text += " " + _("See the rows with: manage.py dolt conflicts %(source)s") % values
        return text

    @property
    def in_numbers(self) -> str:
        """The text for everybody: without the name of any table."""
        tables = self.tables.keys() | self.schema_conflicts.keys()
        return ngettext(
            'Both "%(source)s" and "%(target)s" changed %(n)d table in ways that exclude each '
            "other. Nothing was written.",
            'Both "%(source)s" and "%(target)s" changed %(n)d tables in ways that exclude each '
            "other. Nothing was written.",
            len(tables),
        ) % {"source": self.source, "target": self.target, "n": len(tables)}

    def _reasons(self, may_view: Callable[[str], bool]) -> list[str]:
        kinds: dict[str, set[str]] = {}
        for violation in self.violations:
            kinds.setdefault(violation.table, set()).add(violation.kind)
        both = [table for table in self.tables if table not in kinds]
        broken = [table for table in self.tables if table in kinds]
        found = []
        if both:
            named = self._named(both, may_view, self._rows)
            found.append(_("both changed %(tables)s") % {"tables": named})
        elif not (broken or self.schema_conflicts):
            found.append(_("both changed the same data"))
        if broken:
            named = self._named(
                broken,
                may_view,
                lambda table: f"{self._rows(table)}: {', '.join(sorted(kinds[table]))}",
            )
            text = _("the result would break a constraint of %(tables)s")
            found.append(text % {"tables": named})
        if self.schema_conflicts:
            named = self._named(self.schema_conflicts, may_view)
            found.append(_("both changed the schema of %(tables)s") % {"tables": named})
        return found

    def _rows(self, table: str) -> str:
        count = self.tables[table]
        return ngettext("%(n)d row", "%(n)d rows", count) % {"n": count}

    @staticmethod
    def _named(
        tables: Iterable[str],
        may_view: Callable[[str], bool],
        about: Callable[[str], str] | None = None,
    ) -> str:
        shown = sorted(table for table in tables if may_view(table))
        hidden = len(list(tables)) - len(shown)
        parts = [f"{table} ({about(table)})" if about else table for table in shown]
        if hidden:
            parts.append(hidden_tables(hidden))
        return ", ".join(parts)


def hidden_tables(count: int) -> str:
    """What stands in the place of the names of tables that somebody may not view."""
    return ngettext(
        "%(n)d table that you may not view", "%(n)d tables that you may not view", count
    ) % {"n": count}


class NotFastForward(DoltRouterError, ValueError):
    """`ff-only` was asked for, and the target has commits of its own; nothing was written."""

    code = "not_fast_forward"

    def __init__(self, source: str, target: str) -> None:
        self.source = source
        self.branch = self.target = target
        text = gettext_noop(
            '"%(target)s" has commits that "%(source)s" lacks, so it can\'t be fast-forwarded. '
            'Merge "%(target)s" into "%(source)s" first, or merge with another strategy.'
        )
        super().__init__(worded(text, source=source, target=target))


class StaleWrite(DoltRouterError, OperationalError):
    """Someone else changed the same cells first (server error 1213); nothing was written."""

    code = "stale_write"

    def __init__(self, branch: str | None) -> None:
        self.branch = branch
        text = gettext_noop(
            "Someone else changed the same data while this was under way. Nothing was written. "
            "Load it again and repeat the change, or wrap the work in "
            "dolt_router.autocommit.retry_stale()."
        )
        if branch:
            text = gettext_noop(
                'Someone else changed the same data on branch "%(branch)s" while this was under '
                "way. Nothing was written. Load it again and repeat the change, or wrap the work "
                "in dolt_router.autocommit.retry_stale()."
            )
        super().__init__(worded(text, branch=branch))


class SavepointRefused(StaleWrite):
    """A database was made on the server while the transaction was open; nothing was written.

    Dolt then makes no savepoint in that transaction any more (error 1105): the section
    "A database made or dropped meanwhile" of docs/dolt-notes.md. Done again, the work succeeds, so
    it is a `StaleWrite`, and `retry_stale` repeats it.
    """

    code = "savepoint_refused"

    def __init__(self, branch: str | None, database: str) -> None:
        self.branch, self.database = branch, database
        text = gettext_noop(
            'The database "%(database)s" was made on the same server while this was under way, '
            "and the server keeps no savepoint in such a transaction. Nothing was written. Do it "
            "again, or wrap the work in dolt_router.autocommit.retry_stale()."
        )
        super(StaleWrite, self).__init__(worded(text, database=database))


class NothingToCommit(DoltRouterError):
    """A revert or cherry-pick that would change nothing: it was done already."""

    code = "nothing_to_commit"

    def __init__(self, commit_hash: str, branch: str, verb: str) -> None:
        self.branch = branch
        text = gettext_noop(
            'There is nothing to %(verb)s of "%(commit)s" on "%(branch)s": it was done there '
            "already. Nothing was written."
        )
        super().__init__(worded(text, verb=verb, commit=commit_hash, branch=branch))
