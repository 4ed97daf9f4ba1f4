"""`Review` and `Comment`: what reviewers say of a pull request."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from ..markdown import render


class Review(models.Model):
    """A verdict on one commit of a pull request's source. Rows are added, never replaced.

    The newest verdict of a reviewer that isn't dismissed is the one that stands.
    """

    APPROVED, CHANGES_REQUESTED = "approved", "changes"

    pull_request = models.ForeignKey(
        "dolt_review.PullRequest", on_delete=models.CASCADE, related_name="reviews"
    )
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    verdict = models.CharField(
        _("verdict"),
        max_length=10,
        choices=[(APPROVED, _("approved")), (CHANGES_REQUESTED, _("changes requested"))],
    )
    text = models.TextField(_("text"), blank=True)
    source_hash = models.CharField(_("commit"), max_length=40)
    created = models.DateTimeField(auto_now_add=True)
    dismissed_at = models.DateTimeField(null=True, blank=True)
    dismissed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    dismissal = models.TextField(_("why it was dismissed"), blank=True)

    class Meta:
        db_table = "branch_review_review"
        ordering = ["pk"]
        verbose_name = _("review")
        verbose_name_plural = _("reviews")

    def __str__(self) -> str:
        return f"{self.reviewer}: {self.get_verdict_display()}"

    @property
    def html(self) -> SafeString:
        """The text as safe HTML."""
        return render(self.text)


class Comment(models.Model):
    """A comment on the whole of a pull request, on an object (`table`, `key`) or on a field.

    `suggestion` is the value that the commenter suggests for the field, in the form in which
    the field's `value_to_string` writes it; `suggested_instead_of` the one that they saw.
    """

    pull_request = models.ForeignKey(
        "dolt_review.PullRequest", on_delete=models.CASCADE, related_name="comments"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    reply_to = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="replies"
    )
    text = models.TextField(_("text"), blank=True)
    table = models.CharField(_("table"), max_length=64, blank=True)
    key = models.JSONField(_("key"), null=True, blank=True, encoder=DjangoJSONEncoder)
    field = models.CharField(_("field"), max_length=64, blank=True)
    source_hash = models.CharField(_("commit"), max_length=40, blank=True)
    created = models.DateTimeField(auto_now_add=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    has_suggestion = models.BooleanField(default=False)
    suggestion = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    suggested_instead_of = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    applied_at = models.DateTimeField(null=True, blank=True)
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        db_table = "branch_review_comment"
        ordering = ["pk"]
        verbose_name = _("comment")
        verbose_name_plural = _("comments")

    def __str__(self) -> str:
        return f"{self.author}: {self.text:.50}"

    @property
    def html(self) -> SafeString:
        """The text as safe HTML."""
        return render(self.text)

    @property
    def model(self) -> Any:
        """The model of the object that is commented on; None for a comment on the whole."""
        from dolt_router.versioning.values import model_of

        return model_of(self.table) if self.table else None

    @property
    def pk_of_object(self) -> Any:
        """The primary key of the object that is commented on, as JSON has it."""
        values = list((self.key or {}).values())
        return values[0] if len(values) == 1 else tuple(values) or None
