"""A small schema: foreign key, many-to-many, unique constraint, key to a shared table."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Tag(models.Model):
    name = models.CharField(max_length=50, unique=True)


class Site(models.Model):
    name = models.CharField(max_length=100)


class Device(models.Model):
    name = models.CharField(max_length=100)
    site = models.ForeignKey(Site, on_delete=models.CASCADE, null=True, related_name="devices")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    tags = models.ManyToManyField(Tag, related_name="devices")
    height = models.PositiveIntegerField(default=1)

    class Meta:
        unique_together = [("site", "name")]

    def __str__(self) -> str:
        return self.name
