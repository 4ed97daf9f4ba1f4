"""Branches, commits, tags and remotes as models over Dolt's system tables.

Unmanaged and thin: reading is the ORM's, doing is `versioning`'s.
https://docs.dolthub.com/sql-reference/version-control/dolt-system-tables
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from . import aliases
from .conf import conf
from .exceptions import DoltRouterError, InvalidBranchName, ReadOnlyRevision
from .names import validate_branch
from .versioning import branches, commits, diffs, merges
from .versioning.diffs import TableChange
from .versioning.merges import MergePreview, MergeResult


class _ReadOnly(models.Model):
    """A system table: rows are made by verbs, not by saving."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        raise DoltRouterError(
            f"{type(self).__name__} objects can't be saved: they show a system table of Dolt. "
            "Use their methods, or Branch.objects.create()."
        )

    @property
    def _root(self) -> str:
        return aliases.default_root(self._state.db)


class BranchQuerySet(models.QuerySet["Branch"]):
    """Branches; `create` and `delete` do it on the server at once, in no transaction."""

    def create(self, *, name: str, start_point: str | None = None) -> Branch:  # type: ignore[override]
        """Create a branch at `start_point`: a branch, tag or commit; the active branch if None.

        Raises:
            InvalidBranchName, BranchExists, BranchDoesNotExist (the start point).
        """
        root = aliases.default_root(self._db)
        branches.create(name, start_point, using=root)
        return self.get(name=name)

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


class Branch(_ReadOnly):
    """A branch: a row of `dolt_branches`."""

    name = models.CharField(max_length=250, primary_key=True, validators=[_validate_name])
    hash = models.CharField(max_length=32, editable=False)
    latest_committer = models.CharField(max_length=250, editable=False)
    latest_committer_email = models.CharField(max_length=250, editable=False)
    latest_commit_date = models.DateTimeField(editable=False)
    latest_commit_message = models.TextField(editable=False)

    objects = BranchQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = "dolt_branches"
        ordering = ["name"]
        verbose_name_plural = "branches"

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
        from .backends.dolt.transactions import is_protected

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
    ) -> MergeResult:
        """Merge it into `into` (the default branch), all or nothing.

        Raises:
            MergeConflict: with the tables and numbers of rows; nothing was written.
        """
        target = into or str(conf.DEFAULT_BRANCH)
        return merges.merge(self.name, target, message, author, strategy, self._root)

    merge.alters_data = True  # type: ignore[attr-defined]
    rename.alters_data = True  # type: ignore[attr-defined]

    def commits(self) -> models.QuerySet[Commit]:
        """Its log, newest first."""
        return Commit.objects.on(self.name, using=self._root)


class CommitManager(models.Manager["Commit"]):
    """Commits reachable from a ref."""

    def on(self, ref: str, using: str | None = None) -> models.QuerySet[Commit]:
        """The log of a branch, tag or commit, newest first. Slices are made by the server.

        Raises:
            BranchDoesNotExist: when it is evaluated, or at once.
        """
        return self.using(aliases.branch_alias(ref, using)).order_by("-commit_order")


class Commit(_ReadOnly):
    """A commit: a row of `dolt_log` of the branch it was fetched from."""

    commit_hash = models.CharField(max_length=32, primary_key=True)
    committer = models.CharField(max_length=250)
    email = models.CharField(max_length=250)
    date = models.DateTimeField()
    message = models.TextField()
    commit_order = models.PositiveBigIntegerField()

    objects = CommitManager()

    class Meta:
        managed = False
        db_table = "dolt_log"
        ordering = ["-commit_order"]

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


class Tag(_ReadOnly):
    """A tag: a row of `dolt_tags`."""

    tag_name = models.CharField(max_length=250, primary_key=True)
    tag_hash = models.CharField(max_length=32)
    tagger = models.CharField(max_length=250)
    email = models.CharField(max_length=250)
    date = models.DateTimeField()
    message = models.TextField()

    class Meta:
        managed = False
        db_table = "dolt_tags"
        ordering = ["tag_name"]

    def __str__(self) -> str:
        return self.tag_name


class Remote(_ReadOnly):
    """A remote: a row of `dolt_remotes`."""

    name = models.CharField(max_length=250, primary_key=True)
    url = models.TextField()
    fetch_specs = models.JSONField()
    params = models.JSONField()

    class Meta:
        managed = False
        db_table = "dolt_remotes"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
