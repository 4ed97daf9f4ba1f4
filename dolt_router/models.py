"""Branches, commits, tags and remotes as models over Dolt's system tables.

Unmanaged and thin: reading is the ORM's, doing is `versioning`'s.
https://docs.dolthub.com/sql-reference/version-control/dolt-system-tables
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from . import aliases
from .conf import conf
from .exceptions import BranchExists, DoltRouterError, InvalidBranchName, ReadOnlyRevision
from .names import validate_branch
from .system_models import Remote as Remote
from .system_models import SystemTable, Tag
from .versioning import branches, commits, conflicts, diffs, merges, resets, tags
from .versioning.commit_query import CommitQuerySet
from .versioning.conflicts import RowConflict
from .versioning.diffs import TableChange
from .versioning.merges import MergePreview, MergeResult


class BranchQuerySet(models.QuerySet["Branch"]):
    """Branches; `create` and `delete` do it on the server at once, in no transaction."""

    def create(self, *, name: str, start_point: str | None = None) -> Branch:  # type: ignore[override]
        """Create a branch at `start_point`: a branch, tag or commit; the active branch if None.

        Raises:
            InvalidBranchName, BranchExists, BranchDoesNotExist (the start point).
        """
        root = aliases.default_root(self._db)
        branches.create(name, start_point, using=root)
        # The rest of its row is fetched when it is asked for.
        return self.model.from_db(aliases.default_alias(root), ["name"], [name])

    def get_or_create(self, defaults: Any = None, **kwargs: Any) -> tuple[Branch, bool]:
        """As Django's; `defaults` may hold the `start_point` of a new branch."""
        try:
            return self.get(**kwargs), False
        except Branch.DoesNotExist:
            try:
                return self.create(**kwargs, **(defaults or {})), True
            except BranchExists:
                # Made meanwhile? Else there is one that differs in case, and none is made.
                if found := self.filter(**kwargs).first():
                    return found, False
                raise

    def bulk_create(self, *args: Any, **kwargs: Any) -> Any:
        raise DoltRouterError("Create branches one by one: Branch.objects.create(name=...).")

    def update(self, **kwargs: Any) -> int:
        raise DoltRouterError("Branches are not updated. Rename one with branch.rename(new).")

    update.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete these branches, each as `Branch.delete()` does: merged ones only."""
        found = list(self)
        for branch in found:
            branch.delete()
        return len(found), {Branch._meta.label: len(found)}

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


def _validate_name(value: str) -> None:
    try:
        validate_branch(value)
    except InvalidBranchName as error:
        raise ValidationError(str(error), code=error.code) from error


class Branch(SystemTable):
    """A branch: a row of `dolt_branches`."""

    name = models.CharField(max_length=250, primary_key=True, validators=[_validate_name])
    hash = models.CharField(max_length=40, editable=False)
    latest_committer = models.CharField(max_length=250, editable=False)
    latest_committer_email = models.CharField(max_length=250, editable=False)
    latest_commit_date = models.DateTimeField(editable=False)
    latest_commit_message = models.TextField(editable=False)

    objects = BranchQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = "dolt_branches"
        ordering = ["name"]
        verbose_name = _("branch")
        verbose_name_plural = _("branches")
        # What `dolt_router.review` lets someone do to every branch; to some: see BranchGrant.
        permissions = [
            ("create_branch", "Can create branches"),
            ("merge_branch", "Can merge into branches"),
            ("force_branch", "Can move or overwrite branches"),
            ("review_branch", "Can review changes to branches"),
            ("read_branch", "Can read branches"),
            ("write_branch", "Can write to branches"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def alias(self) -> str:
        """The database alias of this branch, for `.using()`."""
        return aliases.branch_alias(self.name, self._root)

    @property
    def is_default(self) -> bool:
        """Whether this is DEFAULT_BRANCH."""
        return self.name == conf.DEFAULT_BRANCH

    @property
    def is_protected(self) -> bool:
        """Whether PROTECTED_BRANCHES names it: it takes no direct writes."""
        from .protection import is_protected

        return is_protected(self.name)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Create the branch, when it is new: for forms. Existing ones have methods.

        Raises:
            DoltRouterError: it is there already.
        """
        if not self._state.adding:
            super().save()
        root = aliases.default_root(kwargs.get("using"))
        branches.create(self.name, getattr(self, "start_point", None), using=root)
        made = type(self).objects.using(root).get(name=self.name)
        self.__dict__.update(made.__dict__)

    def rename(self, new: str) -> None:
        """Give the branch another name; see `versioning.branches.rename` for what is raised."""
        branches.rename(self.name, new, self._root)
        self.name = new

    def delete(self, using: Any = None, keep_parents: bool = False, force: bool = False) -> Any:
        """Delete the branch; without `force` only when all its commits are merged.

        Raises:
            BranchProtected, BranchInUse, BranchDoesNotExist.
        """
        branches.delete(self.name, force, aliases.default_root(using or self._state.db))
        return 1, {self._meta.label: 1}

    delete.alters_data = True  # type: ignore[attr-defined]

    def archive(self, message: str | None = None) -> Tag:
        """Make its head the tag `archive/<name>` and delete it; raises as `delete`."""
        name = tags.archive(self.name, message, self._root)
        return Tag.objects.using(aliases.default_alias(self._root)).get(name=name)

    archive.alters_data = True  # type: ignore[attr-defined]

    def ahead_behind(self, into: str | None = None) -> tuple[int, int]:
        """How many commits it has that `into` (the default branch) lacks, and vice versa."""
        return branches.ahead_behind(self.name, into or str(conf.DEFAULT_BRANCH), self._root)

    def diff(self, into: str | None = None) -> list[TableChange]:
        """What merging it into `into` (the default branch) would bring, per table."""
        target = into or str(conf.DEFAULT_BRANCH)
        return diffs.diff(target, self.name, self._root, symmetric=True)

    def preview_merge(self, into: str | None = None) -> MergePreview:
        """What merging it into `into` (the default branch) would conflict in."""
        return merges.preview_merge(self.name, into or str(conf.DEFAULT_BRANCH), self._root)

    def merge(
        self,
        into: str | None = None,
        message: str | None = None,
        author: str | None = None,
        strategy: str = "merge",
        **options: Any,
    ) -> MergeResult:
        """Merge it into `into` (the default branch), all or nothing.

        `strategy` is "merge", "no-ff", "ff-only" or "squash"; `resolve` and the other options
        are those of `versioning.merges.merge`.

        Raises:
            MergeConflict: with the tables and numbers of rows; nothing was written.
        """
        target = into or str(conf.DEFAULT_BRANCH)
        return merges.merge(self.name, target, message, author, strategy, self._root, **options)

    def conflicts(self, into: str | None = None) -> Iterator[RowConflict]:
        """The rows that merging it into `into` (the default branch) would conflict in."""
        return conflicts.conflicts(self.name, into or str(conf.DEFAULT_BRANCH), self._root)

    def sync(self, **options: Any) -> MergeResult:
        """Merge the default branch into this one; raises as `merge`."""
        return merges.sync(self.name, self._root, **options)

    def rebase(self, onto: str | None = None) -> list[str]:
        """Repeat its commits on top of `onto` (the default branch); the new hashes.

        Raises:
            MergeConflict: nothing was moved.
        """
        return resets.rebase(self.name, onto, self._root)

    def reset(self, to: str, force: bool = False) -> str:
        """Move it to another commit; see `versioning.resets.reset` for what is raised."""
        return resets.reset(self.name, to, force, self._root)

    sync.alters_data = True  # type: ignore[attr-defined]
    rebase.alters_data = True  # type: ignore[attr-defined]
    reset.alters_data = True  # type: ignore[attr-defined]

    merge.alters_data = True  # type: ignore[attr-defined]
    rename.alters_data = True  # type: ignore[attr-defined]

    def commits(self) -> Log:
        """Its log, newest first."""
        return Commit.objects.on(self.name, using=self._root)


class Log(CommitQuerySet):
    """Commits, newest first.

    That is the order in which Dolt reads a log: a page of it takes no longer in a log of a
    million commits. With ORDER BY, the whole log would be read and sorted for each page, so
    it is left to queries that pick commits, whose order would be any.
    """

    @property
    def ordered(self) -> bool:
        return super().ordered or not self.query.order_by

    def _filter_or_exclude(self, negate: bool, args: Any, kwargs: Any) -> Any:
        found = super()._filter_or_exclude(negate, args, kwargs)  # type: ignore[misc]
        if (args or kwargs) and not found.query.order_by:
            found.query.add_ordering("-commit_order")
        return found

    def reverse(self) -> Any:
        """Oldest first."""
        return super().reverse() if self.query.order_by else self.order_by("commit_order")


class CommitManager(models.Manager["Commit"].from_queryset(Log)):  # type: ignore[misc]
    """Commits reachable from a ref."""

    def on(self, ref: str, using: str | None = None) -> Log:
        """The log of a branch, tag or commit, newest first. Slices are made by the server.

        Raises:
            BranchDoesNotExist: when it is evaluated, or at once.
        """
        return self.using(aliases.branch_alias(ref, using))  # type: ignore[no-any-return]


class Commit(SystemTable):
    """A commit: a row of `dolt_log` of the branch it was fetched from."""

    commit_hash = models.CharField(max_length=40, primary_key=True)
    committer = models.CharField(max_length=250)
    email = models.CharField(max_length=250)
    date = models.DateTimeField()
    message = models.TextField()
    commit_order = models.PositiveBigIntegerField()

    objects = CommitManager()

    class Meta:
        managed = False
        db_table = "dolt_log"

    def __str__(self) -> str:
        return f"{self.commit_hash[:8]} {self.subject}"

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]

    @property
    def author(self) -> str:
        """`Name <email>`; Dolt's log shows the author in the committer's place."""
        return f"{self.committer} <{self.email}>"

    def parents(self) -> list[str]:
        """The hashes of its parents."""
        return commits.parents(self.commit_hash, self._root)

    def diff(self) -> list[TableChange]:
        """What it changed against its first parent, per table."""
        return commits.changes_of(self.commit_hash, self._root)

    def revert(self, on: str | None = None, author: str | None = None) -> str:
        """Undo it by a new commit on branch `on` (the active one); returns the new hash.

        Raises:
            MergeConflict, BranchProtected.
        """
        return commits.revert(self.commit_hash, self._branch(on), author, self._root)

    def cherry_pick(self, onto: str | None = None, author: str | None = None) -> str:
        """Repeat it on branch `onto` (the active one); returns the new hash.

        Raises:
            MergeConflict, BranchProtected.
        """
        return commits.cherry_pick(self.commit_hash, self._branch(onto), author, self._root)

    revert.alters_data = True  # type: ignore[attr-defined]
    cherry_pick.alters_data = True  # type: ignore[attr-defined]

    def _branch(self, name: str | None) -> str:
        return name or aliases.current_branch(self._root)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise ReadOnlyRevision(self.commit_hash)
