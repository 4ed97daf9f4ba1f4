"""The history of a database made again in another one, commit by commit.

Of every commit the author, the date, the message and the parents are kept, and what it changed;
its hash can't be. Rows are written as values of the models of today: what an earlier commit had in
columns that are gone or have another name is left behind. All is done on branches that are thrown
away when something fails.
https://docs.dolthub.com/sql-reference/version-control/dolt-sql-procedures#dolt_merge
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import Error
from django.db.models import Model

from .. import aliases
from ..backends.engine import fetch_dicts
from ..conf import conf
from ..exceptions import CopyError, DoltRouterError
from ..shared import is_shared
from ..wording import validate_author
from .branches import resolve
from .conflicts import rows_by_table
from .diffs import schema_changes
from .fingerprints import fingerprint
from .points import LogEntry, log_entries
from .row_change import RowChange
from .rows import page_of_changes, row_changes
from .scratch import scratch_branch
from .session import merging, verb_connection
from .values import model_of, quote
from .written_rows import BATCH, Progress, apply, fields_of, rows_of, versioned

UNKNOWN = "unknown"  # a name or an address that a commit lacks
COMPARED = 10  # commits whose tables are compared as a whole, besides the branches' heads


class LeftOut(NamedTuple):
    """A commit that can't be made with the tables of today; what it changed is in the next one."""

    entry: LogEntry
    why: str

    def __str__(self) -> str:
        return f'{self.entry.commit_hash} "{self.entry.subject}": {self.why}'


def history(source: str, heads: Iterable[str]) -> list[LogEntry]:
    """Every commit that one of `heads` has: parents first, and lines unbroken where possible."""
    known: dict[str, LogEntry] = {}
    heads = list(heads)
    with verb_connection(conf.DEFAULT_BRANCH, source) as connection, connection.cursor() as cursor:
        for head in heads:
            wanted = {head} - known.keys()
            entries = log_entries(cursor, head)
            while wanted:
                entry = next(entries)
                wanted.discard(entry.commit_hash)
                if known.setdefault(entry.commit_hash, entry) is entry:
                    wanted |= set(entry.parents) - known.keys()
    found: dict[str, LogEntry] = {}
    for head in heads:
        open_ends = [head]
        while open_ends:
            entry = known[open_ends[-1]]
            lacking = [parent for parent in entry.parents if parent not in found]
            if lacking:
                open_ends += lacking[::-1]  # the first parent's line first
            else:
                open_ends.pop()
                found.setdefault(entry.commit_hash, entry)
    return list(found.values())


class Replay:
    """Commits of a database being made again on branches of another one's own.

    A context: at its end those branches are gone. Until then they hold every commit that was made,
    since a server may collect what nothing refers to at any time.
    """

    def __init__(self, source: str, target: str, entries: Sequence[LogEntry]) -> None:
        self.source, self.target, self.entries = source, target, entries
        self.made: dict[str, str] = {}  # hash there -> hash here
        self.holds: dict[str, str] = {}  # hash there -> whose rows the commit here has
        self.left_out: list[LeftOut] = []
        self.migrations: list[LogEntry] = []  # commits that ran some
        self._stack = ExitStack()
        self._start = self._head = ""

    def __enter__(self) -> Replay:
        home = resolve(str(conf.DEFAULT_BRANCH), self.target)
        self.branch = self._stack.enter_context(scratch_branch(home, self.target))
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.close()

    def run(self, progress: Progress) -> None:
        """Make all of them; `progress` is told of each.

        Raises:
            CopyError: one can't be made, though its tables are those of today.
        """
        self._start = self._clear()
        for entry in self.entries:
            key = entry.commit_hash
            if not entry.parents:
                self.made[key], self.holds[key] = self._start, key
            else:
                self._go_to(self.made[entry.parents[0]])
                try:
                    self._head = self.made[key] = self._make(entry)
                    self.holds[key] = key
                except (Error, DoltRouterError, ValidationError, ValueError, TypeError) as error:
                    self._leave_out(entry, error)
            progress(1)

    def _clear(self) -> str:
        """Delete what migrations have put into the target's tables; the commit to begin with."""
        with merging(self.branch, self.target) as (connection, cursor):
            with connection.constraint_checks_disabled():
                for model in versioned():
                    rows_of(model, connection.alias)._raw_delete(connection.alias)
            words = ["-A", "--skip-empty", "-m", f'Cleared for the history of "{self.source}"']
            connection.engine.run(cursor, "dolt_commit", *words)
        self._head = resolve(self.branch, self.target)
        return self._head

    def _go_to(self, commit: str) -> None:
        if commit == self._head:
            return
        # Another branch keeps what was made last, wherever this one goes.
        self._stack.enter_context(scratch_branch(self._head, self.target))
        with verb_connection(self.branch, self.target) as connection:
            with connection.cursor() as cursor:
                connection.engine.run(cursor, "dolt_reset", "--hard", commit)
        self._head = commit

    def _make(self, entry: LogEntry) -> str:
        base = self.holds[entry.parents[0]]
        others = [self.made[parent] for parent in entry.parents[1:]]
        with merging(self.branch, self.target) as (connection, cursor):
            with connection.constraint_checks_disabled():
                for parent, commit in zip(entry.parents[1:], others, strict=True):
                    if commit != self._head:
                        connection.engine.merge(cursor, commit, "open", "", "")
                        # What the merge made of them is for the commit to say: first as before.
                        self._apply(base, self.holds[parent], connection, 0)
                        _forget_conflicts(cursor)
                migrated = self._apply(base, entry.commit_hash, connection, 1)
            date = entry.date.strftime("%Y-%m-%dT%H:%M:%S")
            words = ["-A", "--allow-empty", "-m", entry.message, "--date", date]
            words += ["--author", author_of(entry)]
            made = str(connection.engine.run(cursor, "dolt_commit", *words)[0])
        if migrated:
            self.migrations.append(entry)
        return made

    def _apply(self, before: str, after: str, connection: Any, side: int) -> bool:
        """Write what differs between two commits of the source; whether migrations do."""
        tables = self._tables(before, after)
        migrates = "django_migrations" in tables
        # Rows of a table whose columns have other names now may not count as different.
        changed = schema_changes(before, after, self.source) if migrates else []
        reshaped = {change.table for change in changed if change.after}
        for table in sorted(tables | reshaped):
            model = model_of(table)
            if model is None or is_shared(model):
                continue
            since = [before, self.entries[0].commit_hash] if table in reshaped else [before]
            for start in since if side else [before]:
                differing = partial(self._differing, start, after, model)
                apply(model, differing, connection, lambda rows: None, side, check=True)
        return migrates

    def _differing(self, before: str, after: str, model: type[Model]) -> Iterator[RowChange]:
        """The rows of a table that differ: few by one query, many as a stream."""
        asked = str(conf.DEFAULT_BRANCH)
        page = page_of_changes(before, after, model, BATCH, using=self.source, asked=asked)
        if len(page) < BATCH:
            return iter(page)
        return row_changes(before, after, model, self.source, asked=asked)

    def _tables(self, before: str, after: str) -> set[str]:
        with verb_connection(conf.DEFAULT_BRANCH, self.source) as connection:
            with connection.cursor() as cursor:
                cursor.execute("SELECT * FROM dolt_diff_summary(%s, %s)", [before, after])
                rows = fetch_dicts(cursor)
        return {str(row["to_table_name"] or row["from_table_name"]) for row in rows}

    def _leave_out(self, entry: LogEntry, error: Exception) -> None:
        if not self.differs_in_schema(entry.commit_hash):
            raise CopyError(
                f'Commit {entry.commit_hash} of "{self.source}" ("{entry.subject}") can\'t be made '
                f"again: {error}. Nothing was copied. Without --history the heads are."
            ) from error
        first = entry.parents[0]
        self.made[entry.commit_hash] = self.made[first]
        self.holds[entry.commit_hash] = self.holds[first]
        self.left_out.append(LeftOut(entry, str(error)))

    def differs_in_schema(self, commit: str) -> bool:
        """Whether a model's table had other columns or indexes at a commit than today."""
        changed = schema_changes(commit, str(conf.DEFAULT_BRANCH), self.source)
        return any((m := model_of(each.table)) and not is_shared(m) for each in changed)

    def refuse_lost(self, heads: dict[str, str]) -> None:
        """Refuse branches whose head had to be left out.

        Raises:
            CopyError: with the first one.
        """
        for left in self.left_out:
            for name, head in heads.items():
                if head == left.entry.commit_hash:
                    raise CopyError(
                        f'The head of "{name}" can\'t be made with the tables of today. {left}. '
                        "Nothing was copied."
                    )

    # -- afterwards ---------------------------------------------------------------------

    def compare(self, names: dict[str, str]) -> int:
        """Compare the logs of branches, and all rows of some commits.

        Args:
            names: branch -> hash of its head there; the branches are made here.

        Returns:
            How many commits' rows were compared, heads not counted.

        Raises:
            CopyError: something differs.
        """
        there = {entry.commit_hash: entry for entry in self.entries}
        gone = {left.entry.commit_hash for left in self.left_out}
        # Those that only a tag has are missing in the branches.
        own = [entry.commit_hash for entry in history(self.source, names.values())]
        wanted = {self.made[key]: there[key] for key in own if key not in gone}
        heads = [resolve(name, self.target) for name in names]
        for entry in history(self.target, heads):
            original = wanted.pop(entry.commit_hash, None)
            if original is not None and original.parents:
                self._compare_entry(original, entry)
        wanted.pop(self._start, None)
        if lacking := list(wanted.values()):
            raise CopyError(
                f"{len(lacking)} commit(s) are missing in the copy, the first one is "
                f'{lacking[0].commit_hash} ("{lacking[0].subject}").'
            )
        rows = [key for key in own if key not in gone and there[key].parents]
        spread = rows[:: max(len(rows) // COMPARED, 1)][:COMPARED]
        chosen = [key for key in spread if not self.differs_in_schema(key)]
        for key in chosen:
            self._compare_rows(there[key])
        return len(chosen)

    def _compare_entry(self, original: LogEntry, entry: LogEntry) -> None:
        parents = [self.made[parent] for parent in original.parents]
        wanted = (
            list(dict.fromkeys(parents)),
            author_of(original),
            original.date.replace(microsecond=0),
            original.message,
        )
        told = list(entry.parents), entry.author, entry.date.replace(microsecond=0), entry.message
        if wanted != told:
            raise CopyError(
                f"Commit {entry.commit_hash} differs from {original.commit_hash}, of which it is "
                f"the copy: {told} here, {wanted} there."
            )

    def _compare_rows(self, entry: LogEntry) -> None:
        key = entry.commit_hash
        for model in versioned():
            names = [field.attname for field in fields_of(model)]
            sides = [
                fingerprint(rows_of(model, aliases.branch_alias(ref, root)), names)
                for root, ref in ((self.source, key), (self.target, self.made[key]))
            ]
            if sides[0] != sides[1]:
                raise CopyError(
                    f'{model._meta.db_table} at {key} ("{entry.subject}") differs from its copy '
                    f"{self.made[key]}: {sides[0].rows} rows there, {sides[1].rows} here."
                )


def author_of(entry: LogEntry) -> str:
    """The author of a commit as either engine takes it: doltlite commits without an address."""
    name, _, address = entry.author.rpartition(" <")
    return validate_author(f"{name.strip() or UNKNOWN} <{address.rstrip('>') or UNKNOWN}>")


def _forget_conflicts(cursor: Any) -> None:
    for kind in ("dolt_conflicts", "dolt_constraint_violations"):
        for table in rows_by_table(cursor, kind):
            cursor.execute(f"DELETE FROM {quote(f'{kind}_{table}')}")
