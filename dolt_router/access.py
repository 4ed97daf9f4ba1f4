"""Who acts, and who is asked whether they may: the one place where rules about branches hold.

A gate is a callable that is asked before something is done to a branch, and refuses by raising.
It is asked below the views: by the connection at the first write of a transaction and when a
branch is opened, and by the verbs of `versioning`. So a rule holds for the ORM, the admin, an API
and the commands alike. `dolt_router.review` registers the gate of its rules and permissions; a
site may add its own. PROTECTED_BRANCHES is a gate that is always there (`protection`). Where it is
empty and there is no other gate, nothing is asked and nothing is spent.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Mapping
from contextlib import ContextDecorator
from contextvars import ContextVar, Token
from functools import wraps
from inspect import iscoroutinefunction
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from . import protection
from .conf import conf
from .exceptions import DoltRouterError

F = TypeVar("F", bound=Callable[..., Any])

VERBS = {
    "read": _("read"),
    "write": _("write to"),
    "create": _("create"),
    "merge": _("merge into"),
    "delete": _("delete"),
    "force": _("move"),
    "review": pgettext_lazy("verb", "review"),
}
ENVIRONMENT_VARIABLE = "DOLT_USER"
NOTHING: Mapping[str, Any] = MappingProxyType({})


class Act(NamedTuple):
    """What is about to be done: `verb` (one of VERBS) to `branch` of the database `using`.

    `branch` may be a tag or a commit hash where the verb is "read". `details` has:

    * merge, and write when the default branch is what is merged: `source`, `source_hash`,
      `target_hash`, `strategy`; `resolved` says that conflicts are resolved on the way. Exactly
      the commit `source_hash` will be merged.
    * create: `start_point`; delete: `force`; force: `to` (reset, rebase) or `remote` (push).
    * `raw`: the name of a Dolt procedure called in SQL whose arguments may name any branch.
    """

    verb: str
    branch: str
    using: str
    details: Mapping[str, Any] = NOTHING


Gate = Callable[[Act, Any], None]


class Actor:
    """Who acts, for a while. What gates find out about them is kept in `memo` for that long."""

    def __init__(self, user: Any) -> None:
        self._user = user
        self.memo: dict[Hashable, Any] = {}

    @property
    def user(self) -> Any:
        """The user, anonymous ones included; None stands for the system itself."""
        return self._user


class RequestActor(Actor):
    """The user of a request, looked up when a gate asks: a login changes it half-way."""

    @property
    def user(self) -> Any:
        return getattr(self._user, "user", None)

    @property
    def request(self) -> Any:
        """The request."""
        return self._user


_gates: list[Gate] = []
_actor: ContextVar[Actor | None] = ContextVar("dolt_router_actor", default=None)
_is_system: ContextVar[bool] = ContextVar("dolt_router_is_system", default=False)


def add_gate(gate: Gate) -> None:
    """Have `gate(act, user)` asked before each act; it refuses by raising.

    `user` is None where nobody acts but the system: a shell, a task, a migration. What it
    raises should be a BranchForbidden, BranchProtected or ReviewRequired. Queries that it makes
    are not asked about.
    """
    if gate not in _gates:
        _gates.append(gate)


def remove_gate(gate: Gate) -> None:
    """Don't ask `gate` any more."""
    if gate in _gates:
        _gates.remove(gate)


def are_gates_asked() -> bool:
    """Whether there is any gate, here and now."""
    return bool(_gates) and not _is_system.get()


def is_anything_asked() -> bool:
    """Whether `require` asks anything, here and now: a gate, or PROTECTED_BRANCHES."""
    return bool(conf.PROTECTED_BRANCHES) or are_gates_asked()


def current_actor() -> Actor | None:
    """Who acts: by `acting_as`, else by the environment variable DOLT_USER; None: the system."""
    return _actor.get() or _named_by_environment()


def current_user() -> Any:
    """The acting user, perhaps an anonymous one; None for the system itself.

    Raises:
        DoltRouterError: DOLT_USER names no user.
    """
    actor = current_actor()
    return None if actor is None else actor.user


_by_environment: dict[str, Actor] = {}


def _named_by_environment() -> Actor | None:
    name = os.environ.get(ENVIRONMENT_VARIABLE)
    if not name:
        return None
    if name not in _by_environment:
        _by_environment[name] = Actor(user_called(name))
    return _by_environment[name]


def user_called(name: str) -> Any:
    """The active user with this user name.

    Raises:
        DoltRouterError: there is none.
    """
    from django.contrib.auth import get_user_model

    model: Any = get_user_model()
    with system():
        try:
            user = model._default_manager.get_by_natural_key(name)
        except model.DoesNotExist:
            user = None
    if user is None or not user.is_active:
        raise DoltRouterError(f'There is no active user "{name}". Name one that may log in.')
    return user


class acting_as(ContextDecorator):
    """Whoever acts inside is `user`: `with acting_as(request.user): ...`.

    Also a decorator, on plain and on async functions. `DoltBranchMiddleware` does it for each
    request. An `Actor` may be given in the place of a user, and None for the system itself.
    """

    def __init__(self, user: Any) -> None:
        self.user = user
        self._tokens: list[Token[Actor | None]] = []

    def __enter__(self) -> Any:
        user = self.user
        actor = user if user is None or isinstance(user, Actor) else Actor(user)
        self._tokens.append(_actor.set(actor))
        return user

    def __exit__(self, *exc_info: object) -> None:
        _actor.reset(self._tokens.pop())

    def __call__(self, func: F) -> F:
        # Each call has an instance of its own: see `context.use_branch`.
        if iscoroutinefunction(func):

            @wraps(func)
            async def async_inner(*args: Any, **kwargs: Any) -> Any:
                with acting_as(self.user):
                    return await func(*args, **kwargs)

            return async_inner  # type: ignore[return-value]

        @wraps(func)
        def inner(*args: Any, **kwargs: Any) -> Any:
            with acting_as(self.user):
                return func(*args, **kwargs)

        return inner  # type: ignore[return-value]


class system:
    """Inside, no gate is asked: for what a gate itself reads, and for acts that were allowed."""

    def __init__(self) -> None:
        self._tokens: list[Token[bool]] = []

    def __enter__(self) -> None:
        self._tokens.append(_is_system.set(True))

    def __exit__(self, *exc_info: object) -> None:
        _is_system.reset(self._tokens.pop())


class asking:
    """Inside, gates are asked again, also within `system()`: for an act at its end."""

    def __init__(self) -> None:
        self._tokens: list[Token[bool]] = []

    def __enter__(self) -> None:
        self._tokens.append(_is_system.set(False))

    def __exit__(self, *exc_info: object) -> None:
        _is_system.reset(self._tokens.pop())


def require(verb: str, branch: str, using: str | None = None, **details: Any) -> None:
    """Ask every gate whether the acting user may do `verb` to `branch`; see `Act`.

    Raises:
        BranchProtected: PROTECTED_BRANCHES names it, also within `system()`; or a gate refused.
        BranchForbidden, ReviewRequired: a gate refused.
    """
    if not is_anything_asked():
        return
    if verb not in VERBS:
        raise ValueError(f"Unknown verb {verb!r}. Use one of {', '.join(VERBS)}.")
    from .aliases import default_root

    act = Act(verb, branch, default_root(using), details)
    protection.gate(act)
    if not are_gates_asked():
        return
    user = current_user()
    with system():
        for gate in list(_gates):
            gate(act, user)


def may(verb: str, branch: str, using: str | None = None, **details: Any) -> bool:
    """Whether `require` would let the acting user; for what a page offers."""
    try:
        require(verb, branch, using, **details)
    except PermissionDenied:
        return False
    return True


def may_read_all(using: str | None = None) -> bool:
    """Whether no gate would keep the acting user from any branch, as far as the gates tell.

    A gate tells it with an attribute `opens_all`: a callable that is given the database's alias
    and the user. One without it has to be asked about each branch.
    """
    if not are_gates_asked():
        return True
    from .aliases import default_root

    user, root = current_user(), default_root(using)
    with system():
        asked = [getattr(gate, "opens_all", None) for gate in _gates]
        return all(opens is not None and opens(root, user) for opens in asked)


def require_open(branch: str, using: str) -> None:
    """Ask whether the acting user may read `branch`, once for each actor.

    The default branch is open to all: users log in there.

    Raises:
        BranchForbidden: a gate refused.
    """
    if not are_gates_asked() or not branch or branch == conf.DEFAULT_BRANCH:
        return
    actor = current_actor()
    if actor is None:
        return
    user = actor.user
    key = ("read", using, branch, getattr(user, "pk", None))
    if key not in actor.memo:
        require("read", branch, using)
        actor.memo[key] = True
