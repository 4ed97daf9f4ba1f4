"""A copy on another engine is equal to the original: every kind of field, every branch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import MySQLdb
import pytest

ROOT = Path(__file__).parents[1]

SETTINGS = """
from tests.settings import *
EMBEDDED = {{"ENGINE": "dolt_router.backends.doltlite"}}
SERVER = {{"ENGINE": "dolt_router.backends.dolt", "HOST": {host!r}, "PORT": {port}, "USER": "root"}}
DATABASES = {{
    "default": {{**{source}, "NAME": {source_name!r}}},
    "copy": {{**{target}, "NAME": {target_name!r}}},
}}
INSTALLED_APPS = [*INSTALLED_APPS, "shelf"]
"""

MODELS = """
import uuid
from django.conf import settings
from django.db import models

class Box(models.Model):
    key = models.UUIDField(primary_key=True, default=uuid.uuid4)
    label = models.CharField(max_length=40, unique=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)

class Thing(models.Model):
    box = models.ForeignKey(Box, models.CASCADE, null=True)
    near = models.ManyToManyField("self")
    text = models.TextField(default="")
    big = models.BigIntegerField(null=True)
    exact = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    rough = models.FloatField(null=True)
    flag = models.BooleanField(null=True)
    day = models.DateField(null=True)
    moment = models.DateTimeField(null=True)
    clock = models.TimeField(null=True)
    span = models.DurationField(null=True)
    raw = models.BinaryField(null=True)
    data = models.JSONField(null=True)
    address = models.GenericIPAddressField(null=True)
    place = models.FileField(null=True)
    made = models.DateTimeField(auto_now_add=True)

class Special(Thing):
    code = models.SlugField(null=True)
"""

FILL = r"""
import django; django.setup()
import datetime, decimal, uuid
from django.contrib.auth.models import User
from dolt_router.autocommit import AutoDoltCommit
from dolt_router.models import Branch, Tag
from dolt_router.versioning import tags
from shelf.models import Box, Special, Thing

ann = User.objects.create_user("ann", password="secret")
with AutoDoltCommit("First rows", author="Ann <ann@example.org>"):
    box = Box.objects.create(label="B", owner=ann)
    full = Thing.objects.create(
        box=box, text="it's \"quoted\" \\ \u2603 \U0001f600\n", big=-2**63, flag=True,
        exact=decimal.Decimal("-123456789.567890"), rough=1e-300, day="2024-02-29",
        moment=datetime.datetime(2024, 3, 31, 1, 59, 59, 999999, datetime.timezone.utc),
        clock=datetime.time(23, 59, 59, 1), span=datetime.timedelta(days=-3, microseconds=7),
        raw=bytes(range(256)), data={"b": [1, None, "\u2603"], "a": {"x": 1.5, "y": True}},
        address="2001:db8::1", place="a/b.txt",
    )
    empty = Thing.objects.create()
    special = Special.objects.create(code="s", text="child", rough=0.1)
    full.near.add(empty, special)
    Thing.objects.bulk_create(Thing(text=f"t{n}", big=n) for n in range(1200))
Branch.objects.create(name="early", start_point="main")
Thing.objects.using("early").filter(pk=full.pk).update(text="early")
Thing.objects.filter(big__gt=1100).delete()
Branch.objects.create(name="late", start_point="main")
Branch.objects.create(name="same", start_point="late")
Special.objects.using("late").filter(code="s").delete()
Thing.objects.using("late").create(text="new on late", box_id=box.pk)
Thing.objects.filter(pk=empty.pk).update(text="main went on")
Branch.objects.create(name="merged", start_point="early")
Branch.objects.get(name="early").merge()
Thing.objects.using("early").filter(pk=full.pk).update(text="early went on")
tags.create("v1", "main")
tags.create("old", "merged")
"""

# What a site sees of it, and what merging gives.
SHOW = r"""
import django; django.setup()
import sys
from django.contrib.auth import authenticate
from django.contrib.auth.models import Permission, User
from dolt_router.models import Branch, Commit
from dolt_router.versioning import branches, merges, tags
from dolt_router.versioning.fingerprints import fingerprint
from shelf.models import Box, Special, Thing

root = sys.argv[1]
def rows(model, branch):
    names = [field.attname for field in model._meta.local_concrete_fields]
    found = model._base_manager.using(f"{root}/{branch}")
    return fingerprint(found, names).total
def state(branch):
    return [rows(model, branch) for model in (Box, Thing, Thing.near.through, Special)]
print(*branches.names(root), *tags.names(root))
for branch in branches.names(root):
    head = Commit.objects.on(branch).using(f"{root}/{branch}")[0]
    told = head.message.splitlines()[0], head.committer, f"{head.date:%F %T}"
    print(branch, *state(branch), *told)
print(rows(User, "main"), rows(Permission, "main"))
for branch in ("early", "late"):
    merges.merge(branch, "main", using=root)
    print("merged", branch, *state("main"))
"""


class Project:
    """A project with an app of every kind of field, and two databases: `default` and `copy`."""

    def __init__(self, folder: Path, source: str, target: str) -> None:
        self.folder = folder
        self.servers: list[str] = []
        names = [self._name(kind, at) for kind, at in ((source, "source"), (target, "copy"))]
        host, port = os.environ["DOLT_HOST"], int(os.environ["DOLT_PORT"])
        text = SETTINGS.format(
            host=host,
            port=port,
            source=source,
            target=target,
            source_name=names[0],
            target_name=names[1],
        )
        (folder / "copy_settings.py").write_text(text)
        (folder / "shelf").mkdir()
        (folder / "shelf" / "__init__.py").touch()
        (folder / "shelf" / "models.py").write_text(MODELS)
        self.connection = MySQLdb.connect(host=host, port=port, user="root", autocommit=True)
        for name in self.servers:
            self.connection.cursor().execute(f"CREATE DATABASE `{name}`")

    def _name(self, kind: str, at: str) -> str:
        if kind == "EMBEDDED":
            return str(self.folder / f"{at}.db")
        self.servers.append(f"{at}_{uuid.uuid4().hex[:8]}")
        return self.servers[-1]

    def run(self, *words: str, code: int = 0) -> str:
        """What a Python command prints, on either channel."""
        drop = ("DOLT_BRANCH", "DOLT_ROUTER_TEST_ENGINE", "TEST_DATABASE")
        env = {name: value for name, value in os.environ.items() if name not in drop}
        env |= {
            "PYTHONPATH": f"{self.folder}{os.pathsep}{ROOT}",
            "DJANGO_SETTINGS_MODULE": "copy_settings",
        }
        done = subprocess.run(
            [sys.executable, *words], cwd=self.folder, env=env, capture_output=True, text=True
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + (done.stderr if code else "")

    def manage(self, *words: str, code: int = 0) -> str:
        """What `manage.py` prints."""
        return self.run("-m", "django", *words, code=code)

    def drop(self) -> None:
        """Drop the databases on the server."""
        for name in self.servers:
            self.connection.cursor().execute(f"DROP DATABASE `{name}`")
        self.connection.close()


@pytest.fixture
def project(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Project]:
    """Two databases, migrated; the first one is filled."""
    made = Project(tmp_path, *getattr(request, "param", ("EMBEDDED", "EMBEDDED")))
    made.manage("makemigrations", "shelf", "--verbosity", "0")
    for alias in ("default", "copy"):
        made.manage("migrate", "--database", alias, "--verbosity", "0")
    made.run("-c", FILL)
    yield made
    made.drop()


@pytest.mark.parametrize(
    "project",
    [("EMBEDDED", "SERVER"), ("SERVER", "EMBEDDED"), ("EMBEDDED", "EMBEDDED")],
    ids=["to a server", "from a server", "to another file"],
    indirect=True,
)
def test_copy_is_equal_and_merges_to_the_same(project: Project) -> None:
    told = json.loads(project.manage("dolt", "copy", "--to", "copy", "--json"))
    assert sorted(told["branches"]) == ["early", "late", "main", "merged", "same"]
    assert told["rows"]["shelf_thing"] == 1104 and told["left_out"] == []
    there, here = (project.run("-c", SHOW, alias) for alias in ("default", "copy"))
    assert here.replace("+00:00", "") == there.replace("+00:00", "")
    assert "First rows" not in here  # it is no branch's head


@pytest.mark.parametrize("project", [("SERVER", "EMBEDDED")], indirect=True)
def test_value_that_the_engine_cannot_hold_is_told(project: Project) -> None:
    code = (
        "import django; django.setup()\n"
        "from shelf.models import Thing\n"
        "Thing.objects.filter(pk=1).update(exact='12345678901234.567890')\n"
    )
    project.run("-c", code)
    told = project.manage("dolt", "copy", "--to", "copy", code=128)
    assert "for example exact of \"1\" is Decimal('12345678901234.567890') there" in told


def test_what_is_in_the_way_is_told_and_nothing_is_copied(project: Project) -> None:
    def refused(*words: str) -> str:
        return project.manage("dolt", "copy", *words, code=128)

    assert "can't be copied to itself" in refused("--to", "default")
    add = (
        "import django; django.setup()\n"
        "from shelf.models import Box\n"
        "Box.objects.using('copy/main').create(label='mine')\n"
    )
    project.run("-c", add)
    assert '"copy" has rows in shelf_box' in refused("--to", "copy")
    uncommitted = (
        "import django; django.setup()\n"
        "from django.db import connections\n"
        "with connections['default/late'].plain_sql(), connections['default/late'].cursor() as c:\n"
        "    c.execute('DELETE FROM shelf_thing_near')\n"
    )
    project.run("-c", uncommitted)
    assert "not committed (shelf_thing_near)" in refused("--to", "copy", "--force")
    project.manage("dolt", "discard", "--branch", "late")
    project.manage("dolt", "copy", "--to", "copy", "--force")
    assert "mine" not in project.run(
        "-c",
        "import django; django.setup()\nfrom shelf.models import Box\n"
        "print(*Box.objects.using('copy/main').values_list('label', flat=True))",
    )
    assert '"copy" has branches (early, late, merged, same)' in refused("--to", "copy", "--force")
