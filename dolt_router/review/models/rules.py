"""`BranchRule`: how changes get to a branch."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from .globs import BranchGlob


def validate_names(value: Any) -> None:
    """Refuse what is no list of texts."""
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValidationError(_("This is a list of names."))


class BranchRule(BranchGlob):
    """A rule for the branches of a glob. All rules that name a branch hold together.

    A rule holds for superusers too, unless it says otherwise, and for what runs without a user.
    """

    only_by_pull_request = models.BooleanField(
        _("only by pull request"),
        default=True,
        help_text=_("No direct writes, moves or deletion; what is merged has a pull request."),
    )
    approvals = models.PositiveSmallIntegerField(
        _("approvals"), default=1, help_text=_("How many reviewers must approve.")
    )
    allow_self_approval = models.BooleanField(
        _("authors may approve"),
        default=False,
        help_text=_("Does the approval of its author, or of an author of its commits, count?"),
    )
    dismiss_stale = models.BooleanField(
        _("approvals fall when the source moves"),
        default=True,
        help_text=_("Only approvals of the very commit that is merged count."),
    )
    required_checks = models.JSONField(
        _("required checks"),
        default=list,
        blank=True,
        validators=[validate_names],
        help_text=_("A list of names from DOLT_ROUTER['CHECKS']."),
    )
    merger_users = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="+",
        db_table="branch_review_rule_users",
        verbose_name=_("users who may merge"),
        help_text=_("When any user or group is named here, only these may merge."),
    )
    merger_groups = models.ManyToManyField(
        "auth.Group",
        blank=True,
        related_name="+",
        db_table="branch_review_rule_groups",
        verbose_name=_("groups who may merge"),
    )
    superusers_may_bypass = models.BooleanField(_("superusers may bypass this"), default=False)

    class Meta:
        db_table = "branch_review_rule"
        ordering = ["pattern", "pk"]
        verbose_name = _("branch rule")
        verbose_name_plural = _("branch rules")

    def __str__(self) -> str:
        return str(self.pattern)

    @property
    def needs_pull_request(self) -> bool:
        """Whether nothing reaches the branch but by a pull request."""
        return bool(self.only_by_pull_request or self.approvals or self.required_checks)
