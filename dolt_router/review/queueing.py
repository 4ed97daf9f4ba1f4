"""The merge queue: pull requests that are merged as soon as they can be, one after another.

Whoever queues one lends it their name: they must be able to merge into the target then and when
it is merged. What is still to come (approvals, the moment, the end of a draft) is waited for.
A conflict, or a check that fails on the merged result, takes it out of the queue.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from dolt_router import aliases
from dolt_router.access import system
from dolt_router.exceptions import (
    BranchForbidden,
    DoltRouterError,
    MergeConflict,
    PullRequestForbidden,
    PullRequestRefused,
    StaleWrite,
)
from dolt_router.responses import status_of
from dolt_router.versioning.merges import STRATEGIES

from . import landing, rules
from .attempts import at_once, refuse_claimed, renew, swap_stamp
from .events import record
from .lifecycle import refuse_finished, require_author_or_merger
from .models import PullRequest
from .permissions import allowed

logger = logging.getLogger("dolt_router.review")

# What passes by itself, or by what others do: a queued pull request waits for its end.
WAIT_FOR = {"draft", "approvals", "changes_requested", "checks", "merging"}


@at_once
def enqueue(
    pull_request: PullRequest,
    user: Any,
    strategy: str = "merge",
    at: datetime.datetime | None = None,
) -> None:
    """Have it merged in the name of `user`, at `at` at the earliest, when it is ready.

    Raises:
        BranchForbidden: the user may not merge into the target.
        PullRequestForbidden: nobody is logged in; or the rules name others.
        PullRequestRefused: it is finished, or being merged.
        ValueError: there is no such strategy; or `at` is naive.
    """
    if strategy not in STRATEGIES:
        raise ValueError(f"Unknown strategy {strategy!r}. Use one of {', '.join(STRATEGIES)}.")
    if at is not None and timezone.is_naive(at):
        at = timezone.make_aware(at)
    refuse_finished(pull_request)
    if pull_request.claimed_at is not None:
        refuse_claimed()
    _require_merger(pull_request, user)
    now = timezone.now()
    swap_stamp(
        pull_request,
        queued_by=user,
        queued_at=now,
        queued_strategy=strategy,
        merge_at=at,
    )
    data = {"at": at, "strategy": strategy}
    record(pull_request, "pull_request_queued", user, data, merge_at=at)


def _require_merger(pull_request: PullRequest, user: Any) -> None:
    if not getattr(user, "is_authenticated", False):
        raise PullRequestForbidden(_("Log in to merge a pull request."))
    if not allowed(user, "merge", pull_request.target, pull_request.database):
        raise BranchForbidden(pull_request.target, "merge")
    demand = rules.demand_of(pull_request.target, pull_request.database, user, fresh=True)
    if not demand.lets_merge(user):
        text = _("Only those whom its rules name may merge into “%(branch)s”.")
        raise PullRequestForbidden(text % {"branch": pull_request.target})


@at_once
def cancel(pull_request: PullRequest, user: Any) -> None:
    """Take it out of the queue; for its author and for who may merge.

    Raises:
        PullRequestForbidden, PullRequestRefused.
    """
    refuse_finished(pull_request)
    require_author_or_merger(pull_request, user)
    if pull_request.claimed_at is not None:
        refuse_claimed()
    if pull_request.queued_at is not None:
        _leave(pull_request, user, "")


def _leave(pull_request: PullRequest, user: Any, reason: str) -> None:
    swap_stamp(pull_request, queued_by=None, queued_at=None, queued_strategy="", merge_at=None)
    record(pull_request, "pull_request_dequeued", user, {"reason": reason}, reason=reason)


@at_once
def drop(pull_request: PullRequest, user: Any, reason: str) -> None:
    """Take it out of the queue because it can't be merged; `reason` is told to all."""
    if pull_request.is_unfinished and pull_request.queued_at is not None:
        _leave(pull_request, user, reason)


def due() -> list[PullRequest]:
    """What is queued and whose moment has come, in the order in which it was queued."""
    waiting = PullRequest.objects.using(aliases.default_alias()).unfinished()
    ready = Q(merge_at=None) | Q(merge_at__lte=timezone.now())
    return list(waiting.filter(ready, queued_at__isnull=False).order_by("queued_at", "pk"))


def process(is_stopped: Callable[[], bool] = lambda: False) -> list[PullRequest]:
    """Merge what can be merged now, and drop what never can; those that were merged.

    Args:
        is_stopped: asked before each one: nothing more is begun when it says so.
    """
    merged: list[PullRequest] = []
    for pull_request in due():
        if is_stopped():
            break
        try:
            if _process_one(pull_request):
                merged.append(pull_request)
        except (StaleWrite, DatabaseError):
            logger.exception("Pull request %s stays in the queue.", pull_request.pk)
    return merged


def _process_one(pull_request: PullRequest) -> bool:
    landing.recover(pull_request)
    renew(pull_request)
    user = pull_request.queued_by
    if not pull_request.is_unfinished or pull_request.queued_at is None:
        return False
    if user is None or not user.is_active:
        drop(pull_request, None, _("Whoever queued it can't merge it any more."))
        return False
    found = rules.readiness(pull_request, user).reasons
    final = [reason for reason in found if reason.code not in WAIT_FOR]
    if final:
        drop(pull_request, None, " ".join(reason.text for reason in final))
        return False
    if any(reason.code != "checks" for reason in found):
        return False
    if any(reason.code == "checks" for reason in found) and _failed_here(pull_request):
        return False
    try:
        landing.attempt(pull_request, user, pull_request.queued_strategy or "merge", True)
    except StaleWrite:
        raise
    except PullRequestRefused as error:
        if error.reason not in ("merging", "draft"):
            drop(pull_request, None, str(error))
        return False
    except (DoltRouterError, PermissionDenied) as error:
        with system():
            renew(pull_request)
        drop(pull_request, None, _for_all(error, pull_request))
        return False
    return True


def _for_all(error: Exception, pull_request: PullRequest) -> str:
    """Why it can't be merged, for whoever takes part: without names of tables, or rows."""
    if isinstance(error, MergeConflict):
        return error.in_numbers
    if isinstance(error, DoltRouterError) and status_of(error) >= 500:
        # In the server's words, which may quote a row.
        logger.warning("Pull request %s left the queue: %s", pull_request.pk, error)
        return _("The database refused the merge.")
    return str(error)


def _failed_here(pull_request: PullRequest) -> bool:
    """Drop it when a required check has failed on these very commits: it would fail again."""
    demand = rules.demand_of(pull_request.target, pull_request.database, None, fresh=True)
    runs = pull_request.check_runs.filter(
        source_hash=pull_request.source_hash, target_hash=pull_request.target_hash
    )
    states = dict(runs.order_by("pk").values_list("name", "state"))
    failed = [name for name in demand.required_checks if states.get(name) == "failed"]
    if failed:
        text = _("These checks have not passed on the result of the merge: %(names)s.")
        drop(pull_request, None, text % {"names": ", ".join(failed)})
    return bool(failed)
