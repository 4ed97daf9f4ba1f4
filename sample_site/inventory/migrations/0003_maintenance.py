"""Maintenance windows: a date, a duration and a list of steps."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0002_device_comments"),
    ]

    operations = [
        migrations.CreateModel(
            name="Maintenance",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title", models.CharField(max_length=100)),
                ("starts", models.DateTimeField(db_index=True)),
                ("takes", models.DurationField(help_text="Hours, minutes and seconds: 02:30:00.")),
                (
                    "checklist",
                    models.JSONField(blank=True, default=list, help_text="A JSON list of steps."),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="maintenances",
                        to="inventory.site",
                    ),
                ),
            ],
            options={
                "verbose_name": "maintenance window",
                "ordering": ["-starts"],
            },
        ),
    ]
