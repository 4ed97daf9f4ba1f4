"""Free space."""

from __future__ import annotations

from typing import Any

from django.template.defaultfilters import filesizeformat

from dolt_router.management.output import Output
from dolt_router.versioning import resets

help = "Free the space of what no branch, tag or working set refers to."


def add_arguments(parser: Any) -> None:
    mode = parser.add_mutually_exclusive_group()
    for name, text in (
        ("shallow", "quicker and incomplete"),
        ("full", "also what earlier collections have kept"),
    ):
        mode.add_argument(f"--{name}", action="store_const", const=name, dest="mode", help=text)


def handle(options: dict[str, Any], out: Output) -> None:
    with out.progress("Collecting garbage"):
        sizes = resets.collect_garbage(options["mode"] or "default", options["using"])
    if sizes is None:
        out("Done.")
    else:
        out(f"Done: {filesizeformat(sizes.before)} before, {filesizeformat(sizes.after)} after.")
    out.data({"done": True, **(sizes._asdict() if sizes is not None else {})})
