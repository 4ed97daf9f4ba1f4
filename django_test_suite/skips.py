"""Tests that are skipped here, and not where this package's engines come from.

    python -m django_test_suite.skips 6.1-server      beside MySQL 8, by its feature flags
    python -m django_test_suite.skips 6.1-embedded    beside the kept run of plain SQLite

Reads the kept figures (`--write`). MySQL isn't run: what it would skip is told by the reasons that
Django gives, which name feature flags, and by the flags of Django's backend for MySQL 8.0.31.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.backends.base.features import BaseDatabaseFeatures
from django.db.backends.mysql.base import DatabaseWrapper

RESULTS = Path(__file__).resolve().parent / "results"
# What a MySQL 8.0.31 as it comes reports to Django's backend.
REPORTED = {
    "version": "8.0.31",
    "sql_mode": "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION",
    "default_storage_engine": "InnoDB",
    "sql_auto_is_null": False,
    "lower_case_table_names": False,
    "has_zoneinfo_database": True,
}
_REASON = re.compile(
    r"Database (?P<lacks>doesn't support|has)(?P<any> any of the)? feature\(s\):? "
    r"(?P<names>[\w, ]+)"
)


def mysql_features() -> BaseDatabaseFeatures:
    """The feature flags of Django's backend for MySQL 8.0.31; no server is asked."""
    wrapper: Any = DatabaseWrapper({"NAME": "", "OPTIONS": {}, "TIME_ZONE": None, "TEST": {}})
    wrapper.mysql_server_data = REPORTED
    return wrapper.features  # type: ignore[no-any-return]


def is_skipped(reason: str, features: BaseDatabaseFeatures) -> bool:
    """Whether a test that was skipped for `reason` would be with these flags.

    What no flag is about is taken to be skipped there too.
    """
    told = _REASON.fullmatch(reason.strip().rstrip("."))
    if told is None:
        return True
    flags = [bool(getattr(features, name.strip(), False)) for name in told["names"].split(",")]
    if told["lacks"] == "has":
        return any(flags)
    return not (any(flags) if told["any"] else all(flags))


def beyond(key: str) -> Iterator[tuple[str, list[str]]]:
    """`(reason, tests)` of what the run `key` skipped beyond its reference."""
    version, _, engine = key.partition("-")
    skipped = _skipped(key)
    if engine == "embedded":
        there = {test for tests in _skipped(f"{version}-sqlite").values() for test in tests}
        for reason, tests in skipped.items():
            if more := [test for test in tests if test not in there]:
                yield reason, more
        return
    features = mysql_features()
    for reason, tests in skipped.items():
        if not is_skipped(reason, features):
            yield reason, tests


def _skipped(key: str) -> dict[str, list[str]]:
    path = RESULTS / f"{key}.json"
    skipped: dict[str, list[str]] = json.loads(path.read_text())["skipped"] if path.exists() else {}
    if not any(skipped):
        raise SystemExit(f"error: no reasons are kept for {key}: run its suite with --write")
    return skipped


def main() -> None:
    """Print them, by reason."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("keys", nargs="+", help="6.1-server, 5.2-embedded, ...")
    settings.configure(USE_TZ=False)
    for key in parser.parse_args().keys:
        found = list(beyond(key))
        print(f"{key}: {sum(len(tests) for _, tests in found)} skipped beyond the reference")
        for reason, tests in found:
            print(f"\n{len(tests):4} {reason}")
            for test in tests:
                print(f"       {test}")


if __name__ == "__main__":
    main()
