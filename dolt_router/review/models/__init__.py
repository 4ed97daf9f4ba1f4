"""The models of reviews, one idea a module. All are shared tables."""

from __future__ import annotations

from .grants import BranchGrant
from .previews import PreviewLink
from .pull_requests import PullRequest
from .records import Activity, CheckRun
from .resolutions import Resolution
from .reviews import Comment, Review
from .rules import BranchRule
from .webhooks import Delivery, WebHook

__all__ = [
    "Activity",
    "BranchGrant",
    "BranchRule",
    "CheckRun",
    "Comment",
    "Delivery",
    "PreviewLink",
    "PullRequest",
    "Resolution",
    "Review",
    "WebHook",
]
