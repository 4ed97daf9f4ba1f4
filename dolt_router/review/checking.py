"""Checks: what a site wants to hold before something is merged, tried on the merged result.

A check is a callable that `DOLT_ROUTER["CHECKS"]` names. It is given a `CheckContext`, reads the
database (the active branch is the merged result) and returns what is wrong: an iterable of texts
or of `Finding`; nothing when it passes.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils import translation
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from dolt_router import aliases
from dolt_router.conf import conf
from dolt_router.context import use_branch
from dolt_router.exceptions import BranchDoesNotExist, DoltRouterError
from dolt_router.versioning.landing import Landing, merged_aside
from dolt_router.versioning.row_change import REMOVED, RowChange
from dolt_router.versioning.rows import all_changes

from .attempts import apart, renew
from .events import record
from .lifecycle import refuse_finished
from .models import CheckRun, PullRequest

logger = logging.getLogger("dolt_router.review")
KEEP_FINDINGS = 200  # of one run: what is stored and shown


class Finding(NamedTuple):
    """One thing that is wrong, and where: all but the text may be left out."""

    text: str
    table: str | None = None
    key: Any = None
    field: str | None = None


@dataclass(frozen=True)
class CheckContext:
    """What a check is given.

    `branch` holds the merged result and is the active branch; it is gone afterwards.
    """

    pull_request: PullRequest
    branch: str
    commit_hash: str
    source_hash: str
    target_hash: str
    using: str

    @property
    def alias(self) -> str:
        """The database alias of the merged result."""
        return aliases.branch_alias(self.branch, self.using)

    def changes(self) -> Iterator[RowChange]:
        """The rows that the merge changes on the target, streamed."""
        return all_changes(self.target_hash, self.branch, self.using, fold=False)


def full_clean(context: CheckContext) -> Iterator[Finding]:
    """Built-in: `full_clean()` of every row that is added or changed, as a form would do it.

    https://docs.djangoproject.com/en/stable/ref/models/instances/#validating-objects
    """
    # Listed before any is looked at: the embedded engine reads one thing at a time.
    changed = [
        (change.model, change.table, change.key, change.pk)
        for change in context.changes()
        if change.kind != REMOVED
    ]
    for model, table, key, pk in changed:
        if model is None or model._meta.auto_created:
            continue
        instance = model._base_manager.using(context.alias).filter(pk=pk).first()
        if instance is None:
            continue
        try:
            instance.full_clean()
        except ValidationError as error:
            for name, messages in error.message_dict.items():
                where = None if name == NON_FIELD_ERRORS else name
                for message in messages:
                    yield Finding(message, table, key, where)


def names() -> list[str]:
    """The names of the site's checks."""
    return sorted(conf.CHECKS)


def run(pull_request: PullRequest, wanted: Iterable[str] | None = None) -> list[CheckRun]:
    """Run checks on what merging it now would give, and keep what they said.

    Args:
        wanted: names of checks; all of the site's when None.

    Raises:
        MergeConflict, BranchNeedsMigration: there is no merged result.
        BranchDoesNotExist: a branch is gone.
        PullRequestRefused: it is finished.
        DoltRouterError: there is no such check.
    """
    renew(pull_request)
    refuse_finished(pull_request)
    heads = pull_request.heads
    for name, head in zip((pull_request.source, pull_request.target), heads, strict=True):
        if head is None:
            raise BranchDoesNotExist(name, pull_request.database)
    assert heads.source is not None and heads.target is not None
    with merged_aside(
        pull_request.source,
        heads.source,
        pull_request.target,
        heads.target,
        using=pull_request.database,
    ) as landing:
        return run_on(pull_request, landing, names() if wanted is None else list(wanted))


def run_on(pull_request: PullRequest, landing: Landing, wanted: Iterable[str]) -> list[CheckRun]:
    """Run checks on a merge that is made aside; the runs, in the order of their names."""
    runs = [_run_one(pull_request, landing, name) for name in sorted(set(wanted))]
    if runs:
        data = {"checks": {each.name: each.state for each in runs}}
        with apart():  # a merge that comes next reads them outside the caller's transaction
            for each in runs:
                each.save()
            record(pull_request, "pull_request_checked", None, data, runs=runs)
    return runs


def _run_one(pull_request: PullRequest, landing: Landing, name: str) -> CheckRun:
    made = CheckRun(
        pull_request=pull_request,
        name=name,
        source_hash=landing.source_hash,
        target_hash=landing.target_hash,
    )
    about = CheckContext(
        pull_request,
        landing.branch,
        landing.commit_hash,
        landing.source_hash,
        landing.target_hash,
        landing.using,
    )
    begun = time.monotonic()
    try:
        check = _check_called(name)
        with use_branch(landing.branch, landing.using):
            found = list(_findings(check(about)))
    except Exception as error:  # a check is the site's code: whatever it raises is its result
        with translation.override(settings.LANGUAGE_CODE):  # not in that of whoever has it run
            logger.exception("Check %r of pull request %s failed.", name, pull_request.pk)
            made.messages = [{"text": f"{type(error).__name__}: {error}"}]
        made.state = CheckRun.ERROR
    else:
        made.state = CheckRun.FAILED if found else CheckRun.PASSED
        made.messages = [_stored(finding) for finding in found[:KEEP_FINDINGS]]
        if len(found) > KEEP_FINDINGS:
            more = _("and %(count)d more") % {"count": len(found) - KEEP_FINDINGS}
            made.messages.append({"text": more})
    made.seconds = time.monotonic() - begun
    return made


def _check_called(name: str) -> Any:
    try:
        path = conf.CHECKS[name]
    except KeyError:
        raise DoltRouterError(
            f'There is no check "{name}". DOLT_ROUTER["CHECKS"] has: {", ".join(names())}.'
        ) from None
    return import_string(path) if isinstance(path, str) else path


def _findings(found: Any) -> Iterator[Finding]:
    if isinstance(found, str):
        found = [found]
    for each in found or ():
        yield each if isinstance(each, Finding) else Finding(str(each))


def _stored(finding: Finding) -> dict[str, Any]:
    return {name: value for name, value in finding._asdict().items() if value is not None}
