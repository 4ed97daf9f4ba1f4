"""The sample network: the same rows each time, from a few lists and rules.

Addresses are from the ranges for private use (RFC 1918) and for documentation (RFC 5737,
RFC 3849); MAC addresses from the one for documentation (RFC 7042).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

TAGS = {
    "core": "Core",
    "edge": "Edge",
    "change-window": "Change window",
    "critical": "Critical",
    "lab": "Lab",
    "leased": "Leased",
}

SITES: list[dict[str, Any]] = [
    {"name": "Berlin 1", "slug": "ber1", "city": "Berlin", "country": "Germany",
     "address": "Lützowstraße 105"},
    {"name": "Frankfurt 1", "slug": "fra1", "city": "Frankfurt am Main", "country": "Germany",
     "address": "Hanauer Landstraße 298"},
    {"name": "Amsterdam 1", "slug": "ams1", "city": "Amsterdam", "country": "Netherlands",
     "address": "Science Park 121"},
    {"name": "London 1", "slug": "lon1", "city": "London", "country": "United Kingdom",
     "address": "Coriander Avenue 8"},
    {"name": "New York 1", "slug": "nyc1", "city": "New York", "country": "United States",
     "address": "Hudson Street 60"},
    {"name": "Singapore 1", "slug": "sin1", "city": "Singapore", "country": "Singapore",
     "address": "Ayer Rajah Crescent 20", "status": "planned"},
]  # fmt: skip

# Title, site, first minute (UTC), minutes, steps.
MAINTENANCES: list[tuple[str, str, datetime, int, list[str]]] = [
    (
        "Replace fans of the core",
        "fra1",
        datetime(2026, 2, 11, 22),
        90,
        ["drain", "swap", "undrain"],
    ),
    ("Power feed B, yearly test", "ams1", datetime(2026, 2, 24, 21, 30), 240, ["announce", "test"]),
    ("Upgrade the core", "ber1", datetime(2026, 3, 18, 23), 150, ["stage", "upgrade", "verify"]),
    ("Move uplinks to 100 GE", "lon1", datetime(2026, 3, 27, 22), 75, ["patch", "verify"]),
    ("Firewall failover test", "nyc1", datetime(2025, 11, 5, 4), 30, ["fail over", "fail back"]),
]
RACKS = ["R01", "R02", "R03"]

# Role, short name, how many per site, hardware, ports as (name, kind).
BUILD: list[tuple[str, str, int, str, list[tuple[str, str]]]] = [
    ("router", "rtr", 2, "Juniper MX204",
     [("et-0/0/0", "100gbase-x"), ("et-0/0/1", "100gbase-x"), ("xe-0/1/0", "10gbase-x"),
      ("lo0", "virtual"), ("fxp0", "1000base-t")]),
    ("firewall", "fwl", 2, "Palo Alto PA-3430",
     [("ethernet1/1", "10gbase-x"), ("ethernet1/2", "10gbase-x"), ("management", "1000base-t")]),
    ("switch", "swt", 4, "Arista 7050SX3-48YC8",
     [("Ethernet1", "25gbase-x"), ("Ethernet2", "25gbase-x"), ("Management1", "1000base-t")]),
    ("server", "srv", 4, "Dell PowerEdge R660",
     [("eno1", "25gbase-x"), ("idrac", "1000base-t")]),
]  # fmt: skip

MANAGEMENT = {"fxp0", "management", "Management1", "idrac"}
OWNERS = ["operator", "reviewer", "", "operator"]
STATUSES = {"fra1-srv-04": "staged", "ams1-fwl-02": "maintenance", "nyc1-srv-03": "retired"}


class Plan(NamedTuple):
    """A device to be made, with its interfaces and tags."""

    site: str
    rack: str
    owner: str
    tags: list[str]
    fields: dict[str, Any]
    interfaces: list[dict[str, Any]]


def devices_of(site: str) -> Iterator[Plan]:
    """The twelve devices of a site."""
    site_number = [entry["slug"] for entry in SITES].index(site) + 1
    planned = SITES[site_number - 1].get("status") == "planned"
    unit = {rack: 40 for rack in RACKS}
    count = 0
    for role, short, number_of, hardware, ports in BUILD:
        for number in range(1, number_of + 1):
            name = f"{site}-{short}-{number:02}"
            rack = RACKS[(number - 1) % 2] if role != "server" else "R03"
            tags = {"router": ["core", "critical"], "firewall": ["edge", "critical"]}.get(role, [])
            if role == "server" and number == 4:
                tags = ["lab"]
            if role == "switch" and number == 1:
                tags = ["core"]
            count += 1
            yield Plan(
                site,
                rack,
                OWNERS[count % len(OWNERS)],
                tags,
                {
                    "name": name,
                    "role": role,
                    "hardware": hardware,
                    "serial": f"{short.upper()}{site_number:02}{number:02}{7919 * count % 9973:04}",
                    "status": "planned" if planned else STATUSES.get(name, "active"),
                    "position": unit[rack],
                },
                [
                    {
                        "name": port,
                        "kind": kind,
                        "mac": f"00:00:5e:00:53:{(site_number * 40 + count * 3 + index) % 256:02x}",
                        "description": "management" if port in MANAGEMENT else "",
                    }
                    for index, (port, kind) in enumerate(ports)
                ],
            )
            unit[rack] -= 2


def addresses_of(plans: list[Plan]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Device, interface and fields of each address."""
    sites = [entry["slug"] for entry in SITES]
    hosts = {site: 10 for site in sites}
    links = 0
    for plan in plans:
        octet = (sites.index(plan.site) + 1) * 10
        for port in plan.interfaces:
            name, host = plan.fields["name"], hosts[plan.site]
            if port["name"] in MANAGEMENT:
                fields = {"address": f"10.{octet}.0.{host}", "dns_name": f"{name}.mgmt.example.net"}
                yield name, port["name"], fields
                hosts[plan.site] += 1
            elif port["name"] == "lo0":
                loopback = f"2001:db8:{octet}::{host}"
                yield name, "lo0", {"address": loopback, "prefix_length": 128,
                                    "dns_name": f"lo0.{name}.example.net"}  # fmt: skip
            elif port["name"] == "et-0/0/0":
                link = f"192.0.2.{links * 2}"
                yield name, port["name"], {"address": link, "prefix_length": 31}
                links += 1
