"""An admin site with a ModelAdmin of django-import-export's, unchanged."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path
from import_export.admin import ImportExportModelAdmin

from tests.inventory.models import Device, Site, Tag

site = admin.AdminSite(name="third")


@admin.register(Device, site=site)
class DeviceAdmin(ImportExportModelAdmin):
    list_display = ["name", "height"]
    list_editable = ["height"]
    list_filter = ["site"]


site.register([Site, Tag])
urlpatterns = [path("third/", site.urls)]
