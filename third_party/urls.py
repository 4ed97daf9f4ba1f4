"""No pages: the apps' tables are what is looked at."""

from __future__ import annotations

from typing import Any

urlpatterns: list[Any] = []
