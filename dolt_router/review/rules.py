"""The rules of a branch, and what they have against a merge.

All rules that name a branch hold together: the highest number of approvals, every required
check, each list of who may merge. They hold for everyone, superusers and the system itself
included, unless a rule lets superusers pass.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dolt_router import aliases
from dolt_router.access import system
from dolt_router.exceptions import BranchDoesNotExist
from dolt_router.versioning.distances import distances
from dolt_router.versioning.merges import preview_merge
from dolt_router.wording import person_name

from . import verdicts
from .memory import remembered
from .models import BranchRule, CheckRun
from .permissions import allowed

if TYPE_CHECKING:
    from .models import PullRequest


class Reason(NamedTuple):
    """Why something can't be merged: a code, and a sentence in the reader's language.

    Codes: draft, closed, merged, merging, source_gone, target_gone, nothing_to_merge, conflicts,
    pull_request, approvals, changes_requested, checks, resolved, forbidden, mergers.
    """

    code: str
    text: str


@dataclass(frozen=True)
class Readiness:
    """Whether a pull request can be merged, and if not, every reason why."""

    reasons: list[Reason] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether there is nothing against it."""
        return not self.reasons

    def __bool__(self) -> bool:
        return self.ok


@dataclass(frozen=True)
class Demand:
    """What all rules of a branch ask for together."""

    rules: tuple[BranchRule, ...]

    @property
    def needs_pull_request(self) -> bool:
        return any(rule.needs_pull_request for rule in self.rules)

    @property
    def approvals(self) -> int:
        return max((rule.approvals for rule in self.rules), default=0)

    @property
    def allows_self_approval(self) -> bool:
        return all(rule.allow_self_approval for rule in self.rules)

    @property
    def dismisses_stale(self) -> bool:
        return any(rule.dismiss_stale for rule in self.rules)

    @property
    def required_checks(self) -> list[str]:
        return sorted({name for rule in self.rules for name in rule.required_checks})

    def lets_merge(self, user: Any) -> bool:
        """Whether each list of who may merge names the user."""
        return all(_names(rule, user) for rule in self.rules)


def _names(rule: BranchRule, user: Any) -> bool:
    users = {each.pk for each in rule.merger_users.all()}
    groups = {each.pk for each in rule.merger_groups.all()}
    if not users and not groups:
        return True
    if user is None or not user.is_active:
        return False
    if user.pk in users:
        return True
    return bool(groups) and user.groups.filter(pk__in=groups).exists()


def all_rules(fresh: bool = False) -> list[BranchRule]:
    """Every rule, fetched by one query, once for each actor; `fresh` fetches them in any case."""
    table = BranchRule.objects.using(aliases.default_alias())
    if fresh:
        return list(table.prefetch_related("merger_users", "merger_groups"))
    return remembered(("rules",), lambda: list(table.all()))


def demand_of(branch: str, using: str, user: Any = None, fresh: bool = False) -> Demand:
    """What the rules ask for on `branch`, leaving out those that `user` may bypass."""
    with system():
        rules = [rule for rule in all_rules(fresh) if rule.names(branch, using)]
    if user is not None and user.is_active and getattr(user, "is_superuser", False):
        rules = [rule for rule in rules if not rule.superusers_may_bypass]
    return Demand(tuple(rules))


def against_state(pull_request: PullRequest) -> list[Reason]:
    """What its state and its branches have against merging it now."""
    state = pull_request.state
    if state == pull_request.MERGED:
        return [Reason("merged", _("It is merged already."))]
    if state == pull_request.CLOSED:
        return [Reason("closed", _("It is closed."))]
    found = []
    if state == pull_request.DRAFT:
        found.append(Reason("draft", _("It is a draft.")))
    if pull_request.claimed_at is not None:
        found.append(Reason("merging", _("It is being merged right now.")))
    for gone, code, name in (
        (pull_request.source_gone, "source_gone", pull_request.source),
        (pull_request.target_gone, "target_gone", pull_request.target),
    ):
        if gone:
            text = _("The branch “%(name)s” does not exist any more.") % {"name": name}
            found.append(Reason(code, text))
    return found


def against_reviews(
    pull_request: PullRequest, source_hash: str, target_hash: str, demand: Demand
) -> list[Reason]:
    """What is missing of approvals and checks for merging the one commit into the other."""
    found = []
    standing = verdicts.standing(pull_request)
    if refused := [v.reviewer for v in standing if v.verdict == v.CHANGES_REQUESTED]:
        names = ", ".join(person_name(user) if user else _("somebody") for user in refused)
        found.append(
            Reason("changes_requested", _("Changes are requested by %(names)s.") % {"names": names})
        )
    if demand.approvals:
        count = len(verdicts.approvers(pull_request, source_hash, demand, standing))
        if count < demand.approvals:
            text = ngettext(
                "It has %(count)d of %(needed)d approval that it needs.",
                "It has %(count)d of %(needed)d approvals that it needs.",
                demand.approvals,
            )
            found.append(Reason("approvals", text % {"count": count, "needed": demand.approvals}))
    if missing := missing_checks(pull_request, source_hash, target_hash, demand.required_checks):
        text = _("These checks have not passed on the result of the merge: %(names)s.")
        found.append(Reason("checks", text % {"names": ", ".join(missing)}))
    return found


def missing_checks(
    pull_request: PullRequest, source_hash: str, target_hash: str, names: list[str]
) -> list[str]:
    """Those of `names` whose newest run on this very pair of commits has not passed."""
    if not names:
        return []
    runs = CheckRun.objects.filter(
        pull_request=pull_request, source_hash=source_hash, target_hash=target_hash
    )
    states = dict(runs.order_by("pk").values_list("name", "state"))  # the newest run of each
    return [name for name in names if states.get(name) != CheckRun.PASSED]


def readiness(pull_request: PullRequest, user: Any = None) -> Readiness:
    """Whether it can be merged now, and every reason against it.

    Args:
        user: when given, also whether they may merge it.
    """
    found = against_state(pull_request)
    if found and found[0].code in ("merged", "closed"):
        return Readiness(found)
    target, using = pull_request.target, pull_request.database
    demand = demand_of(target, using, user, fresh=True)
    gone = pull_request.source_gone or pull_request.target_gone
    with system():
        if not gone:
            found += _against_content(pull_request)
        found += against_reviews(
            pull_request, pull_request.source_hash, pull_request.target_hash, demand
        )
    if user is not None:
        found += against_merger(user, target, using, demand)
    return Readiness(found)


def against_merger(user: Any, branch: str, using: str, demand: Demand) -> list[Reason]:
    """What speaks against this user as the one who merges."""
    found = []
    if not allowed(user, "merge", branch, using):
        text = _("You may not merge into “%(branch)s”.") % {"branch": branch}
        found.append(Reason("forbidden", text))
    with system():
        if not demand.lets_merge(user):
            text = _("Only those whom its rules name may merge into “%(branch)s”.")
            found.append(Reason("mergers", text % {"branch": branch}))
    return found


def _against_content(pull_request: PullRequest) -> Iterable[Reason]:
    source, target = pull_request.source_hash, pull_request.target_hash
    using = pull_request.database
    try:
        ahead, behind = distances({"": source}, target, using)[""]
        if not ahead:
            return [Reason("nothing_to_merge", _("The target has all of its commits already."))]
        if not behind:
            return []
        preview = preview_merge(pull_request.source, pull_request.target, using)
    except BranchDoesNotExist:  # deleted since its head was looked up
        return []
    if preview.is_clean:
        return []
    # Not by their names: it is told to all, and not all may view each table.
    count = len({*preview.conflicts, *preview.schema_conflicts})
    text = ngettext(
        "It conflicts with the target in %(n)d table.",
        "It conflicts with the target in %(n)d tables.",
        count,
    )
    return [Reason("conflicts", text % {"n": count})]
