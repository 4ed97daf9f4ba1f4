"""The first tables."""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import inventory.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Rack",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=30)),
                (
                    "units",
                    models.PositiveSmallIntegerField(
                        default=42,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(60),
                        ],
                    ),
                ),
            ],
            options={
                "ordering": ["site__name", "name"],
            },
        ),
        migrations.CreateModel(
            name="Site",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100, unique=True)),
                (
                    "slug",
                    models.SlugField(
                        help_text="Starts each device's name.", max_length=20, unique=True
                    ),
                ),
                ("city", models.CharField(max_length=60)),
                ("country", models.CharField(max_length=60)),
                ("address", models.CharField(blank=True, max_length=200)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("active", "Active"),
                            ("retired", "Retired"),
                        ],
                        default="active",
                        max_length=12,
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="Tag",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=30, unique=True)),
                ("slug", models.SlugField(max_length=30, unique=True)),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="Device",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        max_length=64,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?\\Z",
                                "Use lower-case letters, digits, dots and hyphens.",
                            )
                        ],
                    ),
                ),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Counted from the bottom of the rack.",
                        null=True,
                        verbose_name="lowest unit",
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("router", "Router"),
                            ("switch", "Switch"),
                            ("firewall", "Firewall"),
                            ("server", "Server"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("staged", "Staged"),
                            ("active", "Active"),
                            ("maintenance", "Maintenance"),
                            ("retired", "Retired"),
                        ],
                        default="planned",
                        max_length=12,
                    ),
                ),
                (
                    "hardware",
                    models.CharField(blank=True, help_text="Vendor and model.", max_length=80),
                ),
                ("serial", models.CharField(blank=True, max_length=40, null=True, unique=True)),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="devices",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "rack",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="devices",
                        to="inventory.rack",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="devices",
                        to="inventory.site",
                    ),
                ),
                (
                    "tags",
                    models.ManyToManyField(blank=True, related_name="devices", to="inventory.tag"),
                ),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="Interface",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=40)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("1000base-t", "1 GE"),
                            ("10gbase-x", "10 GE SFP+"),
                            ("25gbase-x", "25 GE SFP28"),
                            ("100gbase-x", "100 GE QSFP28"),
                            ("virtual", "Virtual"),
                        ],
                        default="10gbase-x",
                        max_length=12,
                    ),
                ),
                ("enabled", models.BooleanField(default=True)),
                (
                    "mac",
                    models.CharField(
                        blank=True,
                        max_length=17,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^([0-9a-f]{2}:){5}[0-9a-f]{2}\\Z",
                                "Write it as six pairs: 02:00:5e:10:00:01.",
                            )
                        ],
                        verbose_name="MAC address",
                    ),
                ),
                ("description", models.CharField(blank=True, max_length=120)),
                (
                    "device",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="interfaces",
                        to="inventory.device",
                    ),
                ),
            ],
            options={
                "ordering": ["device__name", "name"],
            },
        ),
        migrations.CreateModel(
            name="IPAddress",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("address", models.GenericIPAddressField(unique=True, verbose_name="IP address")),
                (
                    "prefix_length",
                    models.PositiveSmallIntegerField(
                        default=24, validators=[django.core.validators.MaxValueValidator(128)]
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("reserved", "Reserved"),
                            ("active", "Active"),
                            ("deprecated", "Deprecated"),
                        ],
                        default="active",
                        max_length=12,
                    ),
                ),
                ("dns_name", models.CharField(blank=True, max_length=120, verbose_name="DNS name")),
                (
                    "sort_key",
                    inventory.models.SortKeyField(db_index=True, editable=False, max_length=32),
                ),
                (
                    "interface",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="addresses",
                        to="inventory.interface",
                    ),
                ),
            ],
            options={
                "verbose_name": "IP address",
                "verbose_name_plural": "IP addresses",
                "ordering": ["sort_key"],
            },
        ),
        migrations.AddField(
            model_name="rack",
            name="site",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="racks",
                to="inventory.site",
            ),
        ),
        migrations.AddConstraint(
            model_name="interface",
            constraint=models.UniqueConstraint(
                fields=("device", "name"), name="interface_of_device"
            ),
        ),
        migrations.AddConstraint(
            model_name="rack",
            constraint=models.UniqueConstraint(fields=("site", "name"), name="rack_in_site"),
        ),
        migrations.AddIndex(
            model_name="device",
            index=models.Index(fields=["site", "status"], name="device_site_status"),
        ),
    ]
