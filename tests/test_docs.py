"""The commands of docs/tasks.md, run in their order."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import ManagementUtility
from django.db import connections
from django.test import override_settings

from dolt_router.management.commands.dolt import Command
from dolt_router.models import Branch, Commit, Tag
from dolt_router.versioning import remotes, tags
from tests.inventory.models import Device, Site

TASKS = Path(__file__).resolve().parents[1] / "docs" / "tasks.md"


def commands() -> list[str]:
    return re.findall(r"^    (.*manage\.py .*)$", TASKS.read_text(), re.M)


def run(command: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a line of the page as its reader would; what it printed."""
    words = shlex.split(command)
    out = StringIO()
    with monkeypatch.context() as patch:
        while "=" in words[0]:
            name, _, value = words.pop(0).partition("=")
            patch.setenv(name, value)
        patch.setattr(sys, "stdout", out)
        ManagementUtility(words).execute()
    return out.getvalue()


@pytest.mark.django_db(databases=["default", "other"], transaction=True)
def test_every_command_of_the_tasks(
    scratch_database: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, height in (("spring", 2), ("bad", 99)):
        rows = [
            {"model": "inventory.site", "pk": 1, "fields": {"name": name}},
            {"model": "inventory.device", "pk": 1, "fields": {"name": name, "height": height}},
        ]
        (tmp_path / f"{name}.json").write_text(json.dumps(rows))
    printed: dict[str, str] = {}
    with override_settings(FIXTURE_DIRS=[str(tmp_path)]):
        for command in commands():
            head = Commit.objects.on("main")[0].commit_hash
            line = command.replace("<commit>", head).replace("/srv/dolt", str(tmp_path))
            printed[command] = run(line, monkeypatch)
            if command == "manage.py loaddata bad":
                assert Device.objects.get().height == 99
    assert "DOLT_BRANCH" not in os.environ
    assert Device.objects.get().height == 2 and Site.objects.get().name == "spring"
    assert "+ inventory_device 1" in printed["manage.py dolt diff main release/spring --rows"]
    assert "No conflicts" in printed["manage.py dolt conflicts release/spring"]
    assert printed["manage.py dolt diff spring-1 main"] == ""
    assert (
        "inventory_device,modified" in (printed["manage.py dolt diff main try/import --format csv"])
    )
    assert [branch.name for branch in Branch.objects.all()] == ["long-lived", "main"]
    assert [tag.name for tag in Tag.objects.all()] == ["spring-1"]
    assert "Already up to date" in printed["manage.py dolt pull origin main"]
    with connections["default"].plain_sql(), connections["default"].cursor() as cursor:
        cursor.execute("SELECT name FROM `second_site/main`.inventory_site")
        assert cursor.fetchall() == (("spring",),)
        cursor.execute("DROP DATABASE second_site")
    tags.delete("spring-1")
    remotes.remove("origin")


def test_every_dolt_command_of_the_docs_is_understood() -> None:
    pages = [TASKS.parents[1] / "README.md", *TASKS.parent.glob("*.md")]
    parser = Command().create_parser("manage.py", "dolt")
    seen = 0
    for page in pages:
        for line in re.findall(r"^    (?:\w+=\S+ )?manage\.py dolt (.*)$", page.read_text(), re.M):
            command = re.split(r"\s{3,}", line)[0]  # what follows is said about it
            words = shlex.split(command.replace("<", "").replace(">", ""), comments=True)
            options = parser.parse_args(words)
            assert options.verb == words[0], f"{page.name}: {line}"
            seen += 1
    assert seen > 40
