"""What the server says when a remote fails, as an error that says what to do.

The texts are those of `doltcore/env/actions/remotes.go` and of gRPC's codes in Dolt's source.
"""

from __future__ import annotations

from ..exceptions import RemoteError

# The first whose words are in the server's text counts: (words, what happened, what to do).
_CASES: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("non-fast-forward",),
        "the remote has commits that this database lacks",
        "Pull first, or overwrite them with force=True (--force).",
    ),
    (
        ("no common ancestor",),
        "the two histories have no commit in common",
        "Start one as a clone of the other. If there is nothing of worth at the remote, as in a "
        "database just created, fetch it and overwrite it with force=True (--force).",
    ),
    (
        ("target has uncommitted changes",),
        "someone works on that branch at the remote and has not committed",
        "Have it committed there first.",
    ),
    (
        ("DOLT_REMOTE_PASSWORD",),
        "there is no password for the user",
        "Set DOLT_REMOTE_PASSWORD in the environment of the Dolt server and restart it.",
    ),
    (
        ("read-only access",),
        "the remote takes no pushes",
        "Have whoever runs it pull from here.",
    ),
    (
        ("has not been granted",),
        "the user may not do this at the remote",
        "Grant it there: CLONE_ADMIN to fetch, SUPER as well to push.",
    ),
    (
        ("Unauthenticated", "PermissionDenied", "Access denied"),
        "the remote refused the login",
        "Name a user with user=... (--user) and set DOLT_REMOTE_PASSWORD in the environment of "
        "the Dolt server.",
    ),
    (
        ("no Dolt data", "no branches found"),
        "the remote is empty",
        "Check the URL, or push to it first.",
    ),
    (
        ("database exists", "file exists"),
        "a database of this name exists already",
        "Choose another name, or drop it first.",
    ),
    (
        ("database not found",),
        "the server there has no such database",
        "Check the URL, or create it there with CREATE DATABASE.",
    ),
    (
        ("invalid ref spec", "branch not found"),
        "the remote has no such branch",
        "Fetch without a branch to see which it has, or push the branch first.",
    ),
    (
        ("could not access", "could not be accessed", "Unavailable", "failed to get remote db"),
        "the remote could not be reached",
        "Check its URL (manage.py dolt remote -v) and that the machine of the Dolt server "
        "reaches it.",
    ),
)


def explain(act: str, server_text: str) -> RemoteError:
    """The error for `act` ('push "main" to "origin"') that failed with the server's text.

    Args:
        server_text: without credentials.
    """
    for words, happened, advice in _CASES:
        if any(word in server_text for word in words):
            return RemoteError(f"Can't {act}: {happened}. Nothing was changed. {advice}")
    said = " ".join(server_text.split())
    return RemoteError(f"Can't {act}: the server says: {said}. Check the remote and try again.")
