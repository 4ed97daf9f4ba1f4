"""The app: installs the alias grammar before any model is loaded."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from . import aliases

aliases.install()


class DoltRouterConfig(AppConfig):
    """`dolt_router` in INSTALLED_APPS."""

    name = "dolt_router"
    verbose_name = _("Version control")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks, model_signals
        from .management import database_option, shared_rows

        checks.register_all()
        model_signals.connect()
        database_option.install()
        shared_rows.install()
