"""Django's TestCase and connections that come and go.

`SimpleTestCase` replaces four methods of every connection that it may not use when a class
begins, and puts them back when it ends, each time for the aliases it then iterates over. A
branch that was first used in between has nothing to put back. Django 6.0 lets the backend
say which methods are replaced (`features`); for older ones the methods are descriptors that
ignore the replacement on a branch's connection.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.backends.base.features import BaseDatabaseFeatures

GUARDED = ("connect", "temporary_connection", "cursor", "chunked_cursor")


def is_derived(wrapper: Any) -> bool:
    """Whether the connection is a branch's, made on access, rather than a static alias's."""
    return bool(wrapper._name_parts()[2])


class _Bound:
    """A bound method that has the attribute `wrapped`, as Django's replacement has."""

    def __init__(self, method: Callable[..., Any]) -> None:
        self.wrapped = method

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.wrapped(*args, **kwargs)


class _Guarded:
    """A method that can't be replaced by Django's TestCase on a branch's connection."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.name = name
        self.function = function

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self.function
        replaced = instance.__dict__.get(self.name)
        if replaced is not None:
            return replaced
        bound = self.function.__get__(instance, owner)
        return _Bound(bound) if is_derived(instance) else bound

    def __set__(self, instance: Any, value: Any) -> None:
        put_back = getattr(value, "__func__", None) is self.function
        if not (is_derived(instance) and (put_back or hasattr(value, "wrapped"))):
            instance.__dict__[self.name] = value

    def __delete__(self, instance: Any) -> None:
        instance.__dict__.pop(self.name, None)


def guard(wrapper_class: type[Any]) -> None:
    """Make the four methods of the class safe, where Django has no feature flag for it."""
    if hasattr(BaseDatabaseFeatures, "disallowed_simple_test_case_connection_methods"):
        return
    for name in GUARDED:
        setattr(wrapper_class, name, _Guarded(name, getattr(wrapper_class, name)))
