"""`manage.py seed`: believable data, and a branch with changes under way."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable
from datetime import timedelta, timezone
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.management.base import BaseCommand

from dolt_router import use_branch
from dolt_router.autocommit import AutoDoltCommit
from dolt_router.models import Branch
from dolt_router.review.models import BranchRule, PullRequest
from inventory import seed_data
from inventory.models import Device, Interface, IPAddress, Maintenance, Rack, Site, Tag

PASSWORD = "branch-and-merge"  # of the demo's users; printed by `demo` and `seed`
BRANCH = "maintenance/berlin-core-upgrade"

USERS: list[dict[str, Any]] = [
    {
        "username": "admin",
        "first_name": "Alex",
        "last_name": "Morgan",
        "email": "alex.morgan@example.net",
        "is_staff": True,
        "is_superuser": True,
    },
    {
        "username": "operator",
        "first_name": "Olivia",
        "last_name": "Brandt",
        "email": "olivia.brandt@example.net",
        "is_staff": True,
        "is_superuser": False,
        "group": "Operators",
    },
    {
        "username": "reviewer",
        "first_name": "Ravi",
        "last_name": "Menon",
        "email": "ravi.menon@example.net",
        "is_staff": True,
        "is_superuser": False,
        "group": "Reviewers",
    },
    {
        "username": "manager",
        "first_name": "Mara",
        "last_name": "Novak",
        "email": "mara.novak@example.net",
        "is_staff": True,
        "is_superuser": False,
        "group": "Managers",
    },
]
# What each group may do with branches, as in Django's admin: permissions of the model Branch.
GROUPS = {
    "Operators": ["create"],
    "Reviewers": ["create", "review"],
    "Managers": ["create", "review", "merge", "delete"],
}
ADMIN = "Alex Morgan <alex.morgan@example.net>"
OPERATOR = "Olivia Brandt <olivia.brandt@example.net>"
REVIEWER = "Ravi Menon <ravi.menon@example.net>"


def insert(rows: Iterable[Any]) -> list[Any]:
    """Insert rows into their table, which is empty, and fetch them back with their keys.

    As on MySQL, `bulk_create` doesn't learn the primary keys.
    """
    rows = list(rows)
    model = type(rows[0])
    model.objects.bulk_create(rows)
    return list(model.objects.order_by("pk"))


class Command(BaseCommand):
    """Fills an empty database; does nothing to one that has sites."""

    help = "Fill the database with a small network, four users, a branch and a pull request."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether main is under review."""
        parser.add_argument(
            "--no-review", action="store_true", help="leave main open to direct changes"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Users first: they live once for all branches, and devices point to them."""
        self.create_groups()
        self.create_users()
        if Site.objects.exists():
            self.stdout.write("The inventory has sites already: nothing to seed.")
            return
        with AutoDoltCommit(message="Seed the inventory: six sites", author=ADMIN):
            self.create_inventory()
        self.change_production()
        if not Branch.objects.filter(name=BRANCH).exists():
            Branch.objects.create(name=BRANCH, start_point="main")
            self.stage_upgrade()
        self.set_aside_a_spare()
        if not options["no_review"]:
            self.put_main_under_review()
        self.stdout.write(
            f"Seeded {Site.objects.count()} sites, {Device.objects.count()} devices, "
            f"{Interface.objects.count()} interfaces, {IPAddress.objects.count()} addresses, "
            f"and the branch {BRANCH}. Logins: "
            f"{', '.join(user['username'] for user in USERS)}; password: {PASSWORD}"
        )

    def create_groups(self) -> None:
        """All groups edit the inventory; they differ in what they may do with branches."""
        everything = Permission.objects.filter(content_type__app_label="inventory")
        for name, verbs in GROUPS.items():
            group, _created = Group.objects.get_or_create(name=name)
            codenames = ["view_branch", *(f"{verb}_branch" for verb in verbs)]
            branches = Permission.objects.filter(
                content_type__app_label="dolt_router", codename__in=codenames
            )
            group.permissions.set([*everything, *branches])

    def create_users(self) -> None:
        """An administrator, and one person of each group."""
        for fields in USERS:
            defaults = {k: value for k, value in fields.items() if k not in ("username", "group")}
            user, created = get_user_model().objects.get_or_create(
                username=fields["username"], defaults=defaults
            )
            if created:
                user.set_password(PASSWORD)
                user.save()
            if created and "group" in fields:
                user.groups.add(Group.objects.get(name=fields["group"]))

    def create_inventory(self) -> None:
        """All rows, in bulk: no signal is sent, and still they are all in the commit."""
        owners = dict(get_user_model().objects.values_list("username", "pk"))
        tags = {
            tag.slug: tag
            for tag in insert(Tag(name=name, slug=slug) for slug, name in seed_data.TAGS.items())
        }
        sites = insert(Site(**fields) for fields in seed_data.SITES)
        racks = insert(Rack(site=site, name=name) for site in sites for name in seed_data.RACKS)
        by_slug = {site.slug: site for site in sites}
        by_place = {(rack.site_id, rack.name): rack for rack in racks}
        insert(
            Maintenance(
                title=title,
                site=by_slug[site],
                starts=starts.replace(tzinfo=timezone.utc),
                takes=timedelta(minutes=minutes),
                checklist=steps,
            )
            for title, site, starts, minutes, steps in seed_data.MAINTENANCES
        )
        plans = [plan for site in sites for plan in seed_data.devices_of(site.slug)]
        devices = insert(
            Device(
                site=by_slug[plan.site],
                rack=by_place[by_slug[plan.site].pk, plan.rack],
                owner_id=owners.get(plan.owner),
                **plan.fields,
            )
            for plan in plans
        )
        insert(
            Device.tags.through(device=device, tag=tags[slug])
            for device, plan in zip(devices, plans, strict=True)
            for slug in plan.tags
        )
        interfaces = insert(
            Interface(device=device, **fields)
            for device, plan in zip(devices, plans, strict=True)
            for fields in plan.interfaces
        )
        names = {device.pk: device.name for device in devices}
        ports = {(names[port.device_id], port.name): port for port in interfaces}
        insert(
            IPAddress(interface=ports[device, port], **fields)
            for device, port, fields in seed_data.addresses_of(plans)
        )

    def change_production(self) -> None:
        """Two small commits on main, one each by two people."""
        with AutoDoltCommit(message="Bring fra1-srv-04 into service", author=OPERATOR):
            Device.objects.filter(name="fra1-srv-04").update(status=Device.Status.ACTIVE)
        with AutoDoltCommit(message="Take lon1-swt-02 out for a fan change", author=REVIEWER):
            device = Device.objects.get(name="lon1-swt-02")
            device.status = Device.Status.MAINTENANCE
            device.comments = "Fan tray 2 reports a fault; spare part ordered."
            device.save()

    def stage_upgrade(self) -> None:
        """Four commits on a branch: what the operator will ask to merge."""
        with use_branch(BRANCH):
            berlin = Site.objects.get(slug="ber1")
            router = Device.objects.get(name="ber1-rtr-01")
            with AutoDoltCommit(message="Plan the new core switch in Berlin", author=OPERATOR):
                switch = Device.objects.create(
                    name="ber1-swt-05",
                    site=berlin,
                    rack=berlin.racks.get(name="R01"),
                    position=30,
                    role=Device.Role.SWITCH,
                    status=Device.Status.STAGED,
                    hardware="Arista 7060CX2-32S",
                    serial="JPE26470512",
                )
                switch.tags.set(Tag.objects.filter(slug__in=["core", "change-window"]))
            with AutoDoltCommit(message="Cable ber1-swt-05 to both routers", author=OPERATOR):
                Interface.objects.bulk_create(
                    Interface(
                        device=switch,
                        name=f"Ethernet{number}/1",
                        kind=Interface.Kind.QSFP28,
                        description=f"to ber1-rtr-{number:02}",
                    )
                    for number in (1, 2)
                )
                port = switch.interfaces.first()
                IPAddress.objects.create(
                    address="192.0.2.250",
                    prefix_length=31,
                    interface=port,
                    dns_name="ethernet1-1.ber1-swt-05.example.net",
                )
            with AutoDoltCommit(message="Set ber1-rtr-01 to maintenance", author=OPERATOR):
                router.status = Device.Status.MAINTENANCE
                router.comments = "Drained for the core upgrade. Traffic runs over ber1-rtr-02."
                router.save()
            with AutoDoltCommit(message="Retire ber1-swt-01", author=REVIEWER):
                Device.objects.filter(name="ber1-swt-01").update(status=Device.Status.RETIRED)

    def set_aside_a_spare(self) -> None:
        """Production went on meanwhile, so the branch is also one commit behind."""
        with AutoDoltCommit(message="Reserve an address for the Amsterdam spare", author=ADMIN):
            IPAddress.objects.create(
                address="10.30.0.200",
                status=IPAddress.Status.RESERVED,
                dns_name="spare.ams1.example.net",
            )

    def put_main_under_review(self) -> None:
        """From here on main takes nothing but approved pull requests; there is one to look at."""
        rule = BranchRule.objects.create(
            pattern="main", approvals=1, required_checks=["full_clean"]
        )
        rule.merger_groups.add(Group.objects.get(name="Managers"))
        users = {user.username: user for user in get_user_model().objects.all()}
        PullRequest.objects.open(
            source=BRANCH,
            target="main",
            title="Upgrade the core in Berlin",
            description=(
                "A new core switch for **Berlin 1**, cabled to both routers.\n\n"
                "* `ber1-rtr-01` is drained for it\n"
                "* `ber1-swt-01` goes out of service\n"
            ),
            author=users["operator"],
            reviewers=[users["reviewer"]],
        )
