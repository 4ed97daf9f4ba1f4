"""A session that a preview link was opened in: it may look at one branch, and change nothing.

The session keeps the link's token and the branch's name. It is a preview as long as that is the
session's branch: who switches to another one has left it. The link is looked up in each request,
so it ends when it expires or is revoked.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from dolt_router.access import Act, RequestActor, current_actor, system
from dolt_router.exceptions import BranchForbidden
from dolt_router.selectors import PREVIEW_KEY, SESSION_KEY

from .memory import remembered
from .models import PreviewLink


def opened(request: Any) -> dict[str, str] | None:
    """What the session keeps of the link that it is a preview of; None when it is none."""
    session: Any = getattr(request, "session", None)
    kept = None if session is None else session.get(PREVIEW_KEY)
    return kept if kept and session.get(SESSION_KEY) == kept["branch"] else None


def _kept() -> dict[str, str] | None:
    actor = current_actor()
    return opened(actor.request) if isinstance(actor, RequestActor) else None


def is_preview() -> bool:
    """Whether who acts looks at a preview."""
    return _kept() is not None


def settles(act: Act) -> bool:
    """Whether a preview alone decides: True when it lets the visitor read its branch.

    Raises:
        BranchForbidden: a preview changes nothing.
        InvalidPreviewLink: its link has expired or was revoked.
    """
    kept = _kept()
    if kept is None:
        return False
    if act.verb != "read":
        raise BranchForbidden(act.branch, act.verb)
    if act.branch != kept["branch"]:
        return False
    links = remembered(("preview", kept["token"]), lambda: _links(kept["token"]))
    return any(link.database == act.using for link in links)


def _links(token: str) -> list[PreviewLink]:
    with system():
        return [PreviewLink.objects.resolve(token)]


def enter(request: HttpRequest, link: PreviewLink) -> None:
    """Make the session a preview of the link's branch, under a new key of its own."""
    request.session.cycle_key()
    request.session[PREVIEW_KEY] = {"token": link.token, "branch": link.branch}
    request.session[SESSION_KEY] = link.branch


def leave(request: HttpRequest) -> None:
    """End the preview: the session is on the default branch again."""
    if request.session.pop(PREVIEW_KEY, None) is not None:
        request.session.pop(SESSION_KEY, None)
