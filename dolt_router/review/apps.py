"""The app: `dolt_router.review` in INSTALLED_APPS."""

from __future__ import annotations

from django.apps import AppConfig, apps
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _


class ReviewConfig(AppConfig):
    """Pull requests, rules and permissions of branches."""

    name = "dolt_router.review"
    label = "dolt_review"
    verbose_name = _("Reviews of branches")
    default_auto_field = "django.db.models.BigAutoField"
    default = True

    def import_models(self) -> None:
        if not apps.is_installed("dolt_router"):
            raise ImproperlyConfigured(
                'INSTALLED_APPS has "dolt_router.review" and lacks "dolt_router". Add it.'
            )
        super().import_models()

    def ready(self) -> None:
        from dolt_router.access import add_gate

        from . import branch_signals, memory, permissions
        from .gate import gate

        add_gate(gate)
        permissions.install()
        memory.connect()
        branch_signals.connect()
