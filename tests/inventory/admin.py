"""Stock admins, unchanged: what a site would have."""

from django.contrib import admin

from tests.inventory.models import Device, Site, Tag

admin.site.register([Device, Site, Tag])
