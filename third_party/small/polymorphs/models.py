"""A hierarchy by django-polymorphic."""

from __future__ import annotations

from django.db import models
from polymorphic.models import PolymorphicModel


class Project(PolymorphicModel):
    topic = models.CharField(max_length=30)


class ArtProject(Project):
    artist = models.CharField(max_length=30, db_index=True)


class ResearchProject(Project):
    supervisor = models.CharField(max_length=30)
    builds_on = models.ForeignKey(ArtProject, on_delete=models.SET_NULL, null=True)
