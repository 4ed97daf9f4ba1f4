"""URLs of the test suite."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from tests.inventory import views

urlpatterns = [path("admin/", admin.site.urls), *[path(f"{v.__name__}/", v) for v in views.VIEWS]]
