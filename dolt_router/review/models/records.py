"""`CheckRun` and `Activity`: what happened to a pull request."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _


class CheckRun(models.Model):
    """One run of a check, on the merge of `source_hash` into `target_hash`."""

    PASSED, FAILED, ERROR = "passed", "failed", "error"

    pull_request = models.ForeignKey(
        "dolt_review.PullRequest", on_delete=models.CASCADE, related_name="check_runs"
    )
    name = models.CharField(_("check"), max_length=100)
    source_hash = models.CharField(max_length=40)
    target_hash = models.CharField(max_length=40)
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[(PASSED, _("passed")), (FAILED, _("failed")), (ERROR, _("error"))],
    )
    # A list of {"text": ..., "table": ..., "key": ..., "field": ...}; all but the text optional.
    messages = models.JSONField(default=list, encoder=DjangoJSONEncoder)
    created = models.DateTimeField(auto_now_add=True)
    seconds = models.FloatField(default=0)

    class Meta:
        db_table = "branch_review_check_run"
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["pull_request", "source_hash", "target_hash"],
                name="branch_review_check_run_hashes",
            )
        ]
        verbose_name = _("check run")
        verbose_name_plural = _("check runs")

    def __str__(self) -> str:
        return f"{self.name}: {self.get_state_display()}"


class Activity(models.Model):
    """One thing that was done to a pull request, for the list of what happened."""

    pull_request = models.ForeignKey(
        "dolt_review.PullRequest", on_delete=models.CASCADE, related_name="activities"
    )
    kind = models.CharField(_("what"), max_length=30)  # an event: see `review.events`
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    actor_name = models.CharField(_("who"), max_length=200, blank=True)  # outlives the user
    data: Any = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "branch_review_activity"
        ordering = ["pk"]
        verbose_name = _("activity")
        verbose_name_plural = _("activities")

    def __str__(self) -> str:
        return f"{self.actor_name} {self.kind}"
