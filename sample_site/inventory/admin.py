"""Stock ModelAdmins. They work on whatever branch the request is on."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from .models import Device, Interface, IPAddress, Maintenance, Rack, Site, Tag


class InterfaceInline(admin.TabularInline):
    """The ports of a device, on the device's page."""

    model = Interface
    extra = 0


@admin.register(Site)
class SiteAdmin(admin.ModelAdmin):
    """Sites."""

    list_display = ["name", "slug", "city", "country", "status"]
    list_filter = ["status", "country"]
    search_fields = ["name", "slug", "city"]
    prepopulated_fields = {"slug": ["name"]}


@admin.register(Rack)
class RackAdmin(admin.ModelAdmin):
    """Racks."""

    list_display = ["name", "site", "units"]
    list_filter = ["site"]
    search_fields = ["name", "site__name"]


@admin.register(Device)
class DeviceAdmin(admin.ModelAdmin):
    """Devices, with their interfaces below."""

    list_display = ["name", "site", "rack", "role", "status", "owner"]
    list_filter = ["status", "role", "site", "tags"]
    list_select_related = ["site", "rack", "owner"]
    search_fields = ["name", "serial", "hardware"]
    autocomplete_fields = ["rack"]
    filter_horizontal = ["tags"]
    inlines = [InterfaceInline]
    actions = ["take_out_of_service"]

    @admin.action(description="Take selected devices out for maintenance")
    def take_out_of_service(self, request: HttpRequest, queryset: QuerySet[Device]) -> None:
        """One update of them all, on the branch that the request is on."""
        number = queryset.update(status=Device.Status.MAINTENANCE)
        self.message_user(request, f"{number} devices are in maintenance now.", messages.SUCCESS)


@admin.register(Interface)
class InterfaceAdmin(admin.ModelAdmin):
    """Interfaces."""

    list_display = ["name", "device", "kind", "enabled", "description"]
    list_filter = ["kind", "enabled"]
    list_select_related = ["device"]
    search_fields = ["name", "device__name", "description"]
    autocomplete_fields = ["device"]


@admin.register(IPAddress)
class IPAddressAdmin(admin.ModelAdmin):
    """Addresses."""

    list_display = ["__str__", "interface", "status", "dns_name"]
    list_filter = ["status"]
    list_select_related = ["interface"]
    search_fields = ["address", "dns_name", "interface__device__name"]
    autocomplete_fields = ["interface"]


@admin.register(Maintenance)
class MaintenanceAdmin(admin.ModelAdmin):
    """Maintenance windows, by date."""

    date_hierarchy = "starts"
    list_display = ["title", "site", "starts", "takes"]
    list_filter = ["site", ("starts", admin.DateFieldListFilter)]
    list_select_related = ["site"]
    search_fields = ["title", "site__name", "checklist"]


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):
    """Tags."""

    list_display = ["name", "slug"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}
