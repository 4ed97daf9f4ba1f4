"""The inventory's pages: plain class-based views.

No view says which branch it works on. `DoltBranchMiddleware` did, before the view ran; and
`DoltAutoCommitMiddleware` commits what it wrote when it is done.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.messages.views import SuccessMessageMixin
from django.db.models import Count, Q, QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse_lazy
from django.views.generic import (
    CreateView,
    DeleteView,
    DetailView,
    ListView,
    TemplateView,
    UpdateView,
)

from dolt_router import current_branch
from dolt_router.access import may
from dolt_router.autocommit import AutoDoltCommit
from dolt_router.models import Commit

from .forms import DeviceFilterForm, DeviceForm
from .models import Device, Interface, IPAddress, Rack, Site


class MissingHereMixin:
    """A page that says kindly that the object is not on this branch (it may be on others)."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer 404 with a way back instead of Django's own page."""
        try:
            return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        except Http404:
            context = {"what": self.model._meta.verbose_name}  # type: ignore[attr-defined]
            return render(request, "inventory/missing.html", context, status=404)


class MayWriteMixin:
    """Tells the template whether the user may change anything on this branch."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add `may_write`; whether it is so is checked below, whatever a page shows."""
        return super().get_context_data(  # type: ignore[misc]
            may_write=may("write", current_branch()), **kwargs
        )


class Dashboard(TemplateView):
    """Counts, and the newest commits of the branch that the request is on."""

    template_name = "inventory/dashboard.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the counts, and the devices that are not simply active."""
        counted = dict(
            Device.objects.order_by("status").values_list("status").annotate(Count("pk"))
        )
        return super().get_context_data(
            sites=Site.objects.count(),
            devices=sum(counted.values()),
            interfaces=Interface.objects.count(),
            addresses=IPAddress.objects.count(),
            statuses=[
                (status, status.label, counted.get(status.value, 0)) for status in Device.Status
            ],
            attention=Device.objects.exclude(
                status__in=[Device.Status.ACTIVE, Device.Status.RETIRED]
            ).select_related("site")[:8],
            commits=Commit.objects.on(current_branch())[:7],
            **kwargs,
        )


class SiteList(ListView):
    """All sites, with what stands in them."""

    template_name = "inventory/sites.html"

    def get_queryset(self) -> QuerySet[Site]:
        """Count racks and devices in the database."""
        return Site.objects.annotate(
            rack_count=Count("racks", distinct=True), device_count=Count("devices", distinct=True)
        ).order_by("name")  # Meta.ordering does not hold for a query with GROUP BY


class SiteDetail(MissingHereMixin, DetailView):
    """A site, its racks and devices."""

    model = Site
    template_name = "inventory/site.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add racks and devices."""
        return super().get_context_data(
            racks=self.object.racks.annotate(device_count=Count("devices")).order_by("name"),
            devices=self.object.devices.select_related("rack", "owner"),
            **kwargs,
        )


class RackDetail(MissingHereMixin, DetailView):
    """A rack and what is in it, from the top down."""

    model = Rack
    queryset = Rack.objects.select_related("site")
    template_name = "inventory/rack.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the devices."""
        devices = self.object.devices.order_by("-position", "name")
        return super().get_context_data(devices=devices, **kwargs)


class DeviceList(ListView):
    """Devices, searchable, by site and status, paginated."""

    template_name = "inventory/devices.html"
    paginate_by = 25

    def get_queryset(self) -> QuerySet[Device]:
        """Apply the filter form; a field that is not valid filters nothing."""
        self.filters = DeviceFilterForm(self.request.GET)
        self.filters.is_valid()
        chosen = self.filters.cleaned_data
        devices = Device.objects.select_related("site", "rack", "owner").prefetch_related("tags")
        if site := chosen.get("site"):
            devices = devices.filter(site=site)
        if status := chosen.get("status"):
            devices = devices.filter(status=status)
        if text := chosen.get("q"):
            devices = devices.filter(
                Q(name__icontains=text) | Q(serial__icontains=text) | Q(hardware__icontains=text)
            )
        return devices

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the form."""
        return super().get_context_data(filters=self.filters, **kwargs)


class DeviceDetail(MissingHereMixin, MayWriteMixin, DetailView):
    """A device with its interfaces and their addresses."""

    model = Device
    queryset = Device.objects.select_related("site", "rack", "owner")
    template_name = "inventory/device.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the interfaces."""
        return super().get_context_data(
            interfaces=self.object.interfaces.prefetch_related("addresses"), **kwargs
        )


class DeviceFormMixin(MayWriteMixin, LoginRequiredMixin, SuccessMessageMixin):
    """What creating and editing share."""

    model = Device
    form_class = DeviceForm
    template_name = "inventory/device_form.html"

    def form_valid(self, form: ModelForm) -> HttpResponse:
        """Save; the note, when there is one, is the message of the request's commit."""
        with AutoDoltCommit(message=form.cleaned_data["change_note"] or None):
            return super().form_valid(form)


class DeviceCreate(DeviceFormMixin, CreateView):
    """A new device."""

    success_message = "Device %(name)s was added."

    def get_initial(self) -> dict[str, Any]:
        """Let a link choose the site: `devices/add/?site=3`."""
        return super().get_initial() | self.request.GET.dict()


class DeviceUpdate(MissingHereMixin, DeviceFormMixin, UpdateView):
    """Edit a device and its tags."""

    success_message = "Device %(name)s was saved."


class DeviceDelete(MissingHereMixin, MayWriteMixin, LoginRequiredMixin, DeleteView):
    """Delete a device, with its interfaces."""

    model = Device
    template_name = "inventory/device_delete.html"
    success_url = reverse_lazy("devices")

    def form_valid(self, form: Any) -> HttpResponse:
        """Say what was deleted."""
        messages.success(self.request, f"Device {self.object} was deleted.")
        return super().form_valid(form)


class IPAddressList(ListView):
    """All addresses, in numeric order."""

    template_name = "inventory/addresses.html"
    paginate_by = 50

    def get_queryset(self) -> QuerySet[IPAddress]:
        """Filter by a part of the address or of the DNS name."""
        addresses = IPAddress.objects.select_related("interface__device__site")
        if text := self.request.GET.get("q", "").strip():
            addresses = addresses.filter(Q(address__contains=text) | Q(dns_name__icontains=text))
        return addresses
