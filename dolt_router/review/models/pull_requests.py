"""`PullRequest`: the wish to merge one branch into another, and what was said of it.

Thin: what is done stands in the modules of `dolt_router.review`, which the methods name.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from dolt_router.versioning import diffs
from dolt_router.versioning.diffs import TableChange
from dolt_router.versioning.merges import STRATEGIES, MergeResult
from dolt_router.versioning.points import merge_base

from ..heads import Heads, heads_of
from ..markdown import render

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable

    from ..rules import Readiness
    from .records import CheckRun
    from .reviews import Comment, Review

UNSET: Any = object()


def new_stamp() -> str:
    """A value that nobody else writes: two that replace the same stamp can't both commit."""
    return uuid.uuid4().hex


class PullRequestQuerySet(models.QuerySet["PullRequest"]):
    """Pull requests."""

    def open(self, **given: Any) -> PullRequest:
        """Ask for `source` to be merged into `target`: by name, what `lifecycle.open_new` takes."""
        from .. import lifecycle

        return lifecycle.open_new(**given)

    def unfinished(self) -> PullRequestQuerySet:
        """Those that are drafts or open."""
        return self.filter(state__in=PullRequest.UNFINISHED)


class PullRequest(models.Model):
    """A pull request. Its methods raise PullRequestRefused, PullRequestForbidden and
    BranchForbidden; what is done is done in the transaction of whoever calls, but for merges,
    which happen at once.
    """

    DRAFT, OPEN, MERGED, CLOSED = "draft", "open", "merged", "closed"
    UNFINISHED = (DRAFT, OPEN)

    database = models.CharField(_("database"), max_length=100)
    title = models.CharField(_("title"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    source = models.CharField(_("source"), max_length=250)
    target = models.CharField(_("target"), max_length=250)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="branch_pull_requests",
        verbose_name=_("author"),
    )
    reviewers = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="branch_pull_requests_to_review",
        db_table="branch_review_pull_request_reviewers",
        verbose_name=_("reviewers"),
    )
    state = models.CharField(
        _("state"),
        max_length=10,
        default=OPEN,
        choices=[
            (DRAFT, _("draft")),
            (OPEN, _("open")),
            (MERGED, _("merged")),
            (CLOSED, _("closed")),
        ],
    )
    created = models.DateTimeField(_("created"), auto_now_add=True)
    updated = models.DateTimeField(_("updated"), auto_now=True)
    # The heads when they were last looked at; of one that is finished: at its end.
    base_head = models.CharField(max_length=40, blank=True)
    source_head = models.CharField(max_length=40, blank=True)
    target_head = models.CharField(max_length=40, blank=True)
    merge_commit = models.CharField(max_length=40, blank=True)
    finished_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    finished_at = models.DateTimeField(null=True)
    # Merged when ready, or at a moment: by whom, since when, how.
    queued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    queued_at = models.DateTimeField(null=True)
    queued_strategy = models.CharField(
        max_length=10, blank=True, choices=[(name, name) for name in STRATEGIES]
    )
    merge_at = models.DateTimeField(_("to be merged at"), null=True)
    # Replaced by whatever can stop a merge, and by the merge: of two at once one fails.
    stamp = models.CharField(max_length=32, default=new_stamp, editable=False)
    # A merge that is under way: since when, and the commit that the target will be moved to.
    claimed_at = models.DateTimeField(null=True)
    claimed_commit = models.CharField(max_length=40, blank=True)

    objects = PullRequestQuerySet.as_manager()

    class Meta:
        db_table = "branch_review_pull_request"
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["state", "database", "target"], name="branch_review_pull_target"),
            models.Index(fields=["state", "database", "source"], name="branch_review_pull_source"),
        ]
        verbose_name = _("pull request")
        verbose_name_plural = _("pull requests")

    def __str__(self) -> str:
        return f"#{self.pk} {self.title}"

    # -- where its branches are ----------------------------------------------------------

    _heads: Heads | None = None

    @property
    def heads(self) -> Heads:
        """The heads of both branches, looked up once; None for a branch that is gone."""
        if self._heads is None:
            self._heads = heads_of(self.database, self.source, self.target)
        return self._heads

    def forget_heads(self) -> None:
        """Look the heads up again when they are asked for."""
        self._heads = None

    @property
    def is_unfinished(self) -> bool:
        """Whether it is a draft or open."""
        return self.state in self.UNFINISHED

    @property
    def source_gone(self) -> bool:
        """Whether its source branch doesn't exist (any more)."""
        return self.heads.source is None

    @property
    def target_gone(self) -> bool:
        """Whether its target branch doesn't exist (any more)."""
        return self.heads.target is None

    @property
    def source_hash(self) -> str:
        """The head of the source; the last one known when it is finished or the branch gone."""
        return (self.heads.source if self.is_unfinished else None) or self.source_head

    @property
    def target_hash(self) -> str:
        """The head of the target; when it is finished, the one from before the merge."""
        return (self.heads.target if self.is_unfinished else None) or self.target_head

    @property
    def base_hash(self) -> str:
        """The merge base of the two."""
        if not self.is_unfinished or self.source_gone or self.target_gone:
            return self.base_head
        return merge_base(self.target_hash, self.source_hash, self.database) or ""

    def diff(self) -> list[TableChange]:
        """What the source changed since it left the target, per table.

        For everyone's eyes it is not: a page shows only what `visibility` lets through.
        """
        base, head = self.base_hash, self.source_hash
        return diffs.diff(base, head, self.database) if base and head else []

    @property
    def html(self) -> SafeString:
        """The description as safe HTML."""
        return render(self.description)

    # -- lifecycle.py ----------------------------------------------------------------------

    def update(
        self,
        user: Any,
        *,
        title: str | None = None,
        description: str | None = None,
        reviewers: Iterable[Any] | None = None,
        draft: bool | None = None,
    ) -> None:
        """Change what is given; for its author and for who may merge."""
        from .. import lifecycle

        lifecycle.update(self, user, title, description, reviewers, draft)

    def close(self, user: Any) -> None:
        """Close it without merging."""
        from .. import lifecycle

        lifecycle.close(self, user)

    def reopen(self, user: Any) -> None:
        """Open it again after it was closed."""
        from .. import lifecycle

        lifecycle.reopen(self, user)

    def mark_ready(self, user: Any) -> None:
        """Make a draft an open pull request."""
        from .. import lifecycle

        lifecycle.update(self, user, draft=False)

    # -- reviewing.py ----------------------------------------------------------------------

    def approve(self, user: Any, text: str = "", source_hash: str | None = None) -> Review:
        """Approve the source as it is; see `review.reviewing.approve`."""
        from .. import reviewing

        return reviewing.approve(self, user, text, source_hash)

    def request_changes(self, user: Any, text: str) -> Review:
        """Refuse it, until the same reviewer approves or this is dismissed."""
        from .. import reviewing

        return reviewing.request_changes(self, user, text)

    def withdraw(self, user: Any) -> None:
        """Take the user's own standing verdict back."""
        from .. import reviewing

        reviewing.withdraw(self, user)

    def dismiss(self, review: Review, user: Any, text: str) -> None:
        """Let another's verdict not count any more; for who may merge."""
        from .. import reviewing

        reviewing.dismiss(self, review, user, text)

    # -- commenting.py -----------------------------------------------------------------------

    def comment(
        self,
        author: Any,
        text: str,
        table: str | type[models.Model] | None = None,
        key: Any = None,
        field: str | None = None,
        suggestion: Any = UNSET,
        reply_to: Comment | None = None,
    ) -> Comment:
        """Comment on the whole, an object or a field; see `review.commenting.comment`."""
        from .. import commenting

        return commenting.comment(self, author, text, table, key, field, suggestion, reply_to)

    def apply_suggestion(self, comment: Comment, user: Any) -> str | None:
        """Write a suggested value to the source; see `review.commenting.apply_suggestion`."""
        from .. import commenting

        return commenting.apply_suggestion(self, comment, user)

    # -- checking.py, rules.py, landing.py, queueing.py --------------------------------------

    def run_checks(self, names: Iterable[str] | None = None) -> list[CheckRun]:
        """Run the site's checks on the merged result; see `review.checking.run`."""
        from .. import checking

        return checking.run(self, names)

    def readiness(self, user: Any = None) -> Readiness:
        """Whether it can be merged now (by `user`), and if not, every reason why."""
        from .. import rules

        return rules.readiness(self, user)

    def merge(self, user: Any, strategy: str = "merge") -> MergeResult:
        """Merge it now; see `review.landing.merge`."""
        from .. import landing

        return landing.merge(self, user, strategy)

    def merge_when_ready(self, user: Any, strategy: str = "merge") -> None:
        """Have the queue merge it as soon as everything that it needs is there."""
        from .. import queueing

        queueing.enqueue(self, user, strategy)

    def schedule(self, user: Any, at: datetime.datetime, strategy: str = "merge") -> None:
        """Have the queue merge it at a moment or, when it isn't ready then, once it is."""
        from .. import queueing

        queueing.enqueue(self, user, strategy, at)

    def cancel_scheduled(self, user: Any) -> None:
        """Take it out of the queue."""
        from .. import queueing

        queueing.cancel(self, user)
