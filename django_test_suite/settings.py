"""Settings with which Django's `runtests.py` runs; the runner says where by environment."""

from __future__ import annotations

import os
from typing import Any

import django

ENGINE = os.environ["SUITE_ENGINE"]
NAME = os.environ["SUITE_DATABASE"]
PLACE = os.environ.get("SUITE_BRANCH", "")


def _database(name: str) -> dict[str, Any]:
    if ENGINE.endswith("sqlite3"):
        return {"ENGINE": ENGINE}
    if ENGINE.endswith("doltlite"):
        file = os.path.join(os.environ["SUITE_FOLDER"], f"{name}.db")
        return {"ENGINE": ENGINE, "NAME": f"{file}/{PLACE}" if PLACE else file}
    return {
        "ENGINE": ENGINE,
        "NAME": name + (f"/{PLACE}" if PLACE else ""),
        "HOST": os.environ["DOLT_HOST"],
        "PORT": int(os.environ["DOLT_PORT"]),
        "USER": "root",
        # Whatever branch it is, all tests of the process run there.
        "TEST": {"NAME": f"test_{name}" + (f"/{PLACE}" if PLACE else "")},
    }


DATABASES = {"default": _database(NAME), "other": _database(f"{NAME}_other")}
if PLACE:
    # Shared tables take no writes on a branch: here they live on it, as all the others.
    DOLT_ROUTER = {"SHARED_APPS": []}
SECRET_KEY = "django_tests_secret_key"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
USE_TZ = False
if django.VERSION < (6, 0):  # as in the settings that come with each version's suite
    DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
TEST_RUNNER = "django_test_suite.recording.RecordingRunner"

if ENGINE == "django.db.backends.mysql":
    # Django's own backend, to compare with: it refuses Dolt for the version it reports.
    from django.db.backends.mysql.features import DatabaseFeatures

    DatabaseFeatures.minimum_database_version = None  # type: ignore[assignment]

if log := os.environ.get("SUITE_SQL_LOG"):
    from .failing_sql import log_failing_sql

    log_failing_sql(log)
