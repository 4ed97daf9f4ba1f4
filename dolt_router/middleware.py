"""Request in, response out: the branch of a request, and its one commit.

Both are sync and async capable and span streaming responses: the stream runs in the
request's context, and its end is the request's end.
https://docs.djangoproject.com/en/stable/topics/http/middleware/
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from . import aliases, context, responses, streaming
from .access import RequestActor, acting_as
from .autocommit import MESSAGE_ATTRIBUTE, UnitOfWork
from .conf import conf
from .context import use_branch
from .exceptions import BranchDoesNotExist, BranchForbidden, DoltRouterError
from .names import validate_branch
from .selectors import SESSION_KEY, Selector, SessionSelector, load_selectors

GetResponse = Callable[[HttpRequest], Any]


def _actor_of(request: HttpRequest) -> RequestActor:
    """One actor for all of a request: gates remember what they found out for as long as it acts."""
    actor: RequestActor | None = request.__dict__.get("_dolt_actor")
    if actor is None:
        actor = request._dolt_actor = RequestActor(request)  # type: ignore[attr-defined]
    return actor


class _Middleware:
    """What both share: one class for sync and async stacks."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        return self.handle_async(request) if self.is_async else self.handle(request)

    def handle(self, request: HttpRequest) -> HttpResponseBase:
        raise NotImplementedError

    async def handle_async(self, request: HttpRequest) -> HttpResponseBase:
        raise NotImplementedError

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer the package's errors with their own page; others are left to Django."""
        if isinstance(exception, DoltRouterError):
            return responses.error_response(request, exception)
        return None


class DoltBranchMiddleware(_Middleware):
    """Puts the whole request on the branch that the first selector names.

    `request.dolt_branch` is its name. A name that is malformed, unknown or not allowed ends
    as a 404 or 403, before the view runs. Place it after session and authentication.
    """

    def __init__(self, get_response: GetResponse) -> None:
        super().__init__(get_response)
        self._loaded_for: Any = None
        self._selectors: list[Selector] = []

    @property
    def selectors(self) -> list[Selector]:
        """The chain of the settings, loaded once per value of the setting."""
        if self._loaded_for is not conf.SELECTORS:
            self._selectors = load_selectors(conf.SELECTORS)
            self._loaded_for = conf.SELECTORS
        return self._selectors

    def handle(self, request: HttpRequest) -> HttpResponseBase:
        with ExitStack() as scope:
            if (answer := self._enter(request, scope)) is not None:
                return answer
            return self._leave(request, self.get_response(request))

    async def handle_async(self, request: HttpRequest) -> HttpResponseBase:
        with ExitStack() as scope:
            # Selectors read the session and aim a connection: on the thread of the ORM.
            # Context set over there would be lost, so only the choice is made there.
            chosen = await sync_to_async(self._choose)(request, scope)
            if isinstance(chosen, HttpResponse):
                return chosen
            self._activate(request, chosen, scope)
            return self._leave(request, await self.get_response(request))

    def _enter(self, request: HttpRequest, scope: ExitStack) -> HttpResponse | None:
        chosen = self._choose(request, scope)
        if isinstance(chosen, HttpResponse):
            return chosen
        self._activate(request, chosen, scope)
        return None

    def _choose(self, request: HttpRequest, scope: ExitStack) -> str | None | HttpResponse:
        """The branch's name, checked; None for the default; or the answer of a refusal."""
        selector: Selector | None = None
        name: str | None = None
        try:
            for selector in self.selectors:
                name = selector.select(request)
                if name is not None:
                    scope.callback(selector.leave, request)
                    break
            if name is None:
                return None
            validate_branch(name)
            with acting_as(_actor_of(request)):
                self._check_branch(request, name)
        except DoltRouterError as error:
            stale = isinstance(selector, SessionSelector) and SESSION_KEY in request.session
            if stale and responses.is_way_back(request):
                del request.session[SESSION_KEY]
                return responses.way_back(request)
            return responses.error_response(request, error, stale_session=stale)
        return name

    def _check_branch(self, request: HttpRequest, name: str) -> None:
        allowed = conf.load("BRANCH_ACCESS")
        if allowed is not None and not allowed(request, name):
            raise BranchForbidden(name)
        if name == conf.DEFAULT_BRANCH:
            return
        # Aiming the connection is the existence check: the view is about to use it anyway.
        wrapper = aliases.handler()[aliases.branch_alias(name)]
        wrapper.ensure_connection()
        if not wrapper.is_branch:
            raise BranchDoesNotExist(name, aliases.default_root(), wrapper.list_branch_names())

    def _activate(self, request: HttpRequest, name: str | None, scope: ExitStack) -> None:
        scope.enter_context(acting_as(_actor_of(request)))
        if name is not None:
            scope.enter_context(use_branch(name))
        prefix = getattr(request, "_dolt_cache_prefix", None)
        if prefix is not None:
            scope.enter_context(context.setting(context.cache_prefix, prefix))
        request.dolt_branch = name or aliases.current_branch()  # type: ignore[attr-defined]

    def _leave(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        streaming.keep_context(response)
        return response


class DoltAutoCommitMiddleware(_Middleware):
    """Makes a request one unit of work: at most one Dolt commit, in the user's name.

    An exception, an error answer (500 and up) or a rollback leaves nothing. A view marked
    `@transaction.non_atomic_requests` is left alone: there each outermost `atomic()`, and
    each single write outside of one, is a commit of its own. Place it last.
    `request.dolt_commits` lists what was committed, once the response is there.
    """

    def handle(self, request: HttpRequest) -> HttpResponseBase:
        unit = UnitOfWork(request=request)
        request._dolt_unit = unit  # type: ignore[attr-defined]
        token = context.unit.set(unit)
        try:
            response = self.get_response(request)
            if self._streams_on(unit, response):
                unit.release_readers()
                streaming.finish_after(response, unit)
                return response
        except BaseException:
            unit.failed = True
            context.unit.reset(token)
            unit.finish()
            raise
        finally:
            if context.unit.get() is unit:
                context.unit.reset(token)
        return self._finish(request, response, unit)

    async def handle_async(self, request: HttpRequest) -> HttpResponseBase:
        # The unit belongs to the thread of the ORM, which is the one that makes it.
        unit = await sync_to_async(UnitOfWork)(request=request)
        request._dolt_unit = unit  # type: ignore[attr-defined]
        token = context.unit.set(unit)
        try:
            response = await self.get_response(request)
            if self._streams_on(unit, response):
                await sync_to_async(unit.release_readers)()
                streaming.finish_after(response, unit)
                return response
        except BaseException:
            unit.failed = True
            context.unit.reset(token)
            await sync_to_async(unit.finish)()
            raise
        finally:
            if context.unit.get() is unit:
                context.unit.reset(token)
        return await sync_to_async(self._finish)(request, response, unit)

    @staticmethod
    def _streams_on(unit: UnitOfWork, response: HttpResponseBase) -> bool:
        return response.streaming and not unit.failed and response.status_code < 500

    @staticmethod
    def _finish(
        request: HttpRequest, response: HttpResponseBase, unit: UnitOfWork
    ) -> HttpResponseBase:
        if response.status_code >= 500:
            unit.failed = True
        try:
            unit.finish()
        except DoltRouterError as error:
            response.close()
            return responses.error_response(request, error)
        request.dolt_commits = unit.commits  # type: ignore[attr-defined]
        return response

    def process_view(
        self, request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """Read what the view says of itself: its message, and whether it is atomic."""
        unit: UnitOfWork = request._dolt_unit  # type: ignore[attr-defined]
        root = aliases.default_root()
        if root in getattr(view, "_non_atomic_requests", ()):
            unit.finish()
            return
        text = getattr(view, MESSAGE_ATTRIBUTE, None) or getattr(
            getattr(view, "view_class", None), MESSAGE_ATTRIBUTE, None
        )
        if text:
            unit.message = text.format_map(_Fillings(kwargs, request=request))

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        request._dolt_unit.failed = True  # type: ignore[attr-defined]
        return super().process_exception(request, exception)


class _Fillings(dict[str, Any]):
    """Fillings of a message; a name that isn't one stays as it is written."""

    def __init__(self, kwargs: dict[str, Any], **more: Any) -> None:
        super().__init__(kwargs, **more)

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"
