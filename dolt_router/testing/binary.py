"""Where the `dolt` program comes from: the ladder from what is there to what can be made."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

DOLT_VERSION = "1.86.4"
MINIMUM_VERSION = (1, 86, 0)


OURS = "DOLT_ROUTER_OWN_SERVER"  # set when DOLT_HOST and DOLT_PORT are the plugin's


class DoltNotFound(RuntimeError):
    """There is no usable Dolt, and the message says how to get one."""


def external_server(own: bool = False) -> tuple[str, int] | None:
    """(host, port) of the server that DOLT_HOST and DOLT_PORT name; None when they don't.

    A server that our pytest plugin started is no such one, except for the plugin.
    """
    if OURS in os.environ and not own:
        return None
    host, port = os.environ.get("DOLT_HOST"), os.environ.get("DOLT_PORT")
    if not host and not port:
        return None
    return host or "127.0.0.1", int(port or "3306")


def cache_dir() -> Path:
    """The directory that a built `dolt` is kept in; DOLT_ROUTER_CACHE or the user's cache."""
    named = os.environ.get("DOLT_ROUTER_CACHE")
    if named:
        return Path(named)
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("dolt-router"))


def cached_binary() -> Path:
    """Where the built program is kept, whether it is there or not."""
    return cache_dir() / f"dolt-{DOLT_VERSION}"


def version_of(binary: Path) -> tuple[int, ...]:
    """The version that a program tells of itself.

    Raises:
        DoltNotFound: it can't be run, or is no Dolt.
    """
    try:
        done = subprocess.run(
            [str(binary), "version"], capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise DoltNotFound(f"{binary} is not a working dolt program: {error}") from error
    found = re.search(r"dolt version (\d+)\.(\d+)\.(\d+)", done.stdout)
    if found is None:
        raise DoltNotFound(f"{binary} is not Dolt: it says {done.stdout[:100]!r}")
    return tuple(int(part) for part in found.groups())


def find_binary(build: bool = True) -> Path:
    """A usable `dolt`: DOLT_BIN, then PATH, then the cache, then a build into the cache.

    Args:
        build: whether to build when there is none and no Docker engine answers.

    Raises:
        DoltNotFound: there is none; the message says what to do.
    """
    named = os.environ.get("DOLT_BIN")
    if named:
        version = version_of(Path(named))
        if version < MINIMUM_VERSION:
            raise DoltNotFound(
                f"DOLT_BIN names Dolt {'.'.join(map(str, version))}; "
                f"{'.'.join(map(str, MINIMUM_VERSION))} or later is needed."
            )
        return Path(named)
    on_path = shutil.which("dolt")
    if on_path and version_of(Path(on_path)) >= MINIMUM_VERSION:
        return Path(on_path)
    if cached_binary().exists():
        return cached_binary()
    from .container import docker_is_there

    if build and not docker_is_there():
        from .build import build_dolt

        return build_dolt()
    raise DoltNotFound(
        "No dolt program was found. Install Dolt, or set DOLT_BIN to the program, or DOLT_HOST "
        "and DOLT_PORT to a running server."
    )
