"""`BranchGrant`: who may, or may not, do what to which branches."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy

from dolt_router.access import VERBS

from .globs import BranchGlob


def validate_verbs(value: Any) -> None:
    """Refuse what is no list of verbs."""
    unknown = set(value) - set(VERBS) if isinstance(value, list | tuple) else {str(value)}
    if unknown or not value:
        raise ValidationError(
            _("Name one or more of these: %(verbs)s."), params={"verbs": ", ".join(VERBS)}
        )


class BranchGrant(BranchGlob):
    """Allows a user, a group or everyone some verbs on the branches of a glob, or denies them.

    A deny wins over every allow. "Everyone" holds visitors who aren't logged in for `read` and
    `write` only.
    """

    verbs = models.JSONField(
        pgettext_lazy("permission", "may"),
        validators=[validate_verbs],
        help_text=_("A list of: read, write, create, merge, delete, force, review."),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="branch_grants",
        verbose_name=_("user"),
    )
    group = models.ForeignKey(
        "auth.Group",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="branch_grants",
        verbose_name=_("group"),
    )
    everyone = models.BooleanField(_("everyone"), default=False)
    deny = models.BooleanField(_("deny"), default=False)

    class Meta:
        db_table = "branch_review_grant"
        ordering = ["pattern", "pk"]
        verbose_name = _("branch permission")
        verbose_name_plural = _("branch permissions")

    def __str__(self) -> str:
        who = _("everyone") if self.everyone else self.user or self.group
        how = _("may not") if self.deny else pgettext("permission", "may")
        return f"{who} {how} {', '.join(self.verbs or [])}: {self.pattern}"

    def clean(self) -> None:
        if sum([self.user_id is not None, self.group_id is not None, self.everyone]) != 1:
            raise ValidationError(_("Choose a user, or a group, or everyone."))
