"""Django's source distribution, with its tests, of the installed version."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import django

# What compiles against libraries that nothing here needs, or drives services: the tests for
# those skip themselves.
UNNEEDED = re.compile(r"pylibmc|pymemcache|redis|geoip|selenium|pywatchman|black", re.I)


def cache() -> Path:
    """Where sources are kept: the same folder as the Dolt binary's."""
    root = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(root) / "dolt-router"


def tests_folder() -> Path:
    """The `tests` folder of the installed Django's source, fetched from the index when missing.

    Raises:
        subprocess.CalledProcessError: pip could not fetch it; its output was printed.
    """
    name = f"django-{django.get_version()}"
    folder = cache() / name / "tests"
    if not folder.is_dir():
        cache().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache()) as scratch:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
            wanted = f"django=={django.get_version()}"
            subprocess.run([*pip, "--no-binary", ":all:", "--dest", scratch, wanted], check=True)
            (archive,) = Path(scratch).glob("*.tar.gz")
            unpack(archive, Path(scratch))
            unpacked = next(path for path in Path(scratch).iterdir() if path.is_dir())
            try:
                unpacked.rename(cache() / name)
            except OSError:
                if not folder.is_dir():  # another process was not just faster
                    raise
    return folder


def unpack(archive: Path, into: Path) -> None:
    """Unpack a tar archive, without what leaves the folder where Python can tell.

    Python learned that in 3.10.12 and 3.11.4; Debian 12 comes with 3.11.2.
    """
    safely: Any = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    with tarfile.open(archive) as tar:
        tar.extractall(into, **safely)


def requirements(tests: Path) -> list[str]:
    """What the suite wants installed, without what no test here needs."""
    lines = (tests / "requirements" / "py3.txt").read_text().splitlines()
    return [line for line in lines if line.strip() and not UNNEEDED.search(line)]
