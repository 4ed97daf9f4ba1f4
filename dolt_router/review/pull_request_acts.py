"""What can be done with a pull request by a form of its page: each a function of the post.

Each returns what to tell; it raises the errors of the verb that it stands for, ValueError or
ValidationError for what was given wrongly, and Http404 for what is not of this pull request.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django import forms
from django.core.serializers.json import DjangoJSONEncoder
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from dolt_router.admin.merging import STRATEGIES
from dolt_router.visibility import may_view

from . import commenting
from .models import Comment, PullRequest, Review
from .models.pull_requests import UNSET


def _comment(request: HttpRequest, pull_request: PullRequest) -> str:
    post = request.POST
    place: dict[str, Any] = {}
    if table := post.get("table"):
        place = {"table": table, "key": _key(post.get("key", "")), "field": post.get("field")}
    suggestion = post.get("suggestion", "") or UNSET
    if suggestion is not UNSET and not place.get("field"):
        raise ValueError(_("Choose the field that the suggested value is for."))
    if reply := post.get("reply_to"):
        place["reply_to"] = _own(request, pull_request, reply)
    pull_request.comment(request.user, post.get("text", ""), suggestion=suggestion, **place)
    return _("Commented.")


def _key(text: str) -> dict[str, Any]:
    try:
        key = json.loads(text)
    except ValueError:
        key = None
    if not isinstance(key, dict) or not key or len(text) > 500:
        raise ValueError(_("This is not the key of an object."))
    # As the encoder of comments writes it, so that the thread is found again.
    return dict(json.loads(json.dumps(key, cls=DjangoJSONEncoder, sort_keys=True)))


def _own(request: HttpRequest, pull_request: PullRequest, number: str) -> Comment:
    found = None
    if number.isdecimal():
        found = Comment.objects.filter(pull_request=pull_request, pk=int(number)).first()
    if found is None or (found.table and not may_view(request.user, found.table, request)):
        raise Http404(_("There is no such comment."))
    return found


def _approve(request: HttpRequest, pull_request: PullRequest) -> str:
    text, seen = request.POST.get("text", ""), request.POST.get("source_hash", "")
    pull_request.approve(request.user, text, source_hash=seen)
    return _("Approved.")


def _changes(request: HttpRequest, pull_request: PullRequest) -> str:
    text = request.POST.get("text", "")
    if not text.strip():
        raise ValueError(_("Say what is to be changed."))
    pull_request.request_changes(request.user, text)
    return _("Asked for changes.")


def _withdraw(request: HttpRequest, pull_request: PullRequest) -> str:
    pull_request.withdraw(request.user)
    return _("Your review is taken back.")


def _dismiss(request: HttpRequest, pull_request: PullRequest) -> str:
    number = request.POST.get("review", "")
    reviews = Review.objects.filter(pull_request=pull_request)
    review = reviews.filter(pk=int(number)).first() if number.isdecimal() else None
    if review is None:
        raise Http404(_("There is no such review."))
    pull_request.dismiss(review, request.user, request.POST.get("text", ""))
    return _("The review is dismissed.")


def _apply(request: HttpRequest, pull_request: PullRequest) -> str:
    comment = _own(request, pull_request, request.POST.get("comment", ""))
    pull_request.apply_suggestion(comment, request.user)
    return _("The suggested value is applied.")


def _resolve(request: HttpRequest, pull_request: PullRequest) -> str:
    comment = _own(request, pull_request, request.POST.get("comment", ""))
    done = comment.resolved_at is None
    commenting.resolve(comment, request.user, done)
    return _("Marked as done.") if done else _("Marked as not done.")


def _strategy(request: HttpRequest) -> str:
    given = request.POST.get("strategy", "merge")
    return given if given in dict(STRATEGIES) else "merge"


def _merge(request: HttpRequest, pull_request: PullRequest) -> str:
    if request.POST.get("source_hash") != pull_request.source_hash:
        raise ValueError(_("The branch moved meanwhile. Look at the changes again, then merge."))
    pull_request.merge(request.user, _strategy(request))
    return _("Merged.")


def _queue(request: HttpRequest, pull_request: PullRequest) -> str:
    pull_request.merge_when_ready(request.user, _strategy(request))
    return _("It will be merged as soon as it is ready.")


def _schedule(request: HttpRequest, pull_request: PullRequest) -> str:
    at = forms.DateTimeField(input_formats=["%Y-%m-%dT%H:%M"]).clean(request.POST.get("at"))
    pull_request.schedule(request.user, at, _strategy(request))
    return _("It will be merged then.")


def _cancel(request: HttpRequest, pull_request: PullRequest) -> str:
    pull_request.cancel_scheduled(request.user)
    return _("It won't be merged by itself.")


def _close(request: HttpRequest, pull_request: PullRequest) -> str:
    pull_request.close(request.user)
    return _("Closed.")


def _reopen(request: HttpRequest, pull_request: PullRequest) -> str:
    pull_request.reopen(request.user)
    return _("Opened again.")


def _ready(request: HttpRequest, pull_request: PullRequest) -> str:
    pull_request.mark_ready(request.user)
    return _("It is ready for review.")


def _run_checks(request: HttpRequest, pull_request: PullRequest) -> str:
    pull_request.run_checks()
    return _("The checks have run.")


ACTS: dict[str, Callable[[HttpRequest, PullRequest], str]] = {
    "comment": _comment,
    "approve": _approve,
    "changes": _changes,
    "withdraw": _withdraw,
    "dismiss": _dismiss,
    "apply": _apply,
    "resolve": _resolve,
    "merge": _merge,
    "queue": _queue,
    "schedule": _schedule,
    "cancel": _cancel,
    "close": _close,
    "reopen": _reopen,
    "ready": _ready,
    "checks": _run_checks,
}
