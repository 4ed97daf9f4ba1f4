"""The German catalogue holds every string of the package, and the pages answer in it."""

from __future__ import annotations

import ast
import gettext
import html
import logging
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import django
import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy, override
from django.utils.translation.template import templatize

import dolt_router
from dolt_router import exceptions
from dolt_router.models import Commit
from dolt_router.names import validate_branch
from dolt_router.review.checking import CheckContext
from dolt_router.review.models import PullRequest
from dolt_router.versioning.past import restore
from tests.inventory.models import Device

PACKAGE = Path(dolt_router.__file__).parent
PO = PACKAGE / "locale/de/LC_MESSAGES/django.po"
GERMAN = {"HTTP_ACCEPT_LANGUAGE": "de"}
# Before DoltBranchMiddleware, so that its error pages know the language too.
WITH_LOCALES = list(settings.MIDDLEWARE)
WITH_LOCALES.insert(1, "django.middleware.locale.LocaleMiddleware")

with_locales = override_settings(MIDDLEWARE=WITH_LOCALES)

# What a .mo file is looked up by: the string behind its context; of a plural, its form's number too
Key = str | tuple[str, int]

_LITERAL = r"""u?'(?:[^'\\]|\\.)*'|u?"(?:[^"\\]|\\.)*\""""
_CALL = re.compile(rf"\b(n?p?gettext|_)\(\s*({_LITERAL})(?:\s*,\s*({_LITERAL}))?")
_PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sd]")
_TAG = re.compile(r"<[^>]*>")


def entries() -> Iterator[tuple[set[str], dict[str, str]]]:
    """Of each entry of the .po file its flags, and the texts behind `msgid`, `msgstr[0]`, ..."""
    for block in PO.read_text().split("\n\n"):
        flags: set[str] = set()
        texts: dict[str, str] = {}
        keyword = ""
        for line in block.splitlines():
            if line.startswith("#"):
                assert not line.startswith("#~"), f"obsolete: {line}"
                if line.startswith("#,"):
                    flags |= {flag.strip() for flag in line[2:].split(",")}
                continue
            if not line.startswith('"'):
                keyword, _, line = line.partition(" ")
                texts[keyword] = ""
            texts[keyword] += ast.literal_eval(line)
        yield flags, texts


def key_of(texts: dict[str, str]) -> str:
    context = texts.get("msgctxt")
    return texts["msgid"] if context is None else f"{context}\4{texts['msgid']}"


def catalogue_of_the_po() -> dict[Key, str]:
    found: dict[Key, str] = {}
    for _flags, texts in entries():
        for keyword, text in texts.items():
            if keyword == "msgstr":
                found[key_of(texts)] = text
            elif keyword.startswith("msgstr["):
                found[key_of(texts), int(keyword[7:-1])] = text
    return found


def catalogue_of_a_mo(path: Path) -> dict[Key, str]:
    with path.open("rb") as file:
        return dict(gettext.GNUTranslations(file)._catalog)  # type: ignore[attr-defined]


def marked_in_code(source: str) -> Iterator[str]:
    """The strings in calls of gettext's functions, by the names that the code gives these."""
    tree = ast.parse(source)
    names = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            function = names.get(node.func.id, "")
            if "gettext" in function:
                texts = [a.value for a in node.args if isinstance(a, ast.Constant)]
                yield "\4".join(map(str, texts[: 2 if "pgettext" in function else 1]))


def marked_in_template(source: str) -> Iterator[str]:
    """The strings that Django's own templatize(), which makemessages relies on, hands out."""
    for function, first, second in _CALL.findall(templatize(source)):
        texts = [first, second] if "pgettext" in function else [first]
        yield "\4".join(ast.literal_eval(text) for text in texts)


def marked() -> dict[str, Path]:
    """Every string that is marked for translation, and a file that it is in."""
    found: dict[str, Path] = {}
    for path in PACKAGE.rglob("*.py"):
        found |= dict.fromkeys(marked_in_code(path.read_text()), path)
    for path in [*PACKAGE.rglob("*.html"), *PACKAGE.rglob("*.txt")]:
        found |= dict.fromkeys(marked_in_template(path.read_text()), path)
    return found


def test_every_marked_string_is_in_the_catalogue_and_no_other() -> None:
    known = {key_of(texts) for _flags, texts in entries()} - {""}
    found = marked()
    missing = {text: found[text].name for text in found.keys() - known}
    assert not missing, "run makemessages, translate, run compilemessages"
    assert not known - found.keys(), "no longer in the package"


def test_every_string_is_translated_and_none_is_fuzzy() -> None:
    for flags, texts in entries():
        assert "fuzzy" not in flags, texts["msgid"]
        forms = [text for keyword, text in texts.items() if keyword.startswith("msgstr")]
        assert all(forms), texts["msgid"]
        assert len(forms) == (2 if "msgid_plural" in texts else 1), texts["msgid"]


def test_translations_keep_placeholders_and_tags() -> None:
    for _flags, texts in entries():
        wanted = texts.get("msgid_plural", texts["msgid"])
        for keyword, text in texts.items():
            if keyword.startswith("msgstr") and texts["msgid"]:
                assert set(_PLACEHOLDER.findall(text)) == set(_PLACEHOLDER.findall(wanted)), text
                assert sorted(_TAG.findall(text)) == sorted(_TAG.findall(wanted)), text


def test_the_compiled_catalogue_is_that_of_the_source() -> None:
    compiled, source = catalogue_of_a_mo(PO.with_suffix(".mo")), catalogue_of_the_po()
    # The header is under "": what of it is kept depends on the version of msgfmt.
    assert "Language: de\n" in str(compiled.pop("")) and "" in source
    assert compiled == {key: text for key, text in source.items() if key}


def test_words_of_django_are_translated_as_django_does() -> None:
    """The catalogues of all apps are one: another word here would be another word in the admin."""
    ours = catalogue_of_the_po()
    root = Path(django.__file__).parent
    for place in ("conf", "contrib/admin", "contrib/auth"):
        theirs = catalogue_of_a_mo(root / place / "locale/de/LC_MESSAGES/django.mo")
        for key in (ours.keys() & theirs.keys()) - {""}:
            assert ours[key] == theirs[key], key


def test_the_month_of_may_is_no_permission() -> None:
    with override("de"):
        assert date_format(date(2026, 5, 1), "b") == "Mai"


@with_locales
def test_list_of_branches_and_bar_are_german_for_a_german_reader(
    manager: Client, feature: str
) -> None:
    Device.objects.using(feature).create(name="new-1")
    url = reverse("admin:dolt_router_branch_changelist")
    page = manager.get(url, HTTP_X_DOLT_BRANCH=feature, **GERMAN).content.decode()
    assert '<html lang="de"' in page
    bar = page[page.index('<section id="dolt-bar"') :].partition("</section>")[0]
    assert 'aria-label="Zweig"' in bar and "1 Commit voraus, 0 hinter main" in bar
    assert "Was sich geändert hat" in bar and "Neuer Zweig von feature/x" in bar
    assert "Die beiden ausgewählten Zweige vergleichen" in page and "2 Zweige" in page
    assert "Versionsverwaltung" in page


@with_locales
def test_page_of_a_pull_request_is_german_for_a_german_reader(
    manager: Client, feature: str
) -> None:
    Device.objects.using(feature).create(name="new-1")
    data = {"source": feature, "target": "main", "title": "Higher"}
    manager.post(reverse("admin:dolt_review_pullrequest_add"), data)
    url = reverse("admin:dolt_review_pullrequest_change", args=[PullRequest.objects.get().pk])
    page = manager.get(url, **GERMAN).content.decode()
    assert '<html lang="de"' in page
    assert "<strong>feature/x</strong> in <strong>main</strong> zusammenzuführen" in page
    assert "Genehmigen</button>" in page and "Änderungen verlangen</button>" in page
    assert "Kommentieren</button>" in page and "Kommentar zum Ganzen</label>" in page
    assert "+ 1 hinzugefügt" in page and "hat ihn eröffnet" in page


@with_locales
def test_page_of_an_unknown_branch_is_german_for_a_german_reader(manager: Client) -> None:
    response = manager.get("/admin/", HTTP_X_DOLT_BRANCH="no/such", **GERMAN)
    page = response.content.decode()
    assert response.status_code == 404
    assert '<html lang="de" dir="ltr">' in page
    assert "Diesen Zweig gibt es nicht" in page and "Den Zweig „no/such“ gibt es nicht." in page


@pytest.mark.parametrize("middleware", [WITH_LOCALES, settings.MIDDLEWARE])
def test_other_readers_and_other_sites_stay_english(
    manager: Client, feature: str, middleware: list[str]
) -> None:
    asked = {"HTTP_ACCEPT_LANGUAGE": "en" if middleware is WITH_LOCALES else "de"}
    url = reverse("admin:dolt_router_branch_changelist")
    with override_settings(MIDDLEWARE=middleware):
        page = manager.get(url, **asked).content.decode()
        lost = manager.get("/admin/", HTTP_X_DOLT_BRANCH="no/such", **asked).content.decode()
    assert '<html lang="en' in page and "Compare the two selected branches" in page
    assert '<html lang="en' in lost and "This branch does not exist" in lost


ERRORS = [
    (
        exceptions.BranchProtected("main"),
        "is protected",
        "kann nicht direkt geändert",
    ),
    (exceptions.BranchForbidden("main"), "may not use", "Sie dürfen den Zweig „main“ nicht"),
    (
        exceptions.BranchForbidden("main", "review"),
        "not review branch",
        "dies nicht: Reviews abgeben.",
    ),
    (exceptions.BranchDoesNotExist("mian", known=["main"]), "Did you mean", "Meinten Sie"),
    (exceptions.StaleWrite("main"), "Someone else changed", "Jemand anders hat"),
    (exceptions.MergeConflict("x", "main", {"t": 2}), "both changed t (2 rows)", "t (2 Zeilen)"),
    (exceptions.ReviewRequired("main", [("a", "B.")]), "pull request. B.", "Pull-Request an. B."),
    (exceptions.ReadOnlyRevision("v1"), "point in history", "Punkt in der Geschichte"),
    (exceptions.NotFastForward("x", "main"), "fast-forwarded", "vorgespult"),
    (exceptions.InvalidPreviewLink("expired"), "not valid any more", "gilt nicht mehr"),
]


@pytest.mark.parametrize(("error", "english", "german"), ERRORS)
def test_error_is_in_the_language_in_which_it_is_shown(
    error: Exception, english: str, german: str
) -> None:
    assert english in str(error)
    with override("de"):
        assert german in str(error) and german in f"{error}"
    with override(None):
        assert english in str(error)
    assert str(pickle.loads(pickle.dumps(error.args))[0])  # as a process pool hands it over


@pytest.mark.parametrize(
    ("name", "german"),
    [("", "leer"), ("a b", "enthält ' '"), ("-x", "beginnt mit"), ("a..b", "enthält ..")],
)
def test_reason_of_a_bad_name_is_translated_with_the_error(name: str, german: str) -> None:
    with pytest.raises(exceptions.InvalidBranchName) as caught:
        validate_branch(name)
    with override("de"):
        assert german in str(caught.value) and german in str(caught.value.reason)


def test_error_can_be_told_before_there_are_settings() -> None:
    script = (
        "from dolt_router.exceptions import BranchDoesNotExist, InvalidBranchName;"
        "print(BranchDoesNotExist('x', known=['y']), InvalidBranchName('', 'it is empty'))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert 'Branch "x" does not exist' in done.stdout


@with_locales
def test_refusal_is_german_on_the_page_that_shows_it(manager: Client, feature: str) -> None:
    with override_settings(DOLT_ROUTER={"PROTECTED_BRANCHES": ["feature/*"]}):
        on = {"HTTP_X_DOLT_BRANCH": feature, **GERMAN}
        for more in ({}, {"HTTP_ACCEPT": "application/json"}):
            answer = manager.post("/save/?name=x", **on, **more)
            assert answer.status_code == 403
            told = answer.json()["detail"] if more else html.unescape(answer.content.decode())
            assert "Der Zweig „feature/x“ ist geschützt" in told
        url = reverse("admin:dolt_router_branch_delete_one") + f"?branch={feature}"
        page = html.unescape(manager.post(url, {"lose": "yes"}, **GERMAN).content.decode())
        assert "kann nicht gelöscht werden" in page


@contextmanager
def translated_name(model: type[Device]) -> Iterator[None]:
    """The model is called by a word that Django translates: "user", in German "Benutzer"."""
    before = model._meta.verbose_name
    model._meta.verbose_name = gettext_lazy("user")
    try:
        yield
    finally:
        model._meta.verbose_name = before


@with_locales
def test_messages_of_commits_are_in_no_readers_language(manager: Client, feature: str) -> None:
    device = Device.objects.using(feature).create(name="a", height=1)
    with override("de"), translated_name(Device):
        first = Commit.objects.on(feature)[0].commit_hash
        Device.objects.using(feature).filter(pk=device.pk).update(height=2)
        restore(Device.objects.using(feature).get(pk=device.pk), first)
        change = Commit.objects.on(feature)[1]
        assert change.message == "Changed 1 user"
        assert Commit.objects.on(feature)[0].message.startswith("Restore user to ")
    data = {"source": feature, "target": "main", "title": "Higher"}
    manager.post(reverse("admin:dolt_review_pullrequest_add"), data, **GERMAN)
    number = PullRequest.objects.get().pk
    url = reverse("admin:dolt_review_pullrequest_act", args=[number, "merge"])
    head = Commit.objects.on(feature)[0].commit_hash
    manager.post(url, {"source_hash": head, "strategy": "no-ff"}, **GERMAN)
    assert Commit.objects.on("main")[0].message.startswith(f"Merge pull request #{number}: Higher")


def breaking(context: CheckContext) -> None:
    """A check that ends with an error of this package."""
    raise exceptions.StaleWrite("main")


@with_locales
def test_log_of_the_server_stays_in_the_language_of_the_process(
    manager: Client, feature: str, caplog: pytest.LogCaptureFixture
) -> None:
    Device.objects.using(feature).create(name="new-1")
    data = {"source": feature, "target": "main", "title": "Higher"}
    manager.post(reverse("admin:dolt_review_pullrequest_add"), data)
    url = reverse(
        "admin:dolt_review_pullrequest_act", args=[PullRequest.objects.get().pk, "checks"]
    )
    caplog.handler.setFormatter(logging.Formatter("%(message)s"))
    with override_settings(DOLT_ROUTER={"CHECKS": {"breaking": breaking}}):
        page = manager.post(url, follow=True, **GERMAN).content.decode()
    assert "Die Prüfungen" in page and "Someone else changed the same data" in page
    assert "Someone else changed the same data" in caplog.text
    assert "Jemand anders" not in caplog.text
