from typing import Any

from django.db import migrations, models


def rename(apps: Any, editor: Any) -> None:
    model = apps.get_model("inventory", "Device")
    model.objects.using(editor.connection.alias).update(name="renamed")


def fail(apps: Any, editor: Any) -> None:
    raise ValueError("at the end")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("inventory", "0001_initial")]
    operations = [
        migrations.CreateModel("Cable", [("id", models.BigAutoField(primary_key=True))]),
        migrations.CreateModel(
            "Plug",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("cable", models.ForeignKey("inventory.Cable", models.CASCADE)),
            ],
        ),
        migrations.AddField("Device", "colour", models.CharField(max_length=9, default="red")),
        migrations.RunPython(rename),
        migrations.RunPython(fail),
    ]
