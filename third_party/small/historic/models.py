"""Models with a history table, by django-simple-history."""

from __future__ import annotations

from django.db import models
from simple_history.models import HistoricalRecords


class Topic(models.Model):
    name = models.CharField(max_length=50, unique=True)
    history = HistoricalRecords()


class Poll(models.Model):
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE)
    question = models.TextField()
    published = models.DateTimeField(null=True, db_index=True)
    related = models.ManyToManyField(Topic, related_name="+")
    history = HistoricalRecords(m2m_fields=[related])
