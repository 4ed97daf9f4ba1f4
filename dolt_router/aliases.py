"""The alias grammar, and the handler behind `django.db.connections` that speaks it.

| alias | means |
|---|---|
| `default` | the Dolt database on the active branch, else on DEFAULT_BRANCH |
| `default/feature/x` | that branch, whatever is active |
| `feature/x` | the same for the first Dolt alias, when no static alias has that name |
| `default/<tag or commit hash>` | that point in history, read-only |

Branch aliases are made on access and never stored in `settings.DATABASES`. One thread has
at most one connection wrapper per branch, however the branch is spelled, and a wrapper that
nobody holds and that has no connection is forgotten.
https://docs.djangoproject.com/en/stable/topics/db/multi-db/
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.signals import setting_changed
from django.db import connections
from django.db.utils import ConnectionHandler, load_backend
from django.utils.connection import ConnectionDoesNotExist

from . import context
from .conf import conf
from .names import validate_ref
from .wrappers import Target as Target
from .wrappers import ThreadState

if TYPE_CHECKING:
    from .backends.dolt.base import DatabaseWrapper

KEEP_PARSED = 2048  # per process: spellings whose meaning is remembered


class AliasName(str):
    """The full alias of a branch, equal to each shorter spelling of the same branch.

    Django compares aliases as text (`instance._state.db != db`, a subquery's `_db` with
    `connection.alias`). An object fetched with `.using("feature/x")` is on the same branch
    as one fetched with `.using("default/feature/x")`, and must compare so.

    The default branch's is also equal to the static alias while that means this branch, and
    has its hash: `settings.DATABASES[connection.alias]` and `connection.alias in
    TestCase.databases` are common.
    """

    short: str | None
    home: str | None
    # Set while the wrapper of this alias connects: see `BranchConnectionHandler.__contains__`.
    connecting = False
    # Where the router sent a query on a shared model from: the rows that it joins are there.
    asked_from: str | None = None

    def __new__(cls, root: str, ref: str, is_first: bool) -> AliasName:
        self = super().__new__(cls, f"{root}/{ref}")
        self.short = ref if is_first else None
        self.home = root if ref == conf.DEFAULT_BRANCH else None
        return self

    def __eq__(self, other: object) -> bool:
        if str.__eq__(self, other) is True:
            return True
        if self.short is not None and other == self.short:
            return True
        if self.home is not None and str.__eq__(self.home, other) is True:
            active = context.active_branch(self.home, is_first=self.short is not None)
            return active in (None, conf.DEFAULT_BRANCH)
        return False

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.home) if self.home is not None else str.__hash__(self)

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)


class BranchConnectionHandler(ConnectionHandler):
    """`django.db.connections`, where every branch of a Dolt database is an alias."""

    _parsed_for: Any = None
    _parsed_aliases: tuple[str, ...] = ()
    _parsed: dict[str, Target | str | None]
    _roots: list[str]
    _wrapper_classes: dict[str, Any]  # of the roots
    _pinned: dict[str, tuple[Any, str]]  # by root: its NAME, and the branch that it pins

    # -- grammar ------------------------------------------------------------------

    def _check_settings(self) -> None:
        """Start afresh when `settings.DATABASES` was replaced, or given another alias."""
        aliases = tuple(self.settings)
        if self._parsed_for is not self.settings or self._parsed_aliases != aliases:
            self._parsed = {}
            classes = {
                alias: load_backend(entry["ENGINE"]).DatabaseWrapper
                for alias, entry in self.settings.items()
            }
            self._wrapper_classes = {
                alias: found for alias, found in classes.items() if getattr(found, "is_dolt", False)
            }
            self._roots = list(self._wrapper_classes)
            self._pinned = {}
            self._parsed_for, self._parsed_aliases = self.settings, aliases

    @property
    def roots(self) -> list[str]:
        """The static aliases that are Dolt databases, in the order of the settings."""
        self._check_settings()
        return self._roots

    def first_root(self) -> str | None:
        """The first Dolt alias whose NAME pins no branch; None when there is none."""
        self._check_settings()
        return self._first_root()

    def _first_root(self) -> str | None:
        for root in self._roots:
            if not self._ref_of(root):
                return root
        return None

    def pinned_ref(self, root: str) -> str:
        """The branch that the NAME of a static alias pins (`inventory/feature-x`), or ''."""
        self._check_settings()
        return self._ref_of(root)

    def _ref_of(self, root: str) -> str:
        # Asked several times for each query. A test run changes the NAME of an alias.
        name = self.settings[root]["NAME"]
        known = self._pinned.get(root)
        if known is None or known[0] is not name:
            known = self._pinned[root] = (name, self._wrapper_classes[root].split_name(name)[1])
        return known[1]

    def _parse(self, alias: str) -> Target | str | None:
        """A Target; the name of a root whose active branch is meant; None: not Dolt's."""
        self._check_settings()
        if type(alias) is AliasName:
            alias = str(alias)  # which is what it says, whatever else it is equal to
        try:
            return self._parsed[alias]
        except KeyError:
            pass
        meaning = self._parse_afresh(alias)
        if len(self._parsed) >= KEEP_PARSED:
            self._parsed.clear()
        self._parsed[alias] = meaning
        return meaning

    def _parse_afresh(self, alias: str) -> Target | str | None:
        if alias in self.settings:
            if alias not in self._roots:
                return None
            pinned = self.pinned_ref(alias)
            return Target(alias, pinned) if pinned else alias
        for root in self._roots:
            if alias.startswith(root + "/") and not self.pinned_ref(root):
                return Target(root, validate_ref(alias[len(root) + 1 :]))
        first = self.first_root()
        if first is None:
            raise ConnectionDoesNotExist(f"The connection '{alias}' doesn't exist.")
        return Target(first, validate_ref(alias))

    def target(self, alias: str) -> Target | None:
        """What `alias` means here and now; None for a static alias that is not Dolt's.

        Raises:
            InvalidBranchName: the alias can't be a branch.
            ConnectionDoesNotExist: it is not in DATABASES, and no Dolt database is.
        """
        meaning = self._parse(alias)
        if isinstance(meaning, str):
            is_first = meaning == self._first_root()
            return Target(meaning, context.active_branch(meaning, is_first) or conf.DEFAULT_BRANCH)
        return meaning

    def alias_of(self, target: Target) -> str:
        """The one alias under which `target` is known: full, or static where it is pinned."""
        if self.pinned_ref(target.root):
            return target.root
        return AliasName(target.root, target.ref, target.root == self.first_root())

    # -- connections --------------------------------------------------------------

    def _state(self) -> ThreadState:
        # asgiref's Local, as for Django's own wrappers: a thread's, or (on the event loop's
        # thread) a task's. The name is no alias: branch names can't contain a colon.
        try:
            return self._connections.thread_state  # type: ignore[no-any-return]
        except AttributeError:
            state = self._connections.thread_state = ThreadState()
            return state

    def __getitem__(self, alias: str) -> DatabaseWrapper:
        target = self.target(alias)
        if target is None:
            return super().__getitem__(alias)  # type: ignore[return-value]
        state = self._state()
        wrapper = state.held.get(target)
        if wrapper is None:
            wrapper = self._open(target, state)
        unit = context.unit.get()
        if unit is not None:
            unit.enrol(wrapper)
        return wrapper

    def _open(self, target: Target, state: ThreadState) -> DatabaseWrapper:
        fixed = target.ref == conf.DEFAULT_BRANCH or bool(self.pinned_ref(target.root))
        wrapper = state.wrappers.get(target) or self.create_wrapper(target, state)
        if not fixed and apps.ready and not _on_event_loop():
            # Aim it now: a typo is told where the alias is used, and the work isn't lost,
            # since whoever asks for a branch by name is about to query it. (Models that are
            # being imported ask with DOLT_BRANCH set, and only for the limits of the backend.)
            state.wrappers[target] = wrapper
            try:
                wrapper.ensure_connection()
            except BaseException:
                state.wrappers.pop(target, None)
                raise
        state.hold(target, wrapper, fixed)
        return wrapper

    def create_wrapper(self, target: Target, state: ThreadState | None = None) -> DatabaseWrapper:
        """A new wrapper for `target`, not registered; it shares this thread's connections."""
        state = state or self._state()
        settings_dict = self.settings[target.root]
        if target.ref != conf.DEFAULT_BRANCH and not self.pinned_ref(target.root):
            settings_dict = {**settings_dict, "NAME": f"{settings_dict['NAME']}/{target.ref}"}
        backend = load_backend(settings_dict["ENGINE"])
        wrapper = backend.DatabaseWrapper(settings_dict, self.alias_of(target))
        pool = state.pools.get(target.root)
        if pool is None:
            pool = state.pools[target.root] = wrapper.pool_class()
        wrapper.pool = pool
        return wrapper  # type: ignore[no-any-return]

    def __setitem__(self, alias: str, wrapper: Any) -> None:
        target = self.target(alias)
        if target is None:
            super().__setitem__(alias, wrapper)
            return
        self._state().hold(target, wrapper, fixed=True)

    def __delitem__(self, alias: str) -> None:
        target = self.target(alias)
        if target is None:
            super().__delitem__(alias)
            return
        state = self._state()
        del state.wrappers[target]
        state.held.pop(target, None)
        state.fixed.discard(target)

    def forget(self, alias: str) -> None:
        """Close and forget this thread's wrapper of a branch that is renamed or deleted."""
        target = self.target(alias)
        if target is not None:
            self._state().drop(target)

    def __contains__(self, alias: object) -> bool:
        if isinstance(alias, AliasName) and alias.connecting:
            # Asked by Django's TestCase, to tell the static connections, which it guards,
            # from the ones made on the way.
            return False
        if not isinstance(alias, str):
            return False
        if alias in self.settings:
            return True
        try:
            wrapper = self[alias]
            if not wrapper.is_home and not _on_event_loop():
                wrapper.ensure_connection()  # it may have been there and be gone
        except (ConnectionDoesNotExist, ValueError):
            return False
        # `TestCase.databases` looks its own spelling up in what iteration yields.
        if not isinstance(alias, AliasName):
            wrapper.asked_as = alias
        return True

    def __iter__(self) -> Iterator[str]:
        """The static aliases, then the branches that this thread holds a connection to."""
        statics = list(self.settings)
        shown = {self.target(root) for root in self.roots}
        yield from statics
        for target, wrapper in list(self._state().wrappers.items()):
            if target not in shown and wrapper.connection is not None:
                yield wrapper.asked_as or wrapper.alias

    def all(self, initialized_only: bool = False) -> list[Any]:
        state = self._state()
        found: list[Any] = []
        for alias in self.settings:
            target = self.target(alias)
            if target is None:
                if not initialized_only or hasattr(self._connections, alias):
                    found.append(super().__getitem__(alias))
            elif target in state.wrappers or not initialized_only:
                found.append(self[alias])
        seen = {id(wrapper) for wrapper in found}
        for wrapper in list(state.wrappers.values()):
            if id(wrapper) not in seen:
                found.append(wrapper)
        return found

    def close_all(self) -> None:
        super().close_all()
        self._state().forget_idle()


def _on_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def install() -> None:
    """Give `django.db.connections` the alias grammar. Done once; safe to repeat.

    The object that all of Django imported stays the same one, with its state: only its
    class changes, to a subclass.
    """
    if type(connections) is ConnectionHandler:
        connections.__class__ = BranchConnectionHandler
    elif not isinstance(connections, BranchConnectionHandler):
        raise TypeError(
            f"django.db.connections is a {type(connections).__qualname__}: another package "
            "replaced it, and dolt_router can't route branches through it."
        )


def handler() -> BranchConnectionHandler:
    """`django.db.connections`, typed, with the grammar installed."""
    install()
    assert isinstance(connections, BranchConnectionHandler)
    return connections


def _follow_setting(*, setting: str, **kwargs: Any) -> None:
    # After conf has forgotten the old value: its receiver was connected first.
    if setting == "DOLT_ROUTER" and isinstance(connections, BranchConnectionHandler):
        connections._state().drop_renamed()


setting_changed.connect(_follow_setting, dispatch_uid="dolt_router.aliases")


def default_root(using: str | None = None) -> str:
    """`using`'s static alias, or the first Dolt alias.

    Raises:
        ConnectionDoesNotExist: there is no Dolt database, or `using` is none.
    """
    branches = handler()
    if using is None:
        root = branches.first_root()
        if root is None:
            raise ConnectionDoesNotExist(
                "No entry of DATABASES has the ENGINE dolt_router.backends.dolt or "
                "dolt_router.backends.doltlite."
            )
        return root
    target = branches.target(using)
    if target is None:
        raise ConnectionDoesNotExist(f"The connection '{using}' is not a Dolt database.")
    return target.root


def current_branch(using: str | None = None) -> str:
    """The name of the active branch of `using` (the first Dolt alias when left out)."""
    target = handler().target(default_root(using))
    assert target is not None
    return target.ref


def branch_alias(name: str, using: str | None = None) -> str:
    """The full alias of a branch: `branch_alias("feature/x") == "default/feature/x"`.

    Raises:
        InvalidBranchName: `name` can't be a branch.
    """
    return handler().alias_of(Target(default_root(using), validate_ref(name)))


def default_alias(using: str | None = None) -> str:
    """The alias of the default branch of `using`, where shared tables live."""
    return handler().alias_of(Target(default_root(using), conf.DEFAULT_BRANCH))
