"""Run Django's test suite on a backend of this package, and compare with what is expected.

python -m django_test_suite.run                   all of it, on the default branch
python -m django_test_suite.run --fast            the subset that CI runs
python -m django_test_suite.run --branch feature/x aggregation queries
python -m django_test_suite.run --write           keep the figures in results/ and docs/
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from dolt_router.testing import DoltServer

from . import report
from .sources import requirements, tests_folder

ENGINES = {
    "server": "dolt_router.backends.dolt",
    "stock": "django.db.backends.mysql",
    "sqlite": "django.db.backends.sqlite3",
}
# The modules where a backend shows: SQL of every kind, and the schema. The rest of Django's
# tests (templates, forms, HTTP, ...) sees the database from afar.
FAST = """
aggregation aggregation_regress annotations backends basic bulk_create constraints
custom_columns custom_lookups datatypes dates datetimes db_functions db_typecasts defer delete
delete_regress distinct_on_fields empty expressions expressions_case expressions_window
extra_regress field_defaults filtered_relation foreign_object from_db_value generic_relations
get_or_create indexes inspectdb introspection known_related_objects lookup m2m_through
many_to_many many_to_one model_fields model_indexes multiple_database nested_foreign_keys
null_fk null_fk_ordering null_queries ordering or_lookups prefetch_related queries
queryset_pickle raw_query reserved_names schema select_for_update select_related
select_related_onetoone string_lookup timezones transactions transaction_hooks update
update_only_fields validation xor_lookups
""".split()


def main(argv: list[str] | None = None) -> int:
    """Run what the arguments say; 1 when a test failed that is not known to."""
    parser = argparse.ArgumentParser(
        prog="python -m django_test_suite.run", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("labels", nargs="*", help="modules or tests; all when none is given")
    parser.add_argument("--engine", choices=ENGINES, default="server")
    parser.add_argument("--branch", default="", help="the branch on which the tests run")
    parser.add_argument("--fast", action="store_true", help="only the modules about databases")
    parser.add_argument("--parallel", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--write", action="store_true", help="keep the figures of this run")
    parser.add_argument("--sql-log", metavar="FILE", help="append each refused statement to FILE")
    parser.add_argument("--install", action="store_true", help="pip install what the suite needs")
    options = parser.parse_args(argv)
    folder = tests_folder()
    if options.install:
        pip = [sys.executable, "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, *requirements(folder)], check=True)
    labels = options.labels or (
        [name for name in FAST if (folder / name).is_dir()] if options.fast else []
    )
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="django-suite-") as scratch:
        results = Path(scratch, "results.json")
        environment = {
            **os.environ,
            "SUITE_ENGINE": ENGINES[options.engine],
            "SUITE_BRANCH": options.branch,
            "SUITE_RESULTS": str(results),
            "SUITE_SQL_LOG": os.path.abspath(options.sql_log) if options.sql_log else "",
            # runtests.py lies elsewhere, and imports the settings of this package by name.
            "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
        }
        with _server(options.engine) as address:
            command = [sys.executable, "runtests.py", "--noinput"]
            command += ["--settings=django_test_suite.settings", f"--parallel={options.parallel}"]
            done = subprocess.run([*command, *labels], cwd=folder, env={**environment, **address})
        if not results.exists():
            print(f"error: the suite did not come to its end (exit {done.returncode})")
            return 2
        recorded = json.loads(results.read_text())
    run = report.Run(options.engine, options.branch, recorded, seconds=time.monotonic() - begun)
    print(report.summary(run))
    if options.write:
        report.write(run, whole=not labels)
    return report.verdict(run)


@contextlib.contextmanager
def _server(engine: str) -> Iterator[dict[str, str]]:
    if engine == "sqlite":
        yield {}
        return
    with DoltServer() as server:
        yield {"DOLT_HOST": server.host, "DOLT_PORT": str(server.port)}


if __name__ == "__main__":
    sys.exit(main())
