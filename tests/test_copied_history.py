"""`dolt copy --history`: every commit is there, on either engine, with the rows that it had."""

from __future__ import annotations

import json

import pytest

from .test_copies import SHOW, Project, project

__all__ = ["project"]

DIRECTIONS = pytest.mark.parametrize(
    "project",
    [
        ("EMBEDDED", "SERVER"),
        ("SERVER", "EMBEDDED"),
        ("EMBEDDED", "EMBEDDED"),
        ("SERVER", "SERVER"),
    ],
    ids=["to a server", "from a server", "to another file", "to another server"],
    indirect=True,
)

# Conflicts that were resolved, both ways and to a third value; a merge that leaves out what the
# other side did; unique values that change places; a merge of a merge.
MORE = r"""
import django; django.setup()
from dolt_router import use_branch
from dolt_router.autocommit import AutoDoltCommit
from dolt_router.models import Branch
from dolt_router.versioning import branches, merges, tags
from dolt_router.versioning.session import merging
from shelf.models import Box, Thing

with AutoDoltCommit("Boxes", author="Bo (NOC) <bo@example.org>"):
    Box.objects.bulk_create(Box(label=f"box {n:04}") for n in range(1100))
boxes = list(Box.objects.filter(label__startswith="box").order_by("label"))
with AutoDoltCommit("They change places\n\nAll of them, and \u2603.", author="Cy <cy@example.org>"):
    Box.objects.filter(pk__in=[box.pk for box in boxes]).delete()
    labels = [f"box {n:04}" for n in range(1100)][::-1]
    Box.objects.bulk_create(Box(pk=box.pk, label=label) for box, label in zip(boxes, labels))
for name in ("ours", "theirs", "mixed"):
    Branch.objects.create(name=name, start_point="main")
    with use_branch(name):
        Thing.objects.filter(big=50).update(text=name)
        Thing.objects.create(text=f"{name} came", big=7)
        Thing.objects.filter(big__in=[3, 4]).delete()
Thing.objects.filter(big=50).update(text="main")
Thing.objects.filter(big=4).update(flag=True)
merges.merge("ours", "main", resolve="ours", author="Di <di@example.org>", message="Ours")
merges.merge("theirs", "main", resolve="theirs", message="Theirs")
def third(conflict):
    values = {field.field: "third" for field in conflict.fields if field.field == "text"}
    return values or "theirs"
merges.merge("mixed", "main", resolve=third)
merges.merge("main", "mixed")
with use_branch("mixed"):
    Thing.objects.filter(big=50).update(text="mixed again")
merges.merge("mixed", "main", strategy="no-ff")
Branch.objects.create(name="undone", start_point="main")
Thing.objects.using("default/undone").filter(big=60).update(text="undone")
Thing.objects.filter(big=61).update(text="main")
with merging("main") as (connection, cursor):  # by hand: the row stays as it was on main
    connection.engine.merge(cursor, branches.resolve("undone"), "open", "", "")
    cursor.execute("UPDATE shelf_thing SET text = 't60' WHERE big = 60")
    connection.engine.run(cursor, "dolt_commit", "-A", "-m", "Merged by hand")
tags.create("gone", "theirs")
Branch.objects.get(name="theirs").delete(force=True)
"""

# Every commit of a database by what can be compared: its parents' places, its words, its rows.
ALL = r"""
import django; django.setup()
import json, sys
from dolt_router.versioning import branches, replays, tags
from dolt_router.versioning.fingerprints import fingerprint
from shelf.models import Box, Special, Thing

root, order = sys.argv[1], sys.argv[2:]
refs = [*branches.names(root), *tags.names(root)]
heads = [branches.resolve(ref, root) for ref in refs]
entries = {entry.commit_hash: entry for entry in replays.history(root, heads)}
def rows(model, ref):
    names = [field.attname for field in model._meta.local_concrete_fields]
    return fingerprint(model._base_manager.using(f"{root}/{ref}"), names)
def at(ref):
    try:
        return [rows(model, ref) for model in (Box, Thing, Thing.near.through, Special)]
    except Exception as error:
        return "older"
places = {commit: place for place, commit in enumerate(order)}
for commit in order:
    entry = entries[commit]
    parents = [places.get(parent) for parent in entry.parents]
    author = entry.author.replace("(", "[").replace(")", "]").replace("<>", "<unknown>")
    print(places[commit], parents, author, f"{entry.date:%F %T}", repr(entry.message), at(commit))
"""


@DIRECTIONS
def test_every_commit_has_its_words_its_parents_and_its_rows(project: Project) -> None:
    project.run("-c", MORE)
    told = json.loads(project.manage("dolt", "copy", "--to", "copy", "--history", "--json"))
    commits = told["commits"]
    assert told["left_out"] == [] and told["tags"] == ["gone", "old", "v1"]
    there = project.run("-c", ALL, "default", *commits).splitlines()
    here = project.run("-c", ALL, "copy", *commits.values()).splitlines()
    assert len(there) == len(commits) > 30
    compared = [lines for lines in zip(there, here, strict=True) if "older" not in lines[0]]
    assert len(compared) > 25
    for old, new in compared[1:]:
        assert new == old
    for text in ("First rows", "Bo [NOC]", "All of them, and \N{SNOWMAN}", "Di <di@example.org>"):
        assert text in "\n".join(here)
    assert sum(line.split("]")[0].count(",") for line in here) == 6  # merges
    left, right = (project.run("-c", SHOW, alias) for alias in ("default", "copy"))
    assert right.replace("+00:00", "") == left.replace("+00:00", "")


# Boxes get a size, which has a default; a branch is migrated before it is merged.
EDIT = r"""
import django; django.setup()
from dolt_router import use_branch
from dolt_router.autocommit import AutoDoltCommit
from shelf.models import Box

for branch in ("main", "late"):
    with use_branch(branch):
        Box.objects.update({field}={value})
"""

ROWS = r"""
import django; django.setup()
import sys
from shelf.models import Box
for ref in sys.argv[1:]:
    print(ref.split("/")[1], *Box.objects.using(ref).values_list(*{names}))
"""


def change(project: Project, old: str, new: str) -> None:
    """Edit the models, and migrate every branch of `default`, and the copy."""
    models = project.folder / "shelf" / "models.py"
    assert old in models.read_text()
    models.write_text(models.read_text().replace(old, new))
    (project.folder / "ask.py").write_text(
        "import builtins, django\n"
        "builtins.input = lambda *words: 'y'\n"
        "from django.core.management import execute_from_command_line\n"
        "execute_from_command_line(['', 'makemigrations', 'shelf'])\n"
    )
    project.run("ask.py")
    project.manage("migrate", "--verbosity", "0")
    project.manage("dolt", "migrate-branches")
    project.manage("migrate", "--database", "copy", "--verbosity", "0")


BOTH_WAYS = pytest.mark.parametrize(
    "project",
    [("EMBEDDED", "SERVER"), ("SERVER", "EMBEDDED")],
    ids=["to a server", "from a server"],
    indirect=True,
)


@BOTH_WAYS
def test_commits_before_a_migration_are_in_the_tables_of_today(project: Project) -> None:
    label = "label = models.CharField(max_length=40, unique=True)"
    change(project, label, f"{label}\n    size = models.IntegerField(default=5)")
    project.run("-c", EDIT.format(field="size", value="7"))
    told = json.loads(project.manage("dolt", "copy", "--to", "copy", "--history", "--json"))
    assert told["left_out"] == [] and told["migrations"] > 2
    commits = told["commits"]
    there = project.run("-c", LOG, "default", *commits).splitlines()
    assert project.run("-c", LOG, "copy", *commits.values()).splitlines()[1:] == there[1:]
    first = next(place for place, text in enumerate(there) if "First rows" in text)
    here = list(commits.values())[first]
    rows = ROWS.format(names=("label", "size"))
    shown = project.run("-c", rows, f"copy/{here}", "copy/main", "copy/late", "copy/early")
    assert [line.split(" ", 1)[1] for line in shown.splitlines()] == [
        "('B', 5)",
        "('B', 7)",
        "('B', 7)",
        "('B', 5)",
    ]


@pytest.mark.parametrize("project", [("SERVER", "EMBEDDED")], indirect=True)
def test_commits_that_the_tables_of_today_cannot_hold_are_named_and_left_out(
    project: Project,
) -> None:
    change(project, "label = ", "title = ")
    project.run("-c", EDIT.format(field="title", value="'renamed'"))
    told = json.loads(project.manage("dolt", "copy", "--to", "copy", "--history", "--json"))
    left = told["left_out"][-1]
    assert told["left_out"][:-1] == ["tag old", "tag v1"]
    assert "commit(s) that the tables of today can't hold" in left
    assert '"First rows": title of shelf_box has no value there' in left
    rows = ROWS.format(names=("title",))
    there, here = (
        project.run("-c", rows, *(f"{root}/{name}" for name in ("main", "late", "early")))
        for root in ("default", "copy")
    )
    assert here == there == "main ('renamed',)\nlate ('renamed',)\nearly ('B',)\n"


@pytest.mark.parametrize("project", [("EMBEDDED", "SERVER")], indirect=True)
def test_what_was_in_a_column_under_another_name_is_there_from_the_renaming_on(
    project: Project,
) -> None:
    change(project, "address = ", "ip = ")
    project.run("-c", EDIT.format(field="label", value="'went on'"))
    told = json.loads(project.manage("dolt", "copy", "--to", "copy", "--history", "--json"))
    assert told["left_out"] == []
    commits = told["commits"]
    there = project.run("-c", LOG, "default", *commits).splitlines()
    here = list(commits.values())
    first = next(place for place, text in enumerate(there) if "First rows" in text)
    rows = ROWS.replace("Box", "Thing").format(names="('ip',)")
    refs = [f"copy/{here[first]}", "copy/main", "copy/late"]
    shown = [line.split(" ")[1] for line in project.run("-c", rows, *refs).splitlines()]
    assert shown == ["(None,)", "('2001:db8::1',)", "('2001:db8::1',)"]


LOG = r"""
import django; django.setup()
import sys
from dolt_router.versioning.points import log_page
for commit in sys.argv[2:]:
    entry = log_page(commit, 1, 0, sys.argv[1])[0]
    print(entry.author, f"{entry.date:%F %T}", repr(entry.message))
"""


@pytest.mark.parametrize("project", [("SERVER", "EMBEDDED")], indirect=True)
def test_value_of_long_ago_that_the_engine_cannot_hold_stops_all(project: Project) -> None:
    code = (
        "import django; django.setup()\n"
        "from shelf.models import Thing\n"
        "Thing.objects.filter(pk=1).update(exact='12345678901234.567890')\n"
        "Thing.objects.filter(pk=1).update(exact='1.5')\n"
    )
    project.run("-c", code)
    before = project.manage("dolt", "log", "--using", "copy", "--oneline")
    told = project.manage("dolt", "copy", "--to", "copy", "--history", code=128)
    assert "exact of shelf_thing \"1\" is Decimal('12345678901234.567890') there" in told
    assert "Nothing was copied" in told
    assert project.manage("dolt", "log", "--using", "copy", "--oneline") == before
    listed = project.manage("dolt", "branch", "--using", "copy", "--json")
    assert [row["name"] for row in json.loads(listed)] == ["main"]
    assert project.manage("dolt", "copy", "--to", "copy", "--json")  # the heads are no matter
