"""Streaming responses run in the request's context, and end its unit of work.

The server pulls the parts of a stream after the middleware has returned, from whatever
context it happens to be in. So each step is run in the context as it was in the view.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextvars import Context, copy_context
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpResponseBase

from .autocommit import UnitOfWork


def keep_context(response: HttpResponseBase) -> None:
    """Run the stream of `response` in the context of the caller; no effect on others."""
    if response.streaming and not getattr(response, "_dolt_in_context", False):
        _wrap(response, None)


def finish_after(response: HttpResponseBase, unit: UnitOfWork) -> None:
    """Like `keep_context`; and commit `unit` when the stream ends, or roll it back when it
    fails or the client goes away before."""
    _wrap(response, unit)


def _wrap(response: Any, unit: UnitOfWork | None) -> None:
    response._dolt_in_context = True
    context = copy_context()
    content = response.streaming_content
    wrapper = _AsyncStream if response.is_async else _Stream
    response.streaming_content = wrapper(content, context, unit)


class _Ending:
    """What both kinds of stream share: how they end."""

    content: Any
    context: Context
    unit: UnitOfWork | None

    def close(self) -> None:
        """The server is done with the stream: before its end when the client went away."""
        try:
            close: Callable[[], None] | None = getattr(self.content, "close", None)
            if close is not None:
                self.context.run(close)
        finally:
            self._end(failed=True)

    def _end(self, failed: bool) -> None:
        if self.unit is not None and not self.unit.ended:
            self.unit.failed = failed
            self.context.run(self.unit.finish)


class _Stream(_Ending):
    """A synchronous stream."""

    def __init__(self, content: Iterator[bytes], context: Context, unit: UnitOfWork | None) -> None:
        self.content = iter(content)
        self.context = context
        self.unit = unit

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return self.context.run(next, self.content)
        except StopIteration:
            self._end(failed=False)
            raise
        except BaseException:
            self._end(failed=True)
            raise


class _AsyncStream(_Ending):
    """An asynchronous stream; its own steps run on the event loop, the ORM's on its thread."""

    def __init__(self, content: Any, context: Context, unit: UnitOfWork | None) -> None:
        self.parts: AsyncIterator[bytes] = content.__aiter__()
        self.content = None
        self.context = context
        self.unit = unit

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await _InContext(self.parts.__anext__(), self.context)
        except StopAsyncIteration:
            await sync_to_async(self._end)(failed=False)
            raise
        except BaseException:
            # Also asyncio.CancelledError, when the client is gone. `close` follows, on the
            # thread of the ORM, and rolls back: nothing is awaited while being cancelled.
            if self.unit is not None:
                self.unit.failed = True
            raise


class _InContext:
    """Awaits `coroutine` with each of its steps run in `context`."""

    def __init__(self, coroutine: Any, context: Context) -> None:
        self.coroutine = coroutine
        self.context = context

    def __await__(self) -> Generator[Any, Any, Any]:
        resume, value = self.coroutine.send, None
        while True:
            try:
                future = self.context.run(resume, value)
            except StopIteration as stop:
                return stop.value
            try:
                resume, value = self.coroutine.send, (yield future)
            except BaseException as error:  # cancelled, or what the future raised
                resume, value = self.coroutine.throw, error
