"""The gate: asked before anything is done to a branch, by whatever way (see `access`)."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from dolt_router.access import Act
from dolt_router.exceptions import BranchForbidden, BranchProtected, ReviewRequired
from dolt_router.protection import action_of

from . import previewing
from .attempts import apart
from .models import PullRequest
from .permissions import allowed
from .reading import may_read, may_read_all
from .rules import Demand, Reason, against_reviews, against_state, all_rules, demand_of


def gate(act: Act, user: Any) -> None:
    """Refuse what permissions or rules don't let `user` do.

    Raises:
        BranchForbidden: for want of a permission.
        BranchProtected: a rule lets changes in by pull requests only.
        ReviewRequired: a merge into such a branch that no approved pull request stands for.
    """
    merging = "source_hash" in act.details
    if previewing.settles(act):
        return
    if act.verb == "read":
        if not may_read(user, act.branch, act.using):
            raise BranchForbidden(act.branch, act.verb)
        return
    if not allowed(user, act.verb, act.branch, act.using):
        raise BranchForbidden(act.branch, act.verb)
    if act.verb in ("create", "review"):
        return
    if act.details.get("raw"):
        _refuse_raw(act, user)
    demand = demand_of(act.branch, act.using, user, fresh=merging)
    if not demand.rules:
        return
    if act.verb == "merge" and not merging:  # by `may`: whether they may, in principle
        with apart():
            if not demand.lets_merge(user):
                raise BranchForbidden(act.branch, act.verb)
        return
    if not merging:
        if demand.needs_pull_request:
            raise BranchProtected(act.branch, action_of(act))
        return
    # On fresh rows: a transaction that is open shows them as they were when it began.
    with apart():
        _check_merge(act, user, demand)


def _opens_all(using: str, user: Any) -> bool:
    # A preview's link may have ended: then it closes its branch.
    return not previewing.is_preview() and may_read_all(using, user)


gate.opens_all = _opens_all  # type: ignore[attr-defined]


def _refuse_raw(act: Act, user: Any) -> None:
    """A procedure whose arguments may name any branch: refused where any is under rules."""
    ruled = [rule for rule in all_rules() if rule.needs_pull_request]
    if user is not None and getattr(user, "is_superuser", False):
        ruled = [rule for rule in ruled if not rule.superusers_may_bypass]
    if ruled:
        named = ", ".join(rule.pattern for rule in ruled)
        raise BranchProtected(named, action_of(act))


def _check_merge(act: Act, user: Any, demand: Demand) -> None:
    found = []
    if not demand.lets_merge(user):
        text = _("Only those whom its rules name may merge into “%(branch)s”.")
        found.append(Reason("mergers", text % {"branch": act.branch}))
    if demand.needs_pull_request:
        if act.details.get("resolved"):
            text = _(
                "Resolve conflicts on the source branch: what was approved is merged as it is."
            )
            found.append(Reason("resolved", text))
        found += against_merge(act, demand)
    if found:
        raise ReviewRequired(act.branch, found)


def against_merge(act: Act, demand: Demand) -> list[Reason]:
    """What is missing for the merge: nothing when a pull request of this very commit has it all."""
    source_hash, target_hash = act.details["source_hash"], act.details["target_hash"]
    _found, reasons = covering(
        act.using, act.details["source"], source_hash, act.branch, target_hash, demand
    )
    return reasons


def covering(
    using: str, source: str, source_hash: str, into: str, target_hash: str, demand: Demand
) -> tuple[PullRequest | None, list[Reason]]:
    """The pull request that stands for a merge, or else what the closest one lacks."""
    candidates = (
        PullRequest.objects.unfinished()
        .filter(database=using, target=into)
        .filter(Q(source=source) | Q(reviews__source_hash=source_hash) | Q(source_head=source_hash))
        .distinct()
        .order_by("pk")
    )
    closest: list[Reason] | None = None
    for pull_request in candidates:
        if pull_request.heads.source != source_hash:
            continue
        found = against_state(pull_request)
        found += against_reviews(pull_request, source_hash, target_hash, demand)
        if not found:
            return pull_request, []
        if closest is None or len(found) < len(closest):
            closest = found
    if closest is None:
        text = _("There is no open pull request for this state of “%(source)s”.")
        return None, [Reason("pull_request", text % {"source": source})]
    return None, closest
