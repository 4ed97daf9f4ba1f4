"""Remotes: other copies of the database. Fetch, push, pull and clone.

A URL may hold a password or a token. It is kept out of everything that is printed, logged or
raised here.

https://docs.dolthub.com/sql-reference/version-control/dolt-sql-procedures#dolt_push
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from django.views.decorators.debug import sensitive_variables

from .. import access, aliases, context, signals
from ..conf import conf
from ..exceptions import (
    BranchNeedsMigration,
    DoltServerError,
    MergeConflict,
    RemoteError,
)
from ..names import validate_branch, why_invalid
from .fetched import refuse_moved, register_sequences
from .merges import merge
from .remote_errors import explain
from .remote_server import (
    call,
    head_of,
    login_options,
    refs_of,
    remote_cursor,
    server_session,
    url_of,
    urls_of,
)
from .remote_urls import is_dolt_server, redact, validate_database, validate_remote, validate_url
from .session import refuse_unfinished


class RemoteInfo(NamedTuple):
    """A remote; `url` is without credentials."""

    name: str
    url: str


class RefUpdate(NamedTuple):
    """What a fetch did to a ref (`origin/main`, `tags/v1`): a hash is None where none was."""

    name: str
    before: str | None
    after: str | None


class FetchResult(NamedTuple):
    """The refs that a fetch changed, sorted by name."""

    remote: str
    updated: tuple[RefUpdate, ...]


class PushResult(NamedTuple):
    """Where the branch of the remote is now; `up_to_date`: it was there before."""

    branch: str
    remote: str
    commit_hash: str
    up_to_date: bool


class PullResult(NamedTuple):
    """The head of the branch afterwards, and how it got there."""

    commit_hash: str
    fast_forward: bool
    up_to_date: bool


class CloneResult(NamedTuple):
    """The new database and its branches, sorted."""

    database: str
    branches: tuple[str, ...]


def list_remotes(using: str | None = None) -> list[RemoteInfo]:
    """The remotes of the database, sorted by name."""
    with remote_cursor(using) as cursor:
        return [RemoteInfo(name, redact(url)) for name, url in sorted(urls_of(cursor).items())]


@sensitive_variables("url")
def add(name: str, url: str, using: str | None = None) -> RemoteInfo:
    """Add a remote. Nothing is sent to it yet.

    `file://` is a path on the machine of the Dolt server, which makes the directory at once.
    Dolt keeps the URL as it is in `dolt_remotes`, where everyone who reads the database reads
    it, and a Dolt server takes no password from a URL: use `user` of the other functions.

    Raises:
        RemoteError: the name is taken, or name or URL can't be one.
    """
    validate_remote(name)
    validate_url(url)
    with remote_cursor(using) as cursor:
        if name in urls_of(cursor):
            raise RemoteError(
                f'Remote "{name}" exists already. Choose another name, or remove it first with: '
                f"manage.py dolt remote remove {name}"
            )
        call(cursor, f'add remote "{name}"', url, "dolt_remote", "add", name, url)
    return RemoteInfo(name, redact(url))


def remove(name: str, using: str | None = None) -> None:
    """Remove a remote and what was fetched of its branches; the remote itself is not touched.

    Raises:
        RemoteError: there is none of this name.
    """
    with remote_cursor(using) as cursor:
        url = url_of(cursor, name)
        call(cursor, f'remove remote "{name}"', url, "dolt_remote", "remove", name)


def default_remote(branch: str, using: str | None = None) -> str:
    """The remote that `branch` was pushed to with `set_upstream`, else "origin"."""
    with remote_cursor(using) as cursor:
        cursor.execute("SELECT remote FROM dolt_branches WHERE name = %s", [branch])
        row = cursor.fetchone()
    return str(row[0]) if row and row[0] else "origin"


def fetch(
    remote: str = "origin",
    branch: str | None = None,
    prune: bool = False,
    user: str | None = None,
    using: str | None = None,
) -> FetchResult:
    """Get the commits and tags of a remote; no branch of this database moves.

    What was fetched can be read by its hash (`default/<hash>`), and `origin/main` can be merged,
    compared and branched from by that name. A fetch is no part of any transaction: it is not
    rolled back.

    Args:
        branch: this one only; all when None.
        prune: forget fetched branches that the remote has no more; not with `branch`.
        user: to log in at a remote as; the password is in DOLT_REMOTE_PASSWORD in the
            environment of the Dolt server.

    Raises:
        RemoteError: there is no such remote, it can't be reached, it refuses, or lacks the
            branch.
    """
    if branch is not None:
        validate_branch(branch)
        if prune:
            raise ValueError("prune looks at all branches. Leave out the branch.")
    with remote_cursor(using) as cursor:
        url = url_of(cursor, remote)
        before = refs_of(cursor, remote)
        options = [*login_options(user), *(["--prune"] if prune else [])]
        wanted = [] if branch is None else [branch]
        call(cursor, f'fetch from "{remote}"', url, "dolt_fetch", *options, remote, *wanted)
        after = refs_of(cursor, remote)
    changed = sorted(
        ref for ref in before.keys() | after.keys() if before.get(ref) != after.get(ref)
    )
    register_sequences([after[ref] for ref in changed if ref in after], using)
    updates = (RefUpdate(ref, before.get(ref), after.get(ref)) for ref in changed)
    return FetchResult(remote, tuple(updates))


def push(
    branch: str,
    remote: str = "origin",
    force: bool | Literal["always"] = False,
    set_upstream: bool = False,
    user: str | None = None,
    using: str | None = None,
    no_site_there: bool = False,
) -> PushResult:
    """Push the commits of `branch` to the branch of the same name of a remote.

    Only what is committed is pushed. The tables of SHARED_APPS (users, sessions, ...) are in no
    commit and so in no push: back them up by themselves (docs/remotes.md).

    Dolt sets the working set of the branch there to what was pushed. So if a site runs on that
    database, a push of the default branch takes its shared tables, which live in that working
    set, without an error. Such a push to a Dolt server is refused unless `no_site_there` is
    set. Let the other site pull, or push another branch and merge it there.

    Args:
        force: True overwrites the branch of the remote, unless it moved since it was last
            fetched: it is fetched, and when that brings anything new, nothing is pushed. This
            is a check and then an act: what others push in between is overwritten. And after
            the refusal their commits count as known, so the same call again overwrites them.
            "always" doesn't look.
        set_upstream: note the remote as the one of this branch (`git push -u`).
        user: see `fetch`.
        no_site_there: no site runs on the remote's database: the default branch may be pushed
            to a Dolt server.

    Raises:
        RemoteError: it can't be reached, it refuses, or it has commits that this database
            lacks; or it is a Dolt server, see above.
        Refused: a receiver of `pre_push` refused.
        BranchProtected: a forced push of a protected branch.
        BranchDoesNotExist: there is no such branch.
        BranchInUse: this request wrote to it and hasn't committed yet.
    """
    if force not in (False, True, "always"):
        raise ValueError(f'Unknown force {force!r}. Use True, False or "always".')
    validate_branch(branch)
    if force:
        access.require("force", branch, using, remote=remote)
    refuse_unfinished(branch, "Push", using)
    with remote_cursor(using) as cursor:
        head = head_of(cursor, branch, using)
        url = url_of(cursor, remote)
        if branch == conf.DEFAULT_BRANCH and not no_site_there and is_dolt_server(url):
            raise RemoteError(
                f'"{branch}" was not pushed to "{remote}": if a site runs on that database, its '
                "shared tables (users, sessions, ...) would be deleted there. Push another branch "
                "and merge it there, or let that site pull. If none runs there, push with "
                "no_site_there=True (--no-site-there)."
            )
        about = {"using": aliases.default_root(using), "branch": branch, "remote": remote}
        signals.ask(signals.pre_push, **about, force=force)
        # A forced push of what is there already would still reset the working set there.
        there = refuse_moved(cursor, branch, remote, url, user, using) if force is True else None
        options = [*login_options(user)]
        options += ["--force"] if force and there != head else []
        options += ["--set-upstream"] if set_upstream else []
        act = f'push "{branch}" to "{remote}"'
        row = call(cursor, act, url, "dolt_push", *options, remote, branch)
        # Not "up-to-date" in it: with --set-upstream Dolt leaves that out.
        up_to_date = f"{branch} -> {branch}" not in str(row[1])
        pushed = None if up_to_date else refs_of(cursor, remote).get(f"{remote}/{branch}")
    result = PushResult(branch, remote, pushed or head, up_to_date)
    signals.tell(signals.pushed, **about, force=force, result=result)
    return result


def pull(
    branch: str,
    remote: str = "origin",
    message: str | None = None,
    author: str | None = None,
    strategy: str = "merge",
    user: str | None = None,
    using: str | None = None,
) -> PullResult:
    """Fetch `branch` of a remote and merge it into the branch of the same name here.

    The merge is done whole or not at all. It counts as a merge, so a protected branch takes it.
    (Dolt's own `dolt_pull` is not used: it merges what is called `origin/main`, which may be a
    branch of this database too.)

    Args:
        message, author: of the merge commit; a fast-forward makes none.
        strategy: see `merges.merge`.
        user: see `fetch`.

    Raises:
        MergeConflict: both changed the same; `tables` counts the rows. Nothing was written.
        RemoteError: it can't be reached, it refuses, or lacks the branch.
        NotFastForward: with "ff-only".
        BranchDoesNotExist: this database has no such branch.
        BranchInUse: this request wrote to it and hasn't committed yet.
        StaleWrite: the branch moved meanwhile.
    """
    validate_branch(branch)
    refuse_unfinished(branch, "Pull", using)
    name = f"{remote}/{branch}"
    about = {"using": aliases.default_root(using), "branch": branch, "remote": remote}
    with remote_cursor(using) as cursor:
        head_of(cursor, branch, using)
        url = url_of(cursor, remote)
        signals.ask(signals.pre_pull, **about)
        act = f'pull "{branch}" from "{remote}"'
        call(cursor, act, url, "dolt_fetch", *login_options(user), remote, branch)
        fetched = refs_of(cursor, remote)[name]
    register_sequences([fetched], using)
    words = message or context.message.get() or f'Merge branch "{branch}" of remote "{remote}"'
    try:
        result = merge(fetched, branch, words, author, strategy, using)
    except MergeConflict as error:
        raise MergeConflict(
            name, branch, error.tables, "pull", error.violations, error.schema_conflicts
        ) from error
    except BranchNeedsMigration as error:
        raise RemoteError(
            f'"{branch}" of "{remote}" lacks migrations that it has here '
            f"({', '.join(error.missing[:5])}). Migrate at the remote's site, or merge this branch "
            "there first, and pull again."
        ) from error
    except DoltServerError as error:
        if "no common ancestor" in str(error):
            raise explain(act, "no common ancestor") from error
        raise
    pulled = PullResult(result.commit_hash, result.fast_forward, result.up_to_date)
    signals.tell(signals.pulled, **about, result=pulled)
    return pulled


@sensitive_variables("url")
def clone(
    url: str,
    database: str,
    remote: str = "origin",
    single_branch: bool = False,
    user: str | None = None,
    using: str | None = None,
) -> CloneResult:
    """Copy a remote to a new database on the server of alias `using`, with every branch.

    The tables of SHARED_APPS are in no commit and so in no clone, and `migrate` does not make
    them, since the migrations are recorded as applied. After NAME in DATABASES names the clone,
    `provisioning.create_shared_tables` makes them, empty (docs/remotes.md).

    Args:
        remote: what the clone calls the remote.
        single_branch: the default branch only. All commits are fetched in any case.
        user: see `fetch`.

    Raises:
        RemoteError: it can't be reached, it refuses, it is empty, or the database exists. No
            database was made.
    """
    validate_url(url)
    validate_database(database)
    validate_remote(remote)
    options = [*login_options(user), "--remote", remote]
    if single_branch:
        options += ["--branch", str(conf.DEFAULT_BRANCH)]
    with server_session(using) as session, session.cursor() as cursor:
        act = f'clone to database "{database}"'
        call(cursor, act, url, "dolt_clone", *options, url, database)
        try:
            session.select_db(database)
            made = _make_branches(cursor, remote, single_branch)
        except BaseException:
            cursor.execute(f"DROP DATABASE `{database}`")
            raise
    return CloneResult(database, tuple(made))


def _make_branches(cursor: Any, remote: str, single_branch: bool) -> list[str]:
    """Make a branch of each one that was fetched; the sorted names of all that are there."""
    fetched = {
        ref.partition("/")[2]: commit_hash
        for ref, commit_hash in refs_of(cursor, remote).items()
        if ref.startswith(remote + "/")
    }
    cursor.execute("SELECT name FROM dolt_branches")
    there = {name for (name,) in cursor.fetchall()}
    for name in () if single_branch else sorted(fetched.keys() - there):
        if why_invalid(name) is None:  # else no alias could be spelled with it
            cursor.execute("CALL dolt_branch(%s, %s)", [name, fetched[name]])
            there.add(name)
    return sorted(there)
