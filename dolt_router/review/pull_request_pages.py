"""The pages of a pull request in the admin: open, look at, edit, and what can be done with it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from dolt_router.admin import refs
from dolt_router.admin.comparing import Comparison, parameters, place_of
from dolt_router.admin.merging import STRATEGIES
from dolt_router.admin.values import field_label, table_label
from dolt_router.aliases import current_branch
from dolt_router.conf import conf
from dolt_router.exceptions import DoltRouterError
from dolt_router.responses import status_of
from dolt_router.versioning.points import merge_base
from dolt_router.visibility import may_view
from dolt_router.wording import person_name

from . import checking, verdicts
from .lifecycle import may_change
from .models import CheckRun, Comment, PullRequest
from .pull_request_acts import ACTS

EVENTS = {
    "opened": gettext_lazy("opened it"),
    "updated": gettext_lazy("edited it"),
    "reviewed": gettext_lazy("reviewed it"),
    "review_dismissed": gettext_lazy("dismissed a review"),
    "commented": gettext_lazy("commented"),
    "suggestion_applied": gettext_lazy("applied a suggestion"),
    "checked": gettext_lazy("had the checks run"),
    "queued": gettext_lazy("let it be merged when it is ready"),
    "dequeued": gettext_lazy("took it out of the queue"),
    "merged": gettext_lazy("merged it"),
    "closed": gettext_lazy("closed it"),
    "reopened": gettext_lazy("opened it again"),
    "branch_deleted": gettext_lazy("deleted its branch"),
}
ACTIVITIES = 30  # newest ones that are shown


class PullRequestForm(forms.Form):
    """What a pull request says of itself."""

    title = forms.CharField(
        label=gettext_lazy("Title"),
        max_length=200,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )
    description = forms.CharField(
        label=gettext_lazy("Description"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "class": "vLargeTextField"}),
        help_text=gettext_lazy("Markdown: *important*, - a list, [a link](https://…)."),
    )
    reviewers = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Reviewers"),
        required=False,
        queryset=get_user_model()._default_manager.none(),
        help_text=gettext_lazy("Who is asked to look at it."),
    )
    draft = forms.BooleanField(label=gettext_lazy("A draft: not to be merged yet"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        users = get_user_model()._default_manager.filter(is_active=True, is_staff=True)
        field: Any = self.fields["reviewers"]
        field.queryset = users.order_by(get_user_model().USERNAME_FIELD)
        field.label_from_instance = _with_user_name


def _with_user_name(user: Any) -> str:
    """What a reviewer is called in a list to choose from, where names may be alike."""
    name, user_name = person_name(user), user.get_username()
    return name if name == user_name else f"{name} ({user_name})"


class OpenForm(PullRequestForm):
    """A new one, with its branches."""

    field_order = ("source", "target")
    source = forms.CharField(
        label=gettext_lazy("Branch"),
        max_length=250,
        widget=forms.TextInput(attrs={"class": "vTextField", "spellcheck": "false"}),
    )
    target = forms.CharField(
        label=gettext_lazy("To be merged into"),
        max_length=250,
        widget=forms.TextInput(attrs={"class": "vTextField", "spellcheck": "false"}),
    )


def state_mark(pull_request: PullRequest) -> SafeString:
    """The state, as a mark with words."""
    return format_html(
        '<span class="dolt-mark dolt-state-{}">{}</span>',
        pull_request.state,
        pull_request.get_state_display(),
    )


def find(queryset: QuerySet[Any], number: Any) -> PullRequest:
    """The pull request with this number, among those that the reader may see; or 404."""
    if not str(number).isdecimal():
        raise Http404(_("There is no such pull request."))
    found: PullRequest | None = (
        queryset.select_related("author", "finished_by", "queued_by").filter(pk=int(number)).first()
    )
    if found is None:
        raise Http404(_("There is no such pull request."))
    return found


def page_of(site: AdminSite, pull_request: PullRequest) -> str:
    """The address of its page."""
    return reverse(f"{site.name}:dolt_review_pullrequest_change", args=[pull_request.pk])


def _render(
    request: HttpRequest, site: AdminSite, template: str, title: str, **values: Any
) -> HttpResponse:
    request.current_app = site.name
    context = {**site.each_context(request), "title": title, **values}
    return TemplateResponse(request, f"admin/dolt_review/pullrequest/{template}", context)


def add(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Open a pull request; below the form stands what it would bring."""
    source = request.GET.get("source", "") or current_branch()
    target = request.GET.get("target", "") or str(conf.DEFAULT_BRANCH)
    initial = {"source": source, "target": target}
    form = OpenForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            made = PullRequest.objects.open(author=request.user, **given)
        except DoltRouterError as error:
            if status_of(error) >= 500:
                raise
            form.add_error(None, refs.told(request, error))
        else:
            messages.success(request, _("Opened the pull request #%(n)d.") % {"n": made.pk})
            return HttpResponseRedirect(page_of(site, made))
    compared = _compared(request, site, source, target)
    return _render(
        request,
        site,
        "add.html",
        _("Propose changes"),
        form=form,
        comparison=compared,
        tables=compared.tables if compared else [],
        parameters=parameters(request),
    )


def _compared(request: HttpRequest, site: AdminSite, source: str, target: str) -> Any:
    try:
        new, old = refs.ref_named(request, source), refs.ref_named(request, target)
    except DoltRouterError:
        return None
    return Comparison(request, site, merge_base(old, new) or old, new, source)


def edit(request: HttpRequest, site: AdminSite, pull_request: PullRequest) -> HttpResponse:
    """Change title, description, reviewers, and whether it is a draft."""
    given = {
        "title": pull_request.title,
        "description": pull_request.description,
        "reviewers": pull_request.reviewers.all(),
        "draft": pull_request.state == PullRequest.DRAFT,
    }
    form = PullRequestForm(request.POST if request.method == "POST" else None, initial=given)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        if not pull_request.is_unfinished:
            values.pop("draft")
        try:
            pull_request.update(request.user, **values)
        except DoltRouterError as error:
            if status_of(error) >= 500:
                raise
            form.add_error(None, refs.told(request, error))
        else:
            return HttpResponseRedirect(page_of(site, pull_request))
    title = _("Edit #%(n)d") % {"n": pull_request.pk}
    return _render(request, site, "edit.html", title, form=form, pull_request=pull_request)


# -- the page -----------------------------------------------------------------------------


def show(request: HttpRequest, site: AdminSite, pull_request: PullRequest) -> HttpResponse:
    """What it brings, what was said of it, and what can be done."""
    user: Any = request.user
    base, head = pull_request.base_hash, pull_request.source_hash
    compared = Comparison(request, site, base, head, pull_request.source) if base and head else None
    if compared is not None and pull_request.source_gone:
        compared.on = None
    tables = compared.tables if compared else []
    shown_places = {row.place for table in tables for row in table.rows or ()}
    threads, others = _comments(request, pull_request, shown_places)
    standing = verdicts.standing(pull_request)
    ready = pull_request.readiness(user)
    title = f"#{pull_request.pk} {pull_request.title}"
    return _render(
        request,
        site,
        "page.html",
        title,
        pull_request=pull_request,
        state=state_mark(pull_request),
        readiness=ready,
        may_merge=not any(reason.code in ("forbidden", "mergers") for reason in ready.reasons),
        conflicts=any(reason.code == "conflicts" for reason in ready.reasons),
        comparison=compared,
        tables=tables,
        parameters=parameters(request),
        row_template="admin/dolt_review/pullrequest/includes/row_comments.html",
        threads=threads,
        comments=others,
        standing=standing,
        mine=next((review for review in standing if review.reviewer_id == user.pk), None),
        reviewers=list(pull_request.reviewers.all()),
        checks=_checks(request, pull_request),
        has_checks=bool(checking.names()),
        activities=_activities(pull_request),
        strategies=STRATEGIES,
        may_change=may_change(pull_request, user),
        now=timezone.localtime().strftime("%Y-%m-%dT%H:%M"),
    )


def _comments(
    request: HttpRequest, pull_request: PullRequest, places: set[str]
) -> tuple[dict[str, list[Any]], list[Any]]:
    """Comments by the place of their object, and those whose object isn't on this page."""
    threads: dict[str, list[Any]] = {}
    others: list[Any] = []
    found = Comment.objects.filter(pull_request=pull_request)
    for comment in found.select_related("author", "resolved_by", "applied_by"):
        comment.field_label = field_label(comment.table, comment.field) if comment.field else ""
        if not comment.table:
            others.append(comment)
        elif may_view(request.user, comment.table, request):
            place = place_of(comment.table, comment.key)
            comment.about = f"{table_label(comment.table)} {comment.pk_of_object or ''}"
            (threads.setdefault(place, []) if place in places else others).append(comment)
    return threads, others


def _checks(request: HttpRequest, pull_request: PullRequest) -> list[Any]:
    """The newest run of each check on what would be merged now; without rows not to be seen."""
    newest: dict[str, Any] = {}
    for run in pull_request.check_runs.all():
        newest[run.name] = run
    for run in newest.values():
        run.is_stale = (run.source_hash, run.target_hash) != (
            pull_request.source_hash,
            pull_request.target_hash,
        )
        seen = [found for found in run.messages if _may_read(request, run, found)]
        run.shown = [found["text"] for found in seen]
        run.hidden = len(run.messages) - len(seen)
    return list(newest.values())


def _may_read(request: HttpRequest, run: Any, found: dict[str, Any]) -> bool:
    """Whether the reader may read what a check said: an exception may quote any row."""
    user: Any = request.user
    if run.state == CheckRun.ERROR:
        return bool(user.is_active and user.is_superuser)
    return not found.get("table") or may_view(user, found["table"], request)


def _activities(pull_request: PullRequest) -> list[Any]:
    found = list(pull_request.activities.select_related("actor").order_by("-pk")[:ACTIVITIES])
    for activity in found:
        activity.told = EVENTS.get(activity.kind, activity.kind)
    return found


def act(
    request: HttpRequest, site: AdminSite, pull_request: PullRequest, verb: str
) -> HttpResponse:
    """Do one of ACTS, and go back to the page, which tells what came of it."""
    return _act(request, site, pull_request, verb)


@require_POST
def _act(
    request: HttpRequest, site: AdminSite, pull_request: PullRequest, verb: str
) -> HttpResponse:
    if verb not in ACTS:
        raise Http404(_("There is no such page."))
    try:
        told = ACTS[verb](request, pull_request)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except DoltRouterError as error:
        if status_of(error) >= 500:
            raise
        messages.error(request, refs.told(request, error))
    except ValueError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, told)
    return HttpResponseRedirect(page_of(site, pull_request))
