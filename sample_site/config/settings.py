"""Settings of the sample site.

Everything that `dolt_router` needs is under the heading "Dolt"; the rest is what
`django-admin startproject` writes.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent

# A demo on one's own machine. Set SECRET_KEY, DEBUG=0 and ALLOWED_HOSTS anywhere else.
SECRET_KEY = os.environ.get("SECRET_KEY", "sample-site-only-not-for-production")
DEBUG = os.environ.get("DEBUG", "1") == "1"
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "127.0.0.1,localhost").split(",")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "dolt_router",
    # Pull requests, rules of branches, permissions.
    "dolt_router.review",
    # Sites, racks, devices: an ordinary Django app that knows nothing of branches.
    "inventory",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # Tells the user which commit the request made; not needed, but nice to see.
    "config.middleware.TellCommitMiddleware",
    # After session and authentication: the session says which branch, the user is the author.
    "dolt_router.middleware.DoltBranchMiddleware",
    "dolt_router.middleware.DoltAutoCommitMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# -- Dolt ---------------------------------------------------------------------------------

# The site is the same on either engine: this entry alone says which.
EMBEDDED = {
    "ENGINE": "dolt_router.backends.doltlite",
    "NAME": os.environ.get("DOLT_FILE", BASE_DIR / "inventory.db"),
}
SERVER = {
    "ENGINE": "dolt_router.backends.dolt",
    "NAME": os.environ.get("DOLT_DATABASE", "inventory"),
    "HOST": os.environ.get("DOLT_HOST", "127.0.0.1"),
    "PORT": os.environ.get("DOLT_PORT", "3306"),
    "USER": os.environ.get("DOLT_USER", "root"),
    "PASSWORD": os.environ.get("DOLT_PASSWORD", ""),
}
NAMES_A_SERVER = "DOLT_HOST" in os.environ or "DOLT_PORT" in os.environ
ON_A_SERVER = NAMES_A_SERVER or find_spec("doltlite") is None
DATABASES = {"default": SERVER if ON_A_SERVER else EMBEDDED}

DATABASE_ROUTERS = ["dolt_router.routers.BranchRouter"]

DOLT_ROUTER = {
    "DEFAULT_BRANCH": "main",
    # Users, sessions and the admin's log live once, whatever branch a request is on.
    "SHARED_APPS": ["contenttypes", "auth", "sessions", "admin"],
}

# -----------------------------------------------------------------------------------------

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "dashboard"

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
