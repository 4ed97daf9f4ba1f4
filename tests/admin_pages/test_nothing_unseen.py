"""Whoever may not view a model learns of no row of it: not on a page, in JSON, nor by e-mail.

Every field of the rows, and what they are called, has a mark of its own that is looked for in all
that the package answers and sends.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core import mail
from django.test import Client, override_settings
from django.urls import reverse

from dolt_router.access import system
from dolt_router.admin import objects, pages
from dolt_router.exceptions import MergeConflict
from dolt_router.models import Branch, Commit
from dolt_router.review import queueing
from dolt_router.review.checking import CheckContext, Finding
from dolt_router.review.models import Comment, Delivery, PreviewLink, PullRequest, WebHook
from dolt_router.review.pull_request_acts import ACTS
from dolt_router.versioning import branches
from tests.admin_pages.conftest import MakeUser, client_of
from tests.inventory.models import Device, Site, Tag

NAME = "zqnamezq"
KEY = 771234567
HEIGHT = 98761234
TABLE = "inventory_device"
MARKS = (NAME, str(KEY), str(HEIGHT))

OTHERS = [f"{verb}_{name}" for verb in ("view", "change", "add") for name in ("site", "tag")]
VERBS = [f"{verb}_branch" for verb in ("create", "merge", "delete", "force", "review")]
JSON = {"HTTP_ACCEPT": "application/json"}


def quoting(context: CheckContext) -> Iterator[Finding]:
    """A check that speaks of devices, and says so."""
    for device in Device.objects.all():
        yield Finding(f"{device} is {device.height} high", "inventory_device", device.pk)


def breaking(context: CheckContext) -> Iterator[Finding]:
    """A check that breaks, with a row in its mouth."""
    device = Device.objects.first()
    raise ValueError(f"no room for {device}")
    yield


CHECKS = {"quoting": quoting, "breaking": breaking}


def named(pk: int) -> str:
    return f"{NAME}-{pk}"


class World:
    """A database in which everything that can be shown of a device has happened to one."""

    def __init__(self, eve: User, make_user: MakeUser) -> None:
        self.eve = eve
        root = make_user("root", is_superuser=True)
        author = make_user("author", *OTHERS, *VERBS, "view_device", "change_device")
        self.root = client_of(root)
        self.author = client_of(author)
        self.site = Site.objects.create(name="Bern")
        tag = Tag.objects.create(name="red")
        for pk in range(KEY, KEY + 4):
            Device.objects.create(pk=pk, name=named(pk), height=HEIGHT, site=self.site)
        for name in ("feature/x", "feature/y", "feature/z"):
            Branch.objects.create(name=name, start_point="main")
        form: dict[str, Any] = {
            "height": HEIGHT,
            "site": self.site.pk,
            "owner": root.pk,
            "tags": [tag.pk],
        }
        form["name"] = f"{NAME}-by-form"
        self.post(self.device(KEY, "change"), form, "feature/x")
        self.changed = self.head("feature/x")
        self.post(self.device(KEY + 1, "delete"), {"post": "yes"}, "feature/x")
        self.deleted = self.head("feature/x")
        # Other values of the same fields: a conflict of `feature/x` with `main`.
        Device.objects.filter(pk=KEY).update(name=f"{NAME}-main", height=HEIGHT + 1)
        Site.objects.using("feature/x").filter(pk=self.site.pk).update(name="Berne")
        self.post(
            self.device(KEY + 2, "change"),
            {**form, "name": f"{NAME}-y"},
            "feature/y",
        )
        self.post(
            f"{self.device(KEY + 2, 'dolt_restore')}?version={self.head('main')}",
            {"fields": ["name"], "head": self.head("feature/y")},
            "feature/y",
        )
        self.post(self.device(KEY + 3, "change"), {**form, "name": f"{NAME}-z"}, "feature/z")
        self.log_of_an_inline(root)
        self.conflicting = self.propose(author, "feature/x")
        self.clean = self.propose(author, "feature/z")
        with override_settings(DOLT_ROUTER={"CHECKS": CHECKS}):
            self.clean.run_checks()
        key = {"table": Device, "key": KEY + 3}
        self.comment = self.clean.comment(author, f"{NAME} is wrong", field="name", **key)
        self.suggestion = self.clean.comment(
            author, "better", field="name", suggestion=f"{NAME}-suggested", **key
        )
        self.clean.comment(author, f"Yes, {NAME}.", reply_to=self.comment)
        self.conflicting.merge_when_ready(author)
        queueing.process()
        self.link = PreviewLink.objects.create_for("feature/x", root, datetime.timedelta(days=1))

    def post(self, address: str, data: dict[str, Any], branch: str) -> None:
        answer = self.root.post(address, data, HTTP_X_DOLT_BRANCH=branch)
        assert answer.status_code == 302, answer.content.decode()[:5000]

    @staticmethod
    def device(pk: int, page: str, model: str = "device") -> str:
        return reverse(f"admin:inventory_{model}_{page}", args=[pk])

    @staticmethod
    def head(branch: str) -> str:
        return branches.resolve(branch)

    def log_of_an_inline(self, user: User) -> None:
        told = {"changed": {"name": "device", "object": named(KEY), "fields": ["name"]}}
        LogEntry.objects.create(
            user=user,
            content_type=ContentType.objects.get_for_model(Site),
            object_id=str(self.site.pk),
            object_repr="Bern",
            action_flag=CHANGE,
            change_message=json.dumps([told]),
        )

    def propose(self, author: User, source: str) -> PullRequest:
        made = PullRequest.objects.open(
            source=source, target="main", title="Change", author=author, reviewers=[self.eve]
        )
        made.comment(self.eve, "I take part.")
        return made

    # -- what is asked for -------------------------------------------------------------------

    def walk(self, client: Client) -> Iterator[tuple[str, Any]]:
        """Every page, by a name that tells it from the others."""
        for name, address in self.addresses().items():
            yield name, client.get(address)
            yield name, client.get(address, HTTP_X_DOLT_BRANCH="feature/x", **JSON)
        for name, address, data in self.posts():
            yield f"{name}, posted", client.post(address, data, follow=True)
            yield f"{name}, posted", client.post(address, data, **JSON)
        for verb in ACTS:
            for pull_request in (self.conflicting, self.clean):
                yield f"{verb}, done", self.act(client, pull_request, verb)

    def addresses(self) -> dict[str, str]:
        x, main = "feature/x", "main"
        site = self.site.pk
        found: dict[str, str] = {
            "index": reverse("admin:index"),
            "branches": reverse("admin:dolt_router_branch_changelist"),
            "searched branches": self.page("branch_changelist", q=NAME),
            "rename": self.page("branch_rename", branch=x),
            "delete": self.page("branch_delete_one", branch=x),
            "add": self.page("branch_add"),
            "search": self.page("branch_search", q="", format="json"),
            "log": self.page("log", ref=x),
            "log of y": self.page("log", ref="feature/y"),
            "log of z": self.page("log", ref="feature/z"),
            "searched log": self.page("log", ref=x, q="device"),
            "compare": self.page("compare", **{"from": main, "to": x}),
            "compare a table": self.page(
                "compare", **{"from": main, "to": x, "table": "inventory_device"}
            ),
            "compare its tags": self.page(
                "compare", **{"from": main, "to": x, "table": "inventory_device_tags"}
            ),
            "commit": reverse("admin:dolt_router_commit", args=[self.changed]),
            "deleting commit": reverse("admin:dolt_router_commit", args=[self.deleted]),
            "merge": self.page("merge", source=x, into=main),
            "clean merge": self.page("merge", source="feature/z", into=main),
            "conflicts": self.page("conflicts", source=x, into=main),
            "conflicts of devices": self.page(
                "conflicts", source=x, into=main, table="inventory_device"
            ),
            "revert": self.page("revert", commit=self.changed, on=x),
            "revert that conflicts": self.page("revert", commit=self.changed, on=main),
            "cherry-pick": self.page("cherry_pick", commit=self.deleted, on=main),
            "cherry-pick that conflicts": self.page("cherry_pick", commit=self.changed, on=main),
            "preview": reverse("admin:dolt_router_preview", args=[self.link.token]),
            "pull requests": reverse("admin:dolt_review_pullrequest_changelist"),
            "propose": reverse("admin:dolt_review_pullrequest_add") + "?source=feature/y",
        }
        for each in (self.conflicting, self.clean):
            for page in ("change", "edit"):
                address = reverse(f"admin:dolt_review_pullrequest_{page}", args=[each.pk])
                found[f"{page} of {each.source}"] = address
        for model, pk in (("site", site), ("device", KEY), ("device", KEY + 1)):
            found[f"{model}s"] = reverse(f"admin:inventory_{model}_changelist")
            found[f"deleted {model}s"] = reverse(f"admin:inventory_{model}_dolt_deleted")
            for page in ("change", "history", "dolt_blame", "dolt_compare", "dolt_restore"):
                query = f"?version={self.head('main')}" if page == "dolt_restore" else ""
                query = "?from=main&to=feature/x" if page == "dolt_compare" else query
                found[f"{page} of {model} {pk == KEY}"] = self.device(pk, page, model) + query
        return found

    @staticmethod
    def page(name: str, **query: str) -> str:
        return f"{reverse(f'admin:dolt_router_{name}')}?{urlencode(query)}"

    def posts(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        x, main = "feature/x", "main"
        heads = {"source_hash": self.head(x), "target_hash": self.head(main)}
        merge = {**heads, "strategy": "merge"}
        conflicts = {"source_hash": self.head(x), "into_hash": self.head(main), "_merge": "1"}
        yield "merge", self.page("merge", source=x, into=main), merge
        yield "conflicts", self.page("conflicts", source=x, into=main), conflicts
        for name in ("revert", "cherry_pick"):
            address = self.page(name, commit=self.changed, on=main)
            yield name, address, {"head": self.head(main)}
        yield "switch", self.page("branch_switch"), {"branch": x, "next": "/admin/"}
        yield "switch to none", self.page("branch_switch"), {"branch": "feature/none"}
        yield "share", self.page("share"), {"branch": x}
        yield "leave", self.page("preview_leave"), {}
        delete = {"action": "delete_merged", "_selected_action": [x, "feature/y"]}
        yield "branches", self.page("branch_changelist"), delete
        yield "a merge of a page's own", "/merging/", {}

    def act(self, client: Client, pull_request: PullRequest, verb: str) -> Any:
        data = {
            "text": "hm",
            "comment": str(self.suggestion.pk),
            "reply_to": str(self.comment.pk) if verb == "comment" else "",
            "source_hash": self.head(pull_request.source),
        }
        address = reverse("admin:dolt_review_pullrequest_act", args=[pull_request.pk, verb])
        return client.post(address, data, follow=True)


def merging(request: Any) -> Any:
    """A page of a site that merges, and leaves what fails to the middleware."""
    Branch.objects.get(name="feature/x").merge(into="main")


@pytest.fixture
def merging_view() -> Iterator[None]:
    from django.urls import path

    from tests import urls

    urls.urlpatterns.append(path("merging/", merging))
    from django.urls import clear_url_caches

    clear_url_caches()
    yield
    urls.urlpatterns.pop()
    clear_url_caches()


def marks_in(text: str, asked: str = "") -> list[str]:
    """The marks that stand in a text, but for those that the question for it had."""
    return [mark for mark in (*MARKS, TABLE) if mark in text and mark not in asked]


def address_of(answer: Any) -> str:
    first = answer.redirect_chain[0][0] if getattr(answer, "redirect_chain", None) else ""
    return f"{answer.request['PATH_INFO']}?{answer.request['QUERY_STRING']} {first}"


# What shows a device to whoever may view devices; without them the other test couldn't fail.
SHOWN = {
    "compare",
    "compare a table",
    "commit",
    "deleting commit",
    "clean merge",
    "conflicts",
    "revert",
    "cherry-pick",
    "propose",
    "change of feature/x",
    "change of feature/z",
    "history of site False",
    "history of device True",
    "dolt_blame of device True",
    "dolt_compare of device True",
    "dolt_restore of device True",
    "deleted devices",
    "conflicts, posted",
    "comment, done",
    "checks, done",
}


@pytest.mark.parametrize("may_view", [False, True], ids=["not to view", "to view"])
def test_rows_are_shown_only_to_who_may_view_their_model(
    make_user: MakeUser, merging_view: None, may_view: bool
) -> None:
    hook = WebHook.objects.create(url="https://example.org/", secret="s")
    own = ["view_device", "change_device"] if may_view else []
    eve = make_user("eve", *OTHERS, *VERBS, *own)
    with override_settings(DOLT_ROUTER={"REVIEW_EMAILS": True, "CHECKS": CHECKS}):
        world = World(eve, make_user)
        client = client_of(eve)
        found: dict[str, list[str]] = {}
        for name, answer in world.walk(client):
            assert answer.status_code < 500, name
            marks = marks_in(answer.content.decode(), asked=address_of(answer))
            if may_view or "log" in name:  # messages of migrations name tables
                marks = [mark for mark in marks if mark != TABLE]
            if marks:
                found.setdefault(name, []).extend(marks)
        mails = [each for each in mail.outbox if each.to == [eve.email]]
        for each in mails:
            if marks := marks_in(each.subject + each.body + str(each.alternatives)):
                found.setdefault("e-mail", []).extend(marks)
        with system():
            for commit in Commit.objects.on("feature/y"):
                if marks := marks_in(commit.message, asked=TABLE):
                    found.setdefault("message", []).extend(marks)
        for delivery in Delivery.objects.filter(hook=hook).exclude(
            event="pull_request_commented"  # the words of a person
        ):
            if marks := marks_in(json.dumps(delivery.payload), asked=TABLE):
                found.setdefault("webhook", []).extend(marks)
    assert any("left the merge queue" in each.body for each in mails)
    if may_view:
        assert not SHOWN - found.keys() and "e-mail" in found
        assert not {"message", "webhook"} & found.keys()
    else:
        assert found == {}


def test_every_page_is_walked(make_user: MakeUser) -> None:
    """A page that is new has to be added above, and its rows thought of."""
    assert set(pages._pages) == {
        "dolt_router_branch_delete_one",
        "dolt_router_branch_rename",
        "dolt_router_branch_search",
        "dolt_router_branch_switch",
        "dolt_router_cherry_pick",
        "dolt_router_commit",
        "dolt_router_compare",
        "dolt_router_conflicts",
        "dolt_router_log",
        "dolt_router_merge",
        "dolt_router_preview",
        "dolt_router_preview_leave",
        "dolt_router_revert",
        "dolt_router_share",
    }
    walked = {"dolt_deleted", "dolt_compare", "dolt_blame", "dolt_restore"}
    assert {name for _route, _view, name in objects._PAGES} == walked


def test_comment_on_what_one_may_not_view_is_neither_answered_nor_marked_as_done(
    make_user: MakeUser,
) -> None:
    eve = make_user("eve", *OTHERS, *VERBS)
    world = World(eve, make_user)
    client = client_of(eve)
    for verb in ("comment", "resolve", "apply"):
        assert world.act(client, world.clean, verb).status_code == 404
    world.suggestion.refresh_from_db()
    assert world.suggestion.resolved_at is None
    assert not Comment.objects.filter(author=eve, reply_to=world.comment).exists()


def test_conflict_names_the_tables_that_one_may_view_and_counts_the_others() -> None:
    tables = {"inventory_device": 2, "inventory_site": 1, "inventory_tag": 1}
    error = MergeConflict("x", "main", tables, schema_conflicts={"inventory_device": "type"})
    sees: Callable[[str], bool] = "inventory_site".__eq__
    assert "inventory_site (1 row), 2 tables that you may not view" in error.told(sees)
    assert "schema of 1 table that you may not view" in error.told(sees)
    assert "inventory_device" not in error.told(sees) and "inventory_device" in str(error)
    assert "3 tables" in error.in_numbers and "inventory" not in error.in_numbers
