"""Tell the user which commit a request made."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html


class TellCommitMiddleware:
    """Adds a message with a link to each commit of a request.

    It stands before (outside of) `DoltAutoCommitMiddleware`: only when that one is done is
    there a commit to tell of. The message appears on the next page.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Let the request run, then tell."""
        response = self.get_response(request)
        for made in getattr(request, "dolt_commits", []):
            branch = made.alias.partition("/")[2]
            page = reverse("admin:dolt_router_commit", args=[made.commit_hash])
            link = format_html(
                'Commit <a href="{}">{}</a> on {}.', page, made.commit_hash[:8], branch
            )
            messages.info(request, link)
        return response
