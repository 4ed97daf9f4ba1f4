"""A pull request is opened, updated, closed and opened again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dolt_router import aliases
from dolt_router.access import acting_as, may, require
from dolt_router.exceptions import (
    BranchDoesNotExist,
    PullRequestForbidden,
    PullRequestRefused,
)
from dolt_router.names import validate_branch
from dolt_router.versioning.branches import ahead_behind, names
from dolt_router.versioning.points import merge_base

from .attempts import at_once, replace_stamp
from .events import record
from .models import PullRequest
from .permissions import allowed


def open_new(
    *,
    source: str,
    target: str,
    title: str,
    author: Any,
    description: str = "",
    draft: bool = False,
    reviewers: Iterable[Any] = (),
    using: str | None = None,
) -> PullRequest:
    """Open a pull request from the branch `source` into the branch `target`.

    Its author must be able to read both.

    Raises:
        BranchForbidden: a branch that the author may not read.
        BranchDoesNotExist, InvalidBranchName: one of them isn't there.
        PullRequestForbidden: nobody is logged in.
        PullRequestRefused: both are the same; the target has all of it; there is one already.
        ValueError: the title is empty.
    """
    if not getattr(author, "is_authenticated", False):
        raise PullRequestForbidden(_("Log in to open a pull request."))
    if not title.strip():
        raise ValueError(_("A pull request needs a title."))
    root = aliases.default_root(using)
    with acting_as(author):
        for name in (source, target):
            require("read", validate_branch(name), root)
    if source == target:
        raise PullRequestRefused("same", _("A branch can't be merged into itself."))
    pull_request = PullRequest(
        database=root,
        source=source,
        target=target,
        title=title.strip()[:200],
        description=description,
        author=author,
        state=PullRequest.DRAFT if draft else PullRequest.OPEN,
    )
    for name, head in zip((source, target), pull_request.heads, strict=True):
        if head is None:
            raise BranchDoesNotExist(name, root, names(root))
    _refuse_needless(pull_request)
    pull_request.source_head = pull_request.source_hash
    pull_request.target_head = pull_request.target_hash
    pull_request.base_head = (
        merge_base(pull_request.target_head, pull_request.source_head, root) or ""
    )
    alias = aliases.default_alias()
    with transaction.atomic(using=alias):
        pull_request.save(using=alias)
        pull_request.reviewers.set(_without(reviewers, author))
        data = {"source": source, "target": target, "draft": draft}
        record(pull_request, "pull_request_opened", author, data)
    return pull_request


def _refuse_needless(pull_request: PullRequest) -> None:
    root = pull_request.database
    twin = (
        PullRequest.objects.unfinished()
        .filter(database=root, source=pull_request.source, target=pull_request.target)
        .first()
    )
    if twin is not None:
        text = _("There is a pull request for these branches already: %(it)s.") % {"it": twin}
        raise PullRequestRefused("exists", text)
    ahead, _behind = ahead_behind(pull_request.source_hash, pull_request.target_hash, root)
    if not ahead:
        text = _("“%(target)s” has all commits of “%(source)s” already.")
        about = {"target": pull_request.target, "source": pull_request.source}
        raise PullRequestRefused("nothing_to_merge", text % about)


def _without(users: Iterable[Any], author: Any) -> list[Any]:
    return [user for user in users if author is None or user.pk != author.pk]


def refuse_finished(pull_request: PullRequest) -> None:
    """Refuse what needs a pull request that is a draft or open."""
    if pull_request.state == PullRequest.MERGED:
        raise PullRequestRefused("merged", _("This pull request is merged already."))
    if pull_request.state == PullRequest.CLOSED:
        raise PullRequestRefused("closed", _("This pull request is closed. Open it again first."))


def require_author_or_merger(pull_request: PullRequest, user: Any) -> None:
    """Refuse whoever is neither its author nor may merge into its target.

    Raises:
        PullRequestForbidden.
    """
    if user is None:
        return
    if getattr(user, "is_authenticated", False) and user.is_active:
        if user.pk == pull_request.author_id:
            return
        if allowed(user, "merge", pull_request.target, pull_request.database):
            return
    raise PullRequestForbidden(
        _("Only its author and those who may merge can do this to a pull request.")
    )


def may_change(pull_request: PullRequest, user: Any) -> bool:
    """Whether the user may edit, close and reopen it; for what a page offers."""
    try:
        require_author_or_merger(pull_request, user)
    except PullRequestForbidden:
        return False
    with acting_as(user):
        return may("read", pull_request.target, pull_request.database)


@at_once
def update(
    pull_request: PullRequest,
    user: Any,
    title: str | None = None,
    description: str | None = None,
    reviewers: Iterable[Any] | None = None,
    draft: bool | None = None,
) -> None:
    """Change what is not None. To merge elsewhere, open another pull request.

    Raises:
        PullRequestForbidden, PullRequestRefused.
    """
    refuse_finished(pull_request)
    require_author_or_merger(pull_request, user)
    values: dict[str, Any] = {}
    if title is not None and title.strip() and title.strip() != pull_request.title:
        values["title"] = title.strip()[:200]
    if description is not None and description != pull_request.description:
        values["description"] = description
    changed = list(values)
    if reviewers is not None:
        wanted = _without(reviewers, pull_request.author)
        before = set(pull_request.reviewers.values_list("pk", flat=True))
        if before != {reviewer.pk for reviewer in wanted}:
            pull_request.reviewers.set(wanted)
            changed.append("reviewers")
    if values:
        values["updated"] = timezone.now()
        rows = PullRequest.objects.using(aliases.default_alias()).filter(pk=pull_request.pk)
        rows.update(**values)
        for name, value in values.items():
            setattr(pull_request, name, value)
    if draft is not None and draft != (pull_request.state == PullRequest.DRAFT):
        replace_stamp(pull_request, state=PullRequest.DRAFT if draft else PullRequest.OPEN)
        changed.append("state")
    if changed:
        data = {"changed": changed, "state": pull_request.state}
        record(pull_request, "pull_request_updated", user, data, changed=changed)


@at_once
def close(pull_request: PullRequest, user: Any) -> None:
    """Close it without merging; it leaves the queue.

    Raises:
        PullRequestForbidden, PullRequestRefused, StaleWrite.
    """
    refuse_finished(pull_request)
    require_author_or_merger(pull_request, user)
    replace_stamp(
        pull_request,
        state=PullRequest.CLOSED,
        source_head=pull_request.source_hash,
        target_head=pull_request.target_hash,
        base_head=pull_request.base_hash,
        finished_by=user,
        finished_at=timezone.now(),
        queued_by=None,
        queued_at=None,
        merge_at=None,
    )
    record(pull_request, "pull_request_closed", user)


@at_once
def reopen(pull_request: PullRequest, user: Any) -> None:
    """Open a closed one again.

    Raises:
        PullRequestForbidden.
        PullRequestRefused: it isn't closed, a branch is gone, or there is another one by now.
    """
    if pull_request.state != PullRequest.CLOSED:
        raise PullRequestRefused("open", _("Only a closed pull request can be opened again."))
    require_author_or_merger(pull_request, user)
    pull_request.state = PullRequest.OPEN
    for head, code, name in (
        (pull_request.heads.source, "source_gone", pull_request.source),
        (pull_request.heads.target, "target_gone", pull_request.target),
    ):
        if head is None:
            text = _("The branch “%(name)s” does not exist any more.") % {"name": name}
            raise PullRequestRefused(code, text)
    _refuse_needless(pull_request)
    replace_stamp(pull_request, state=PullRequest.OPEN, finished_by=None, finished_at=None)
    record(pull_request, "pull_request_reopened", user)
