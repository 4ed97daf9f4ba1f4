"""A tree by django-mptt."""

from __future__ import annotations

from django.db import models
from mptt.models import MPTTModel, TreeForeignKey


class Place(MPTTModel):
    name = models.CharField(max_length=50, unique=True)
    code = models.SlugField(default="")
    parent = TreeForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="children"
    )

    class MPTTMeta:
        order_insertion_by = ["name"]

    class Meta:
        unique_together = [("parent", "code")]
