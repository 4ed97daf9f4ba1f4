"""What a remote may be called and where it may be, and texts without the credentials in them.

https://docs.dolthub.com/concepts/dolt/git/remotes
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from ..exceptions import RemoteError
from ..names import why_invalid

SCHEMES = (
    *("file", "http", "https", "ssh", "aws", "gs", "oci", "az", "oss"),
    *("git+file", "git+http", "git+https", "git+ssh"),
)
MAX_NAME = 100  # characters

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
# Dolt makes a directory of this name: nothing that could lead out of its data directory.
_DATABASE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_$-]{0,63}")
_SYSTEM_DATABASES = ("information_schema", "mysql", "performance_schema", "sys")
_URL_TEXT = re.compile(r"[!#-&(-;=?-\[\]_a-z~%]+", re.I)  # no space, quote, <, >, \, ^, `, {, |
_SCP_LIKE = re.compile(r"[A-Za-z0-9_.-]+@[A-Za-z0-9.-]+:[^:@]+\.git")  # git@host:org/repo.git
_ORG_REPO = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*/[A-Za-z0-9_][A-Za-z0-9_.-]*")
_USER_INFO = re.compile(r"(?<=//)[^/\s'\"]*@")
_QUERY = re.compile(r"(?<=\?)[^\s'\"]+")
_SHORT = 4  # characters: a shorter secret is looked for in its place in a URL only


def validate_remote(name: object) -> str:
    """Returns `name` when a remote may be called so.

    Raises:
        RemoteError: it may not. Dolt itself takes names (`~`, `x:y`, the empty one) that no
            ref can be spelled with.
    """
    if (
        isinstance(name, str)
        and len(name) <= MAX_NAME
        and _NAME.fullmatch(name)
        and why_invalid(name) is None
    ):
        return name
    raise RemoteError(
        f'"{redact(str(name)):.100}" can\'t be the name of a remote. Use letters, digits, _ and '
        "-, as in origin."
    )


def validate_database(name: object) -> str:
    """Returns `name` when a database may be called so.

    Raises:
        RemoteError: it may not.
    """
    if (
        isinstance(name, str)
        and _DATABASE.fullmatch(name)
        and name.lower() not in _SYSTEM_DATABASES
    ):
        return name
    raise RemoteError(
        f'"{redact(str(name)):.100}" can\'t be the name of a database. Use letters, digits, _ '
        "and -, as in inventory_copy."
    )


def validate_user(name: object) -> str:
    """Returns `name` when it may be handed to the server as the user of a remote.

    Raises:
        RemoteError: it may not.
    """
    if isinstance(name, str) and re.fullmatch(r"[^\s\x00-\x1f-][^\x00-\x1f]*", name):
        return name
    raise RemoteError("The name of the user is empty or starts with -. Give the name alone.")


def validate_url(url: object) -> str:
    """Returns `url` when Dolt can make sense of it.

    Allowed are the schemes in `SCHEMES`, git's short form `git@host:org/repo.git`, and
    `org/repo` for DoltHub.

    Raises:
        RemoteError: it makes none. Dolt would take many of these without a word and fail at the
            first fetch.
    """
    if isinstance(url, str) and _URL_TEXT.fullmatch(url) and not url.startswith("-"):
        if _SCP_LIKE.fullmatch(url) or _ORG_REPO.fullmatch(url):
            return url
        if _is_whole_url(url):
            return url
    text = str(url)
    # In what is no URL nobody can say where the password ends.
    shown = "What was given" if "@" in text else f'"{redact(text):.200}"'
    raise RemoteError(
        f"{shown} is not the URL of a remote. Use file:///an/absolute/path, "
        "http(s)://host:port/database, aws://, gs://, oci://, a git URL, or org/repo on DoltHub."
    )


def _is_whole_url(url: str) -> bool:
    scheme, _, rest = url.partition("://")
    if scheme not in SCHEMES or not rest:
        return False
    if scheme in ("file", "git+file"):
        return rest.startswith("/") and len(rest) > 1
    if scheme == "aws":
        return re.fullmatch(r"\[[^\[\]/:]+:[^\[\]/:]+\]/.+", rest) is not None
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return False
    # A password with a bare @, / or ? in it ends the host elsewhere than was meant.
    return bool(host) and "@" not in parts.path + parts.query and parts.netloc.count("@") <= 1


def is_dolt_server(url: str) -> bool:
    """Whether a URL leads to a `dolt sql-server`, on whose database a site may run."""
    there = urlsplit(url)
    host = there.hostname or ""
    return there.scheme in ("http", "https") and not (host + "/").endswith("dolthub.com/")


def redact(text: str, url: str = "") -> str:
    """`text` without passwords, tokens and query strings of the URLs in it.

    Args:
        url: one whose secrets are taken out wherever they stand, also outside of a URL.
    """
    for secret in _secrets(url):
        text = text.replace(secret, "***")
    return _QUERY.sub("***", _USER_INFO.sub("***@", text)) if "//" in text else text


def _secrets(url: str) -> list[str]:
    found = _USER_INFO.search(url)
    if not found:
        return []
    user, colon, password = found.group()[:-1].partition(":")
    secret = password if colon else user  # https://<token>@host
    spellings = {secret, unquote(secret)}
    return sorted((s for s in spellings if len(s) >= _SHORT), key=len, reverse=True)


def redact_error(error: Exception, url: str = "") -> Exception:
    """A driver error as good as `error`, to be a cause: without the credentials."""
    told = [redact(part, url) if isinstance(part, str) else part for part in error.args]
    return error if tuple(told) == error.args else type(error)(*told)
