"""The tables that are asked. They live in a registry of their own, beside the site's models."""

from __future__ import annotations

from typing import Any

from django.apps.registry import Apps
from django.db import models
from django.db.models import F

registry = Apps(["fuzzer"])


class _Meta:
    apps = registry
    app_label = "fuzzer"


class Place(models.Model):
    """A tree by `parent`."""

    name = models.CharField(max_length=60)
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="children")
    height = models.IntegerField(null=True)

    class Meta(_Meta):
        pass


class Tag(models.Model):
    word = models.CharField(max_length=60)
    weight = models.DecimalField(max_digits=10, decimal_places=3)

    class Meta(_Meta):
        pass


class Item(models.Model):
    """One field of each kind, most of them with a nullable one beside."""

    name = models.CharField(max_length=60)
    note = models.TextField(null=True)
    small = models.IntegerField()
    big = models.BigIntegerField(null=True)
    wide = models.PositiveBigIntegerField(null=True)
    count = models.PositiveSmallIntegerField(default=0)
    price = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    exact = models.DecimalField(max_digits=30, decimal_places=10)
    ratio = models.FloatField(null=True)
    flag = models.BooleanField(null=True)
    done = models.BooleanField(default=False)
    day = models.DateField(null=True)
    at = models.DateTimeField()
    seen = models.DateTimeField(null=True)
    clock = models.TimeField(null=True)
    span = models.DurationField(null=True)
    data = models.JSONField(null=True)
    code = models.UUIDField(null=True)
    place = models.ForeignKey(Place, models.CASCADE, null=True, related_name="items")
    tags = models.ManyToManyField(Tag, related_name="items")
    twice = models.GeneratedField(
        expression=F("count") * 2, output_field=models.BigIntegerField(), db_persist=True
    )

    class Meta(_Meta):
        pass


MODELS: list[Any] = [Place, Tag, Item]
