"""App configuration."""

from __future__ import annotations

from django.apps import AppConfig


class BranchesConfig(AppConfig):
    """The branch bar and the pages behind it. It has no models of its own."""

    name = "branches"
