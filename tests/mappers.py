"""A mapper of django-db-multitenant's interface."""

from __future__ import annotations

from django.http import HttpRequest


class Mapper:
    def get_tenant_name(self, request: HttpRequest) -> str:
        return request.META.get("HTTP_X_DOLT_BRANCH", "")

    def get_db_name(self, request: HttpRequest, tenant_name: str) -> str:
        return tenant_name

    def get_cache_prefix(self, request: HttpRequest, tenant_name: str, db_name: str) -> str:
        return f"tenant-{tenant_name}"
