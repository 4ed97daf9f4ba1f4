"""What happens to branches by other ways than a pull request's own, and what it means for it."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils import timezone

from dolt_router import signals
from dolt_router.access import current_user, system
from dolt_router.exceptions import ReviewRequired
from dolt_router.versioning.branches import resolve
from dolt_router.versioning.merges import MergeResult

from . import landing
from .attempts import apart, swap_stamp
from .events import record
from .gate import covering
from .models import PullRequest
from .rules import demand_of


def connect() -> None:
    """Connect the receivers; done once, by the app's `ready`."""
    signals.branch_renamed.connect(follow_rename, dispatch_uid="dolt_review.renamed")
    signals.pre_branch_delete.connect(note_heads, dispatch_uid="dolt_review.pre_delete")
    signals.branch_deleted.connect(note_deletion, dispatch_uid="dolt_review.deleted")
    signals.pre_merge.connect(claim_merge, dispatch_uid="dolt_review.pre_merge")
    signals.merged.connect(finish_merged, dispatch_uid="dolt_review.merged")
    signals.merge_failed.connect(release, dispatch_uid="dolt_review.merge_failed")


def _of_branch(using: str, name: str) -> Any:
    return PullRequest.objects.filter(Q(source=name) | Q(target=name), database=using)


def follow_rename(using: str, name: str, new_name: str, **kwargs: Any) -> None:
    """Receiver of `branch_renamed`: pull requests go with their branches."""
    with system():
        table = PullRequest.objects.filter(database=using)
        table.filter(source=name).update(source=new_name)
        table.filter(target=name).update(target=new_name)


def note_heads(using: str, name: str, **kwargs: Any) -> None:
    """Receiver of `pre_branch_delete`: keep the hashes that can't be looked up afterwards."""
    with system():
        for pull_request in _of_branch(using, name).unfinished():
            PullRequest.objects.filter(pk=pull_request.pk).update(
                source_head=pull_request.source_hash,
                target_head=pull_request.target_hash,
                base_head=pull_request.base_hash,
            )


def note_deletion(using: str, name: str, **kwargs: Any) -> None:
    """Receiver of `branch_deleted`: say so in the activity of what was open."""
    user = current_user()
    with system():
        for pull_request in _of_branch(using, name).unfinished():
            data = {"branch": name}
            record(pull_request, "pull_request_branch_deleted", user, data, branch=name)


# -- merges that were not asked of a pull request: Branch.merge, the command, a pull ----------


def claim_merge(using: str, source: str, into: str, **kwargs: Any) -> None:
    """Receiver of `pre_merge`: claim the pull request that stands for it, as its own merge would.

    Raises:
        ReviewRequired: something has been said against it since the gates were asked.
    """
    if landing.under_way.get() is not None:
        return
    with system():
        demand = demand_of(into, using, current_user(), fresh=True)
        if not demand.needs_pull_request:
            return
        source_hash, target_hash = resolve(source, using), resolve(into, using)
        with apart():
            found, reasons = covering(using, source, source_hash, into, target_hash, demand)
            if found is None:
                raise ReviewRequired(into, reasons)
            swap_stamp(found, claimed_at=timezone.now(), claimed_commit=source_hash)


def _about(using: str, source: str, into: str) -> Any:
    """The pull requests that a merge was of: by the name of its source, or claimed for it."""
    found = PullRequest.objects.unfinished().filter(database=using, target=into)
    return found.filter(Q(source=source) | Q(claimed_commit=resolve(source, using)))


def finish_merged(using: str, source: str, into: str, result: MergeResult, **kwargs: Any) -> None:
    """Receiver of `merged`: its pull request is merged."""
    if landing.under_way.get() is not None:
        return
    user = current_user()
    with system():
        for pull_request in _about(using, source, into):
            with apart():
                landing.finish(pull_request, user, result.commit_hash)


def release(using: str, source: str, into: str, **kwargs: Any) -> None:
    """Receiver of `merge_failed`: nothing is being merged any more."""
    if landing.under_way.get() is not None:
        return
    with system():
        for pull_request in _about(using, source, into).filter(claimed_at__isnull=False):
            with apart():
                landing.unclaim(pull_request)
