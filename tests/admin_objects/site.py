"""An admin site whose ModelAdmins use what ModelAdmins can: the pages must work with all of it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.urls import path

from tests.inventory.models import Device, Site, Tag

site = admin.AdminSite(name="busy")


@admin.register(Device, site=site)
class DeviceAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["name", "upper_name", "height", "site"]
    list_editable = ["height"]
    list_filter = ["height"]
    search_fields = ["name"]
    readonly_fields = ["owner"]
    actions = ["make_tall"]

    @admin.display(description="Upper", ordering="name")
    def upper_name(self, obj: Device) -> str:
        return obj.name.upper()

    @admin.action(description="Make tall")
    def make_tall(self, request: HttpRequest, queryset: Any) -> None:
        queryset.update(height=40)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).exclude(name__startswith="secret")


@admin.register(Site, site=site)
class SiteAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    dolt_versioning = False


@admin.register(Tag, site=site)
class TagAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Has a history page of its own."""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        if "super" in request.GET:
            return super().history_view(request, object_id, extra_context)
        return HttpResponse("our own history")


site.register(get_user_model())

urlpatterns = [path("busy/", site.urls)]
