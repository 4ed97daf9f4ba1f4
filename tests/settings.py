"""Settings of the test suite. The server's address comes from the environment.

DOLT_ROUTER_TEST_ENGINE=doltlite runs it on the embedded engine instead: see CONTRIBUTING.md.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

SECRET_KEY = "tests"
DEBUG = False
USE_TZ = True
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Django's default; DOLT_ROUTER_TEST_MAX_AGE=none runs the suite with kept connections.
MAX_AGE = 0 if "DOLT_ROUTER_TEST_MAX_AGE" not in os.environ else None
DATABASES = {
    "default": {
        "ENGINE": "dolt_router.backends.dolt",
        "NAME": os.environ.get("TEST_DATABASE", "inventory"),
        "HOST": os.environ.get("DOLT_HOST", "127.0.0.1"),
        "PORT": int(os.environ.get("DOLT_PORT", "3306")),
        "USER": "root",
        "CONN_MAX_AGE": MAX_AGE,
    },
    "other": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"},
}
if os.environ.get("DOLT_ROUTER_TEST_ENGINE") == "doltlite":
    if "DOLT_ROUTER_TEST_FOLDER" not in os.environ:  # else made by the process that started this
        folder = os.environ["DOLT_ROUTER_TEST_FOLDER"] = tempfile.mkdtemp(prefix="dolt-router-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder = os.environ["DOLT_ROUTER_TEST_FOLDER"]
    DATABASES["default"] = {
        "ENGINE": "dolt_router.backends.doltlite",
        "NAME": os.environ.get("TEST_DATABASE", f"{folder}/inventory.db"),
        "CONN_MAX_AGE": MAX_AGE,
    }
DATABASE_ROUTERS = ["dolt_router.routers.BranchRouter"]
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "dolt_router",
    "dolt_router.review",
    "tests.inventory",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "dolt_router.middleware.DoltBranchMiddleware",
    "dolt_router.middleware.DoltAutoCommitMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DOLT_ROUTER: dict[str, object] = {}
