"""Room for remarks on a device."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="device",
            name="comments",
            field=models.TextField(blank=True),
        ),
    ]
