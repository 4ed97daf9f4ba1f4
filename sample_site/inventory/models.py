"""Sites, racks, devices, interfaces and addresses: plain Django models.

Nothing here is special to Dolt. Each branch has its own rows of these tables; `Device.owner`
points to a user, and users live once for all branches (`SHARED_APPS`).
"""

from __future__ import annotations

import ipaddress
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.urls import reverse

hostname = RegexValidator(
    r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?\Z",
    "Use lower-case letters, digits, dots and hyphens.",
)
mac_address = RegexValidator(
    r"^([0-9a-f]{2}:){5}[0-9a-f]{2}\Z", "Write it as six pairs: 02:00:5e:10:00:01."
)


class Site(models.Model):
    """A building with equipment in it."""

    class Status(models.TextChoices):
        PLANNED = "planned", "Planned"
        ACTIVE = "active", "Active"
        RETIRED = "retired", "Retired"

    name = models.CharField(max_length=100, unique=True)
    slug = models.SlugField(max_length=20, unique=True, help_text="Starts each device's name.")
    city = models.CharField(max_length=60)
    country = models.CharField(max_length=60)
    address = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=12, choices=Status, default=Status.ACTIVE)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("site", args=[self.pk])


class Rack(models.Model):
    """A rack in a site, `units` high."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="racks")
    name = models.CharField(max_length=30)
    units = models.PositiveSmallIntegerField(
        default=42, validators=[MinValueValidator(1), MaxValueValidator(60)]
    )

    class Meta:
        ordering = ["site__name", "name"]
        constraints = [models.UniqueConstraint(fields=["site", "name"], name="rack_in_site")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("rack", args=[self.pk])


class Tag(models.Model):
    """A word to group devices by."""

    name = models.CharField(max_length=30, unique=True)
    slug = models.SlugField(max_length=30, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Device(models.Model):
    """A router, switch, firewall or server."""

    class Role(models.TextChoices):
        ROUTER = "router", "Router"
        SWITCH = "switch", "Switch"
        FIREWALL = "firewall", "Firewall"
        SERVER = "server", "Server"

    class Status(models.TextChoices):
        PLANNED = "planned", "Planned"
        STAGED = "staged", "Staged"
        ACTIVE = "active", "Active"
        MAINTENANCE = "maintenance", "Maintenance"
        RETIRED = "retired", "Retired"

    name = models.CharField(max_length=64, unique=True, validators=[hostname])
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="devices")
    rack = models.ForeignKey(
        Rack, on_delete=models.SET_NULL, related_name="devices", null=True, blank=True
    )
    position = models.PositiveSmallIntegerField(
        "lowest unit", null=True, blank=True, help_text="Counted from the bottom of the rack."
    )
    role = models.CharField(max_length=12, choices=Role)
    status = models.CharField(max_length=12, choices=Status, default=Status.PLANNED)
    hardware = models.CharField(max_length=80, blank=True, help_text="Vendor and model.")
    serial = models.CharField(max_length=40, unique=True, null=True, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        related_name="devices",
        null=True,
        blank=True,
    )
    tags = models.ManyToManyField(Tag, related_name="devices", blank=True)
    comments = models.TextField(blank=True)

    class Meta:
        ordering = ["name"]
        indexes = [models.Index(fields=["site", "status"], name="device_site_status")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("device", args=[self.pk])

    def clean(self) -> None:
        """A device stands in a rack of its own site, and inside that rack."""
        # Two devices without a serial number are no duplicates: NULL is not unique, '' is.
        self.serial = self.serial or None
        if self.rack is None:
            if self.position is not None:
                raise ValidationError({"position": "Choose a rack first."})
            return
        if self.site_id and self.rack.site_id != self.site_id:
            raise ValidationError({"rack": f"{self.rack} is not in {self.site}."})
        if self.position is not None and not 1 <= self.position <= self.rack.units:
            raise ValidationError(
                {"position": f"{self.rack} has the units 1 to {self.rack.units}."}
            )


class Maintenance(models.Model):
    """A time in which work is done at a site."""

    title = models.CharField(max_length=100)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="maintenances")
    starts = models.DateTimeField(db_index=True)
    takes = models.DurationField(help_text="Hours, minutes and seconds: 02:30:00.")
    checklist = models.JSONField(default=list, blank=True, help_text="A JSON list of steps.")

    class Meta:
        ordering = ["-starts"]
        verbose_name = "maintenance window"

    def __str__(self) -> str:
        return self.title


class Interface(models.Model):
    """A port of a device."""

    class Kind(models.TextChoices):
        GE = "1000base-t", "1 GE"
        SFP_PLUS = "10gbase-x", "10 GE SFP+"
        SFP28 = "25gbase-x", "25 GE SFP28"
        QSFP28 = "100gbase-x", "100 GE QSFP28"
        VIRTUAL = "virtual", "Virtual"

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="interfaces")
    name = models.CharField(max_length=40)
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.SFP_PLUS)
    enabled = models.BooleanField(default=True)
    mac = models.CharField("MAC address", max_length=17, blank=True, validators=[mac_address])
    description = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["device__name", "name"]
        constraints = [
            models.UniqueConstraint(fields=["device", "name"], name="interface_of_device")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return self.device.get_absolute_url()


class SortKeyField(models.CharField):
    """The address as 32 hexadecimal digits, so that .2 sorts before .10."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Follow the address on every save, also in bulk_create()."""
        number = int(ipaddress.ip_address(model_instance.address))  # type: ignore[attr-defined]
        setattr(model_instance, self.attname, f"{number:032x}")
        return super().pre_save(model_instance, add)


class IPAddress(models.Model):
    """An address, and the interface that has it."""

    class Status(models.TextChoices):
        RESERVED = "reserved", "Reserved"
        ACTIVE = "active", "Active"
        DEPRECATED = "deprecated", "Deprecated"

    address = models.GenericIPAddressField("IP address", unique=True)
    prefix_length = models.PositiveSmallIntegerField(
        default=24, validators=[MaxValueValidator(128)]
    )
    interface = models.ForeignKey(
        Interface, on_delete=models.SET_NULL, related_name="addresses", null=True, blank=True
    )
    status = models.CharField(max_length=12, choices=Status, default=Status.ACTIVE)
    dns_name = models.CharField("DNS name", max_length=120, blank=True)
    sort_key = SortKeyField(max_length=32, editable=False, db_index=True)

    class Meta:
        ordering = ["sort_key"]
        verbose_name = "IP address"
        verbose_name_plural = "IP addresses"

    def __str__(self) -> str:
        return f"{self.address}/{self.prefix_length}"

    def get_absolute_url(self) -> str:
        """The device it belongs to, or the list for a free address."""
        if self.interface:
            return self.interface.device.get_absolute_url()
        return reverse("addresses")

    def clean(self) -> None:
        """An IPv4 prefix has at most 32 bits."""
        if self.address and ":" not in self.address and (self.prefix_length or 0) > 32:
            raise ValidationError({"prefix_length": "An IPv4 prefix is 0 to 32."})
