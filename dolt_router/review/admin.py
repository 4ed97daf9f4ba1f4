"""Pull requests, rules, permissions and webhooks in the admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from dolt_router.access import VERBS
from dolt_router.admin import refs
from dolt_router.admin.open_to_staff import OpenToStaff
from dolt_router.aliases import default_root
from dolt_router.templatetags.dolt_router import dolt_person

from . import preview_pages, pull_request_pages
from .models import BranchGrant, BranchRule, Delivery, PreviewLink, PullRequest, WebHook


class ForMe(admin.SimpleListFilter):
    """Mine, or waiting for me."""

    title = gettext_lazy("who")
    parameter_name = "who"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The choices."""
        return [("mine", gettext_lazy("Mine")), ("waiting", gettext_lazy("Waiting for me"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those that the choice leaves."""
        user: Any = request.user
        if self.value() == "mine":
            return queryset.filter(author=user)
        if self.value() == "waiting":
            unfinished = queryset.filter(state=PullRequest.OPEN, reviewers=user)
            return unfinished.exclude(reviews__reviewer=user, reviews__dismissed_at=None)
        return queryset


@admin.register(PullRequest)
class PullRequestAdmin(OpenToStaff):
    """Pull requests: the list is Django's own, a pull request has a page of its own."""

    list_display = ("shown_title", "shown_state", "branches", "shown_author", "updated")
    list_display_links = None
    list_filter = ("state", ForMe)
    list_per_page = 50
    list_select_related = ("author",)
    search_fields = ("title", "source", "target", "author__username")
    show_full_result_count = False
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Pull requests between branches that the reader may look at."""
        found = super().get_queryset(request)
        if not refs.are_some_closed() or request.user.is_superuser:
            return found
        named = PullRequest.objects.values_list("source", "target").distinct()
        closed = {name for pair in named for name in pair if not refs.may_read(request, name)}
        return found.exclude(Q(source__in=closed) | Q(target__in=closed)) if closed else found

    @admin.display(description=gettext_lazy("pull request"), ordering="title")
    def shown_title(self, pull_request: Any) -> SafeString:
        """Number and title, which lead to its page."""
        url = reverse(
            f"{self.admin_site.name}:dolt_review_pullrequest_change", args=[pull_request.pk]
        )
        return format_html(
            '<a class="dolt-name" href="{}">#{} {}</a>', url, pull_request.pk, pull_request.title
        )

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def shown_state(self, pull_request: Any) -> SafeString:
        """The state, as a mark."""
        return pull_request_pages.state_mark(pull_request)

    @admin.display(description=gettext_lazy("author"), ordering="author")
    def shown_author(self, pull_request: Any) -> SafeString | str:
        """Who opened it, by their full name."""
        return dolt_person(pull_request.author)

    @admin.display(description=gettext_lazy("from → into"))
    def branches(self, pull_request: Any) -> SafeString:
        """Source and target."""
        return format_html(
            '<span class="dolt-name">{}</span> → {}', pull_request.source, pull_request.target
        )

    def get_urls(self) -> list[URLPattern]:
        """The pages and the verbs of a pull request, before the stock ones."""
        site, view = self.admin_site, self.admin_site.admin_view

        def edit(request: HttpRequest, number: int) -> HttpResponse:
            return pull_request_pages.edit(request, site, self._found(request, number))

        # Each verb is a transaction of its own: it may be repeated when it meets another one, and
        # the embedded engine writes to one branch at a time.
        @transaction.non_atomic_requests(using=default_root())
        def act(request: HttpRequest, number: int, verb: str) -> HttpResponse:
            return pull_request_pages.act(request, site, self._found(request, number), verb)

        return [
            path("<int:number>/edit/", view(edit), name="dolt_review_pullrequest_edit"),
            path("<int:number>/<slug:verb>/do/", view(act), name="dolt_review_pullrequest_act"),
            *super().get_urls(),
        ]

    def _found(self, request: HttpRequest, number: Any) -> Any:
        return pull_request_pages.find(self.get_queryset(request), number)

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Open a pull request."""
        return pull_request_pages.add(request, self.admin_site)

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """The page of a pull request."""
        found = self._found(request, unquote(object_id))
        return pull_request_pages.show(request, self.admin_site, found)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Its activity stands on its page."""
        url = reverse(f"{self.admin_site.name}:dolt_review_pullrequest_change", args=[object_id])
        return HttpResponseRedirect(f"{url}#activity")


class GrantForm(forms.ModelForm):  # type: ignore[type-arg]
    """A permission, with its verbs as boxes."""

    verbs = forms.MultipleChoiceField(
        label=pgettext_lazy("permission", "may"),
        choices=list(VERBS.items()),
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = BranchGrant
        fields = ("pattern", "verbs", "deny", "user", "group", "everyone", "database")


@admin.register(BranchGrant)
class BranchGrantAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Who may do what to which branches."""

    form = GrantForm
    list_display = ("pattern", "who", "what", "deny")
    list_filter = ("deny", "everyone")
    list_select_related = ("user", "group")
    search_fields = ("pattern", "user__username", "group__name")
    # Their look-up is a link beside a field; the searching select of `autocomplete_fields` has no
    # name that a screen reader could tell, and that of `filter_horizontal` neither.
    raw_id_fields = ("user", "group")

    @admin.display(description=gettext_lazy("who"))
    def who(self, grant: Any) -> str:
        """The user or group."""
        return str(_("everyone") if grant.everyone else grant.user or grant.group)

    @admin.display(description=gettext_lazy("verbs"))
    def what(self, grant: Any) -> str:
        """The verbs."""
        return ", ".join(str(VERBS.get(verb, verb)) for verb in grant.verbs or ())


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]
    """A rule, with the site's checks as boxes."""

    required_checks = forms.MultipleChoiceField(
        label=gettext_lazy("required checks"), required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = BranchRule
        exclude = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        from . import checking

        kept = list(self.instance.required_checks or ())
        names = list(dict.fromkeys([*checking.names(), *kept]))
        field: Any = self.fields["required_checks"]
        field.choices = [(name, name) for name in names]


@admin.register(BranchRule)
class BranchRuleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What the branches of a glob ask for."""

    form = RuleForm
    list_display = ("pattern", "only_by_pull_request", "approvals", "checks")
    search_fields = ("pattern",)

    @admin.display(description=gettext_lazy("required checks"))
    def checks(self, rule: Any) -> str:
        """The names of the checks."""
        return ", ".join(rule.required_checks or ())


@admin.register(WebHook)
class WebHookAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Where events are sent to."""

    list_display = ("url", "pattern", "active")
    list_filter = ("active",)
    search_fields = ("url", "pattern")


@admin.register(Delivery)
class DeliveryAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What was sent, and what came of it."""

    list_display = ("event", "hook", "recipient", "state", "attempts", "created")
    list_filter = ("state", "event")
    list_select_related = ("hook",)
    search_fields = ("recipient", "hook__url")
    readonly_fields = ("event", "hook", "recipient", "state", "attempts", "answer", "created")
    fields = readonly_fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        """They are written by events."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They are looked at."""
        return False


@admin.register(PreviewLink)
class PreviewLinkAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Links that show a branch: looked at and revoked."""

    list_display = ("branch", "created_by", "created", "expires", "live")
    list_select_related = ("created_by",)
    search_fields = ("branch", "created_by__username")
    readonly_fields = ("branch", "created_by", "created", "expires", "revoked_at", "revoked_by")
    fields = readonly_fields
    actions = ("revoke_selected",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """They are made with the bar."""
        return False

    @admin.display(description=gettext_lazy("works"), boolean=True)
    def live(self, link: Any) -> bool:
        """Whether it still works."""
        return bool(link.is_live)

    @admin.action(description=gettext_lazy("Revoke the selected links"), permissions=["change"])
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Make them worthless at once."""
        live = [link for link in queryset if link.revoked_at is None]
        for link in live:
            link.revoke(request.user)
        self.message_user(request, _("Revoked: %(n)d.") % {"n": len(live)}, messages.SUCCESS)


__all__ = ["PullRequestAdmin", "preview_pages"]
