"""A table that is on main before the branch: a row in it makes a merge one of three ways."""

from __future__ import annotations

from django.db import models


class Mark(models.Model):
    name = models.CharField(max_length=40)
