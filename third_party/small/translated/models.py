"""A translated model, by django-parler."""

from __future__ import annotations

from django.db import models
from parler.models import TranslatableModel, TranslatedFields


class Article(TranslatableModel):
    published = models.BooleanField(default=False)
    translations = TranslatedFields(
        title=models.CharField(max_length=200),
        slug=models.SlugField(unique=True, null=True),
    )
