"""Settings for one app of the catalogue, made from the environment.

THIRD_PARTY_APP names it; without it there are only Django's own apps. THIRD_PARTY_ENGINE is
the backend; HOST, PORT and NAME say where the database is.
"""

from __future__ import annotations

import os
from typing import Any

from .catalogue import named

_engine = os.environ["THIRD_PARTY_ENGINE"]
_on_dolt = _engine.startswith("dolt_router")
_app = named(os.environ["THIRD_PARTY_APP"]) if os.environ.get("THIRD_PARTY_APP") else None

SECRET_KEY = "third-party"
USE_TZ = True
LANGUAGE_CODE = "en"
STATIC_URL = "/static/"
MEDIA_URL = "/media/"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "third_party.urls"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
SITE_ID = 1
SILENCED_SYSTEM_CHECKS: list[str] = []
DATABASES = {
    "default": {
        "ENGINE": _engine,
        "NAME": os.environ["THIRD_PARTY_NAME"],
        "HOST": "127.0.0.1",
        "PORT": int(os.environ["THIRD_PARTY_PORT"]),
        "USER": "root",
        "OPTIONS": {"charset": "utf8mb4"},
    }
}
DATABASE_ROUTERS = ["dolt_router.routers.BranchRouter"] if _on_dolt else []
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "third_party.small.mainline",
    *(["dolt_router"] if _on_dolt else []),
    *(_app.apps if _app else ()),
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    *(_app.middleware if _app else ()),
]
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.template.context_processors.static",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                *(_app.context_processors if _app else ()),
            ]
        },
    }
]

if _app is not None:
    if _app.name == "django-oscar":
        from oscar.defaults import *  # noqa: F403
    globals().update(_app.settings)
