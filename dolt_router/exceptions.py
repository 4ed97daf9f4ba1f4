"""One tree of errors under `DoltRouterError`.

Each error says in one sentence what happened, with the value quoted, and in another
what to do. Each also inherits the Django class that a caller would catch anyway, has a
stable `code`, and carries what it speaks of (`branch`, `tables`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db.utils import (
    DatabaseError,
    DataError,
    IntegrityError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
)
from django.utils.connection import ConnectionDoesNotExist


class DoltRouterError(Exception):
    """Base of every error of this package."""

    code = "dolt_router"


class InvalidBranchName(DoltRouterError, ValueError):
    """The name can't be a branch: it is refused before it reaches the server."""

    code = "invalid_branch_name"

    def __init__(self, branch: object, reason: str) -> None:
        self.branch = branch
        self.reason = reason
        shown = f"{branch!s:.100}" if isinstance(branch, str) else repr(branch)[:100]
        super().__init__(
            f'"{shown}" is not a valid branch name: {reason}. '
            "Use letters, digits and / . - _ as in feature/rack-42."
        )


class BranchDoesNotExist(DoltRouterError, ConnectionDoesNotExist, OperationalError):
    """No branch, tag or commit has this name on the database of this alias.

    Also an OperationalError, as a missing database is: commands of Django's that go on
    without a connection (`makemigrations`) catch that.
    """

    code = "branch_does_not_exist"

    def __init__(self, branch: str, using: str = "default", known: Iterable[str] = ()) -> None:
        self.branch = branch
        self.using = using
        known = list(known)
        by_lower = {name.lower(): name for name in known}
        near = get_close_matches(branch.lower(), list(by_lower), n=3, cutoff=0.6)
        self.suggestions = [by_lower[name] for name in near]
        hint = ""
        if self.suggestions:
            quoted = " or ".join(f'"{name}"' for name in self.suggestions)
            hint = f" Did you mean {quoted}?"
        super().__init__(
            f'Branch "{branch}" does not exist on "{using}".{hint} '
            f"Create it with: manage.py dolt branch {branch}"
        )


class BranchExists(DoltRouterError, ValueError):
    """A branch with this name (compared without regard to case) is there already."""

    code = "branch_exists"

    def __init__(self, branch: str, using: str = "default") -> None:
        self.branch = branch
        self.using = using
        super().__init__(
            f'Branch "{branch}" exists already on "{using}" (names are compared without '
            "regard to case). Choose another name, or delete or rename that branch first."
        )


class BranchProtected(DoltRouterError, PermissionDenied):
    """A direct write to, deletion or forced move of a branch in PROTECTED_BRANCHES."""

    code = "branch_protected"

    def __init__(self, branch: str, action: str = "changed directly") -> None:
        self.branch = branch
        super().__init__(
            f'Branch "{branch}" is protected and can\'t be {action}. Work on a branch of your '
            f'own and merge it: Branch.objects.get(name="...").merge(into="{branch}").'
        )


class BranchForbidden(DoltRouterError, PermissionDenied):
    """BRANCH_ACCESS or a permission refused this branch to whoever acts."""

    code = "branch_forbidden"

    def __init__(self, branch: str, verb: str | None = None) -> None:
        self.branch, self.verb = branch, verb
        if verb in (None, "read"):
            text = (
                f'You may not use branch "{branch}". Ask whoever runs this site for access, or go '
                "on without naming a branch."
            )
        else:
            act = _ACTS.get(verb or "", verb)
            text = (
                f'You may not {act} branch "{branch}". Ask whoever runs this site for the '
                f'permission "{verb}" on it.'
            )
        super().__init__(text)


_ACTS = {"write": "write to", "merge": "merge into", "force": "move or overwrite"}


class BranchInUse(DoltRouterError, OperationalError):
    """The branch has uncommitted writes of the running request, or can't be removed now."""

    code = "branch_in_use"

    def __init__(self, branch: str, detail: str) -> None:
        self.branch = branch
        super().__init__(f'Branch "{branch}" can\'t be changed now: {detail}')


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


class NotThere(DoltRouterError, ObjectDoesNotExist):
    """An object, a field or a commit that is asked for did not exist at that point."""

    code = "not_there"


class ReadOnlyRevision(DoltRouterError, NotSupportedError):
    """A write to a tag or a commit: a point in history can only be read."""

    code = "read_only_revision"

    def __init__(self, revision: str) -> None:
        self.branch = revision
        super().__init__(
            f'"{revision}" is a point in history and can only be read. To change it, start a '
            f"branch there: manage.py dolt branch <name> {revision}"
        )


class Refused(DoltRouterError, PermissionDenied):
    """A receiver of a `pre_` signal refused, with its reason; nothing was done."""

    code = "refused"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class ReviewRequired(DoltRouterError, PermissionDenied):
    """The target branch takes changes only by an approved review.

    `reasons` lists what is missing, as `dolt_router.review.rules.Reason`: pairs (code, text).
    """

    code = "review_required"

    def __init__(self, branch: str, reasons: Iterable[Any] = ()) -> None:
        self.branch = branch
        self.reasons = list(reasons)
        missing = " ".join(str(text) for _code, text in self.reasons)
        super().__init__(
            f'Branch "{branch}" takes changes only by an approved pull request. {missing}'.rstrip()
        )


class PullRequestRefused(DoltRouterError, ValueError):
    """The pull request doesn't allow this now: it is closed, merged, or being merged.

    `reason` is a code: closed, merged, open, merging, draft, source_gone, target_gone, same,
    exists, nothing_to_merge, no_suggestion, applied, changed, not_versioned.
    """

    code = "pull_request_refused"

    def __init__(self, reason: str, text: str) -> None:
        self.reason = reason
        super().__init__(text)


class PullRequestForbidden(DoltRouterError, PermissionDenied):
    """Only others may do this to the pull request: its author, its reviewers, who may merge."""

    code = "pull_request_forbidden"


class InvalidPreviewLink(DoltRouterError, PermissionDenied):
    """A preview link that is forged, expired or revoked, or whose branch is gone (`reason`)."""

    code = "invalid_preview_link"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__("This preview link is not valid any more. Ask for a new one.")


class RemoteError(DoltRouterError, OperationalError):
    """A remote could not be reached or refused."""

    code = "remote_error"


class BackupError(DoltRouterError, OperationalError):
    """A backup can't be made there, or there is none to restore."""

    code = "backup_error"


class CopyError(DoltRouterError, OperationalError):
    """A database can't be copied to another one, or the copy isn't equal to it."""

    code = "copy_error"


class SharedTableWrite(DoltRouterError, NotSupportedError):
    """A write to a shared table on the connection of a branch: Dolt would lose it."""

    code = "shared_table_write"

    def __init__(self, tables: Iterable[str], branch: str, home: str) -> None:
        self.tables = sorted(tables)
        self.branch = branch
        super().__init__(
            f'Shared table {", ".join(self.tables)} can\'t be written on branch "{branch}": it '
            "lives once, on the default branch, and is in no commit. Write it there, with "
            f'.using("{home}"), or leave out .using() and let the router choose.'
        )


class CrossBranchWrite(DoltRouterError, NotSupportedError):
    """A statement that names another database, or would move the connection to it."""

    code = "cross_branch_write"

    def __init__(self, what: str, branch: str | None) -> None:
        self.branch = branch
        super().__init__(
            f'{what} is refused on the connection of branch "{branch}": the connection would '
            "speak of another branch than its alias says. Use the other branch's own alias "
            '(.using("default/<branch>")) or dolt_router.use_branch("<branch>").'
        )


class UnsupportedByEngine(DoltRouterError, NotSupportedError):
    """The engine of this database lacks an ability that the other engine has."""

    code = "unsupported_by_engine"

    def __init__(self, what: str, engine: str) -> None:
        self.what = what
        super().__init__(
            f"{what} is not possible on {engine}. docs/embedded.md lists what differs between "
            "the engines; a database moves to the other one by its entry in DATABASES."
        )


class AnotherBranchIsWriting(DoltRouterError, NotSupportedError):
    """The embedded engine lets one branch of a file be written at a time, also by one thread."""

    code = "another_branch_is_writing"

    def __init__(self, branch: str, other: str) -> None:
        self.branch = branch
        self.other = other
        super().__init__(
            f'This write on "{branch}" can\'t be done now: this request or atomic() block has '
            f'written to "{other}" and hasn\'t committed yet, and the embedded engine takes one '
            "writer at a time. Do one after the other, each in a request or atomic() of its own; "
            "or use a Dolt server."
        )


class MixedTransaction(DoltRouterError, NotSupportedError):
    """The embedded engine can't write shared rows by versioned ones that aren't committed."""

    code = "mixed_transaction"

    def __init__(self, tables: Iterable[str]) -> None:
        self.tables = [table for table in tables if table != "*"]
        named = f" ({', '.join(self.tables)})" if self.tables else ""
        super().__init__(
            f"This statement writes a shared table by rows of versioned ones{named} that this "
            "request or atomic() block has written and not committed yet. The embedded engine "
            "keeps the two apart until then. Fetch the rows first and write them by a second "
            "statement, or write after the commit; or use a Dolt server."
        )


class CrossBranchRelation(DoltRouterError, ValueError):
    """An object of one branch was put in relation to an object of another one."""

    code = "cross_branch_relation"

    def __init__(self, first: Any, second: Any) -> None:
        super().__init__(
            f'{first!r} is on "{first._state.db}" and {second!r} on "{second._state.db}": a '
            "relation can't cross branches. Fetch both from one branch, for example "
            f'{type(second).__name__}.objects.using("{first._state.db}").get(pk={second.pk!r}).'
        )


class BranchNeedsMigration(DoltRouterError, OperationalError, ProgrammingError):
    """A column or table is missing because the branch was made before a migration."""

    code = "branch_needs_migration"

    def __init__(self, branch: str, using: str, missing: Iterable[str], server: str) -> None:
        self.branch = branch
        self.missing = list(missing)
        shown = ", ".join(self.missing[:5]) + (" ..." if len(self.missing) > 5 else "")
        super().__init__(
            f'{server}. Branch "{branch}" was made before {len(self.missing)} migration(s) that '
            f"the code expects ({shown}). Run: manage.py migrate --database={using}"
        )


class DoltServerError(DoltRouterError, OperationalError):
    """Any other server error 1105; the server's own words are in the message."""

    code = "dolt_server_error"


class CheckViolated(DoltRouterError, IntegrityError):
    """A row breaks a check constraint: error 1105 on Dolt, where MySQL has 3819."""

    code = "check_violated"


class OutOfRange(DoltRouterError, IntegrityError, DataError):
    """A number doesn't fit into its column: error 1105 on Dolt, 1264 or 1690 on MySQL."""

    code = "out_of_range"


class UnsupportedServer(DoltRouterError, NotSupportedError):
    """The server is not Dolt, or an older Dolt than this package supports."""

    code = "unsupported_server"
