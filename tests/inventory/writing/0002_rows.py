from typing import Any

from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group as TrueGroup
from django.db import migrations


def write(apps: Any, editor: Any) -> None:
    alias = editor.connection.alias
    Site, Group = apps.get_model("inventory", "Site"), apps.get_model("auth", "Group")
    Site.objects.create(name="by default")
    Site.objects.using(alias).create(name="by alias")
    assert Site.objects.count() == 2

    groups = Group.objects.using(alias)
    made, created = groups.get_or_create(name="one")
    assert created and made.pk == TrueGroup.objects.get(name="one").pk
    assert not groups.get_or_create(name="one")[1]
    assert [group.pk for group in groups.bulk_create([Group(name="two"), Group(name="three")])]
    assert groups.filter(name="two").update(name="second") == 1
    assert groups.filter(name="three").delete()[0] == 1


def make_permissions(apps: Any, editor: Any) -> None:
    config = apps.get_app_config("inventory")
    config.models_module = True
    create_permissions(config, verbosity=0, apps=apps)
    create_permissions(config, verbosity=0, using=editor.connection.alias)
    config.models_module = None


def read_back(apps: Any, editor: Any) -> None:
    Group = apps.get_model("auth", "Group")
    groups = Group.objects.using(editor.connection.alias)
    assert not groups.filter(name="four").exists()  # the transaction has begun
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM auth_group WHERE name = 'four'")
        assert cursor.fetchone() == (0,)
        groups.create(name="four")
        cursor.execute("SELECT COUNT(*) FROM auth_group WHERE name = 'four'")
        assert cursor.fetchone() == (1,)
    assert groups.filter(name="four").exists()


def forget(apps: Any, editor: Any) -> None:
    apps.get_model("inventory", "Site").objects.all().delete()
    groups = apps.get_model("auth", "Group").objects.using(editor.connection.alias)
    groups.filter(name__in=["one", "second", "four"]).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    operations = [
        migrations.RunPython(write, forget),
        migrations.RunPython(make_permissions, migrations.RunPython.noop),
        migrations.RunPython(read_back, migrations.RunPython.noop),
    ]
