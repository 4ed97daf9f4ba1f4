"""Errors of pull requests and preview links."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext_noop as _

from .base import DoltRouterError, worded


class ReviewRequired(DoltRouterError, PermissionDenied):
    """The target branch takes changes only by an approved review.

    `reasons` lists what is missing, as `dolt_router.review.rules.Reason`: pairs (code, text).
    """

    code = "review_required"

    def __init__(self, branch: str, reasons: Iterable[Any] = ()) -> None:
        self.branch = branch
        self.reasons = list(reasons)
        text = _('Branch "%(branch)s" takes changes only by an approved pull request.')
        missing = "".join(f" {reason}" for _code, reason in self.reasons)
        super().__init__(
            worded("%(text)s%(missing)s", text=worded(text, branch=branch), missing=missing)
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
        super().__init__(worded(_("This preview link is not valid any more. Ask for a new one.")))
