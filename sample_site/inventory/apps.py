"""App configuration."""

from __future__ import annotations

from django.apps import AppConfig


class InventoryConfig(AppConfig):
    """Sites, racks, devices, interfaces and addresses."""

    name = "inventory"
