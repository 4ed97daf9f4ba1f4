"""`Resolution`: what somebody chose for a conflict or a table, until the merge is made."""

from __future__ import annotations

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _


class Resolution(models.Model):
    """The choice for one row in conflict between two branches; see `review.resolutions`.

    Without a key it is for all of the table that has no choice of its own.
    """

    database = models.CharField(max_length=100)
    source = models.CharField(max_length=250)
    into = models.CharField(max_length=250)
    table = models.CharField(max_length=64)
    key = models.CharField(max_length=500, blank=True)  # canonical JSON of {column: value}
    # SHA-256 over table, key, base, ours and theirs: a choice for other values is none.
    fingerprint = models.CharField(max_length=64, blank=True)
    # The commits that it was chosen for, as `versioning.clashes.Heads`: rows that are others by
    # now are known by what changed since.
    heads = models.CharField(max_length=130, blank=True)
    choice = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "branch_review_resolution"
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["database", "source", "into"], name="branch_review_resolution_pair"
            )
        ]
        verbose_name = _("resolution")
        verbose_name_plural = _("resolutions")

    def __str__(self) -> str:
        return f"{self.table} {self.key}"
