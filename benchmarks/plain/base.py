"""Django's own mysql backend, with the version gate lifted: Dolt says it is MySQL 8.0."""

from __future__ import annotations

from django.db.backends.mysql import base, features


class DatabaseFeatures(features.DatabaseFeatures):
    minimum_database_version = (8, 0)


class DatabaseWrapper(base.DatabaseWrapper):
    features_class = DatabaseFeatures
