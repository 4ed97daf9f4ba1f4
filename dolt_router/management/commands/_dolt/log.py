"""The history of a ref."""

from __future__ import annotations

from typing import Any

from dolt_router import aliases
from dolt_router.management.output import Output
from dolt_router.models import Commit
from dolt_router.versioning import revisions
from dolt_router.versioning.graphs import graph

from .objects import model_named, moment

help = "Show the commits of a branch, tag or commit, newest first."


def add_arguments(parser: Any) -> None:
    parser.add_argument("ref", nargs="?", help="the active branch when left out; also a..b")
    parser.add_argument("-n", "--max-count", type=int, default=20, help="how many (20)")
    parser.add_argument("--oneline", action="store_true", help="one line a commit")
    parser.add_argument("--graph", action="store_true", help="with the lines of branches drawn")
    parser.add_argument("--since", type=moment, help="only commits from this moment on")
    parser.add_argument("--until", type=moment, help="only commits up to this moment")
    parser.add_argument("--author", help="only those whose author's name or e-mail has this in it")
    parser.add_argument(
        "--touching", action="append", default=[], help="app.Model: only changes of it"
    )


def handle(options: dict[str, Any], out: Output) -> None:
    using, lacking = options["using"], ""
    ref = options["ref"] or aliases.current_branch(using)
    if span := revisions.span(ref):
        lacking, ref = span.before or "HEAD", span.after or "HEAD"
        if options["graph"] or span.from_merge_base:
            raise ValueError("A range for log is a..b, and not drawn as a graph.")
    ref = revisions.named(ref, using)
    if options["graph"]:
        _draw(ref, options, out)
        return
    log = Commit.objects.on(ref, using)
    if lacking:
        log = log.not_in(revisions.named(lacking, using))
    if options["since"]:
        log = log.since(options["since"])
    if options["until"]:
        log = log.until(options["until"])
    if options["author"]:
        log = log.author(options["author"])
    if options["touching"]:
        log = log.touching(*map(model_named, options["touching"]))
    found: list[Any] = list(log[: options["max_count"]])
    out.data([as_dict(commit) for commit in found])
    for commit in found:
        if options["oneline"]:
            out(f"{commit.commit_hash[:8]} {commit.subject}")
            continue
        print_commit(commit, out)


def print_commit(commit: Any, out: Output) -> None:
    """As `git log` prints one."""
    out(f"commit {commit.commit_hash}")
    out(f"Author: {commit.author}")
    out(f"Date:   {commit.date:%Y-%m-%d %H:%M:%S %z}")
    out("")
    out("\n".join("    " + line for line in commit.message.splitlines()))
    out("")


def as_dict(commit: Any) -> dict[str, Any]:
    """As `--json` gives one."""
    return {
        "hash": commit.commit_hash,
        "author": commit.author,
        "date": commit.date,
        "message": commit.message,
    }


def _draw(ref: str, options: dict[str, Any], out: Output) -> None:
    lines = graph(ref, options["max_count"], options["using"])
    out.data([line.commit for line in lines if line.commit is not None])
    for line in lines:
        commit = line.commit
        text = f" {commit.commit_hash[:8]} {commit.message.splitlines()[0]}" if commit else ""
        out(f"{line.lanes}{text}")
